"""Released models and indexes on disk: `<root>/<kind>/<version>/manifest.json` and the files it lists.

Training publishes versions, services load them; this is all the two share. A version is an integer and
the largest wins, as in TensorFlow Serving. Publishing is atomic, loading verifies every byte: files by the
manifest, and the manifest by `manifest.sha256`, a line as sha256sum writes it.
"""

import hashlib
import logging
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from ambiance.errors import ArtifactError

MANIFEST_FILE = "manifest.json"
MANIFEST_DIGEST_FILE = "manifest.sha256"
FORMAT_VERSION: Literal[1] = 1

_VERSION = re.compile("[1-9][0-9]*").fullmatch

TEXT_ENCODER = "text_encoder"
TEXT_TEACHER = "text_teacher"
MUSIC_ENCODER = "music_encoder"
MUSIC_INDEX = "music_index"

Metric = Literal["squared_l2", "inner_product"]


logger = logging.getLogger(__name__)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Space(_Record):
    """A vector space an artifact writes or searches; vectors compare only within one name and lineage."""

    name: str
    dimension: int
    metric: Metric
    lineage: str


def _inside(path: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise ValueError(f"{path!r} leads out of the version's folder")
    if "\0" in path:
        raise ValueError(f"{path!r} holds a NUL, which no path can")
    return path


class FileEntry(_Record):
    """A file of the version, by its path relative to the version's folder."""

    path: Annotated[str, AfterValidator(_inside)]
    size_bytes: int
    sha256: str


class Origin(_Record):
    """Where a version comes from, enough to make it again."""

    recipe: str
    seed: int
    code_revision: str
    datasets: dict[str, str]  # name -> SHA-256 of the file or files it was read from
    libraries: dict[str, str]  # distribution -> version
    sources: dict[str, int] = {}  # kind -> version of the artifacts it was made from
    notices: list[str] = []  # attributions and terms its users must see


class Description(_Record):
    """What a training job says of the version that it publishes."""

    kind: str
    spaces: list[Space]
    counts: dict[str, int]
    origin: Origin
    quality: dict[str, Any]  # measured figures, JSON
    notes: dict[str, str] = {}  # what a reader of the version should know, a sentence or two each


class Manifest(Description):
    """`manifest.json`: the description, and what publishing adds to it."""

    format_version: Literal[1]
    version: int
    files: list[FileEntry]


@dataclass(frozen=True)
class Artifact:
    """A version on disk whose bytes matched its manifest when it was loaded."""

    path: Path
    manifest: Manifest

    def file(self, name: str) -> Path:
        """Path of a file of this version.

        Raises:
            ArtifactError: if the manifest doesn't list it.
        """
        if all(entry.path != name for entry in self.manifest.files):
            raise ArtifactError(f"{self.path}: the manifest lists no {name}")
        return self.path / name

    def space(self, name: str) -> Space:
        """The space of that name.

        Raises:
            ArtifactError: if the version has none.
        """
        for space in self.manifest.spaces:
            if space.name == name:
                return space
        held = ", ".join(space.name for space in self.manifest.spaces)
        raise ArtifactError(f"{self.path}: needs the space {name}, holds {held or 'none'}")


def versions(root: Path, kind: str) -> list[int]:
    """Published versions of a kind, ascending; empty if there are none.

    A version's folder bears its number as `publish` writes it: `003` is no version.
    """
    folder = root / kind
    if not folder.is_dir():
        return []
    return sorted(int(path.name) for path in folder.iterdir() if _VERSION(path.name) and path.is_dir())


def publish(root: Path, description: Description, write_files: Callable[[Path], None]) -> Artifact:
    """Write the next version of a kind and put it in place in one rename.

    `write_files` gets an empty folder and writes the version's files into it. A reader sees the whole
    version or none of it, whenever this process dies.
    """
    kind_folder = root / description.kind
    kind_folder.mkdir(parents=True, exist_ok=True)
    version = max(versions(root, description.kind), default=0) + 1
    draft = kind_folder / f".{version}.{os.getpid()}.partial"
    draft.mkdir()
    try:
        write_files(draft)
        entries = [_describe(path, draft) for path in sorted(draft.rglob("*")) if path.is_file()]
        manifest = Manifest(
            **description.model_dump(), format_version=FORMAT_VERSION, version=version, files=entries
        )
        (draft / MANIFEST_FILE).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        seal(draft)
        for path in [*draft.rglob("*"), draft]:
            _sync(path)
        final = kind_folder / str(version)
        draft.rename(final)  # fails if another process published this version meanwhile
        _sync(kind_folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Artifact(final, manifest)


def seal(folder: Path) -> None:
    """Write the digest of the manifest beside it; `publish` does, and who edits a manifest must."""
    line = f"{file_sha256(folder / MANIFEST_FILE)}  {MANIFEST_FILE}\n"
    (folder / MANIFEST_DIGEST_FILE).write_text(line, encoding="ascii")


def load(root: Path, kind: str, version: int | None = None) -> Artifact:
    """Find a version (the largest unless named) and verify every byte of it.

    Raises:
        ArtifactError: naming the file, what the manifest says of it, and what was found.
    """
    version = version if version is not None else max(versions(root, kind), default=None)
    if version is None:
        raise ArtifactError(f"{root / kind}: no version of {kind} is published there")
    manifest = read_manifest(root, kind, version)
    folder = root / kind / str(version)
    for entry in manifest.files:
        _verify_digest(folder / entry.path, entry)
    return Artifact(folder, manifest)


def read_manifest(root: Path, kind: str, version: int) -> Manifest:
    """What a version says of itself, once the files that it lists have their sizes; their bytes aren't read.

    Raises:
        ArtifactError: as `load`.
    """
    folder = root / kind / str(version)
    manifest = _read_manifest(folder)
    if (manifest.kind, manifest.version) != (kind, version):
        found = f"{manifest.kind} version {manifest.version}"
        raise ArtifactError(f"{folder}: expected {kind} version {version}, the manifest says {found}")
    for entry in manifest.files:
        _verify_size(folder / entry.path, entry)
    return manifest


def load_newest_whole(root: Path, kind: str, version: int | None = None) -> Artifact:
    """As `load`, but where no version is named, one that isn't whole gives way to the one before it.

    For services: a version that is still being copied must not keep the last one from being served. Each that
    is passed over is warned of.

    Raises:
        ArtifactError: if the named version isn't whole, or none is: then of the largest.
    """
    broken: dict[int, ArtifactError] = {}
    for number in reversed(versions(root, kind)) if version is None else ():
        try:
            artifact = load(root, kind, number)
        except ArtifactError as error:
            broken[number] = error
            continue
        for other, reason in broken.items():
            facts = {"kind": kind, "version": other, "reason": str(reason), "loaded_version": number}
            logger.warning("passed over a version that isn't whole", extra=facts)
        return artifact
    if broken:
        raise next(iter(broken.values()))
    return load(root, kind, version)


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST_FILE
    document, sealed = _read(path), _read(folder / MANIFEST_DIGEST_FILE)
    digest = hashlib.sha256(document).hexdigest()
    if sealed != f"{digest}  {MANIFEST_FILE}\n".encode():
        said = ascii(sealed[: len(digest)].decode("latin-1"))
        raise ArtifactError(f"{path}: SHA-256 {digest}, {MANIFEST_DIGEST_FILE} says {said}")
    try:
        return Manifest.model_validate_json(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "document"
        raise ArtifactError(f"{path}: {where}: {first['msg']}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{path}: {error.strerror or error}") from error


def _describe(path: Path, folder: Path) -> FileEntry:
    return FileEntry(
        path=path.relative_to(folder).as_posix(), size_bytes=path.stat().st_size, sha256=file_sha256(path)
    )


def _verify_size(path: Path, entry: FileEntry) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise _unreadable(path, error) from error
    if size != entry.size_bytes:
        raise ArtifactError(f"{path}: {size} bytes, the manifest says {entry.size_bytes}")


def _verify_digest(path: Path, entry: FileEntry) -> None:
    try:
        digest = file_sha256(path)
    except OSError as error:
        raise _unreadable(path, error) from error
    if digest != entry.sha256:
        raise ArtifactError(f"{path}: SHA-256 {digest}, the manifest says {entry.sha256}")


def _unreadable(path: Path, error: OSError) -> ArtifactError:
    return ArtifactError(f"{path}: {error.strerror or error}, the manifest lists it")


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
