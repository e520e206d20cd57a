"""One kind of artifact that a service answers from: the versions in its folder, and the change to another."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from ambiance import artifacts
from ambiance.artifacts import Manifest
from ambiance.errors import ArtifactError, NotFoundError

T = TypeVar("T")

# What tells that a folder is as it was: path, inode, size, and times of change of everything in it.
Stamp = frozenset[tuple[str, int, int, int, int]]


@dataclass(frozen=True)
class Finding:
    """What a version was when it was looked at: what it says of itself, and why it can't be served."""

    stamp: Stamp
    manifest: Manifest | None
    trouble: str = ""


@dataclass(frozen=True)
class VersionStatus:
    """A version of a kind in the folder, and what the service makes of it."""

    kind: str
    version: int
    serving: bool
    manifest: Manifest | None
    trouble: str


class VersionedArtifact(Generic[T]):
    """The versions of a kind, of which one is served.

    One thread at a time may change anything, `ambiance.server.artifact_versions` sees to that; any may look.
    """

    def __init__(
        self, root: Path, kind: str, serving: int, load: Callable[[int], T], swap: Callable[[T], None]
    ) -> None:
        """Take the folder of artifacts, the kind, the version that is served, and what changes it.

        `load` reads a version, verifies every byte and rehearses it, beside what is served; it raises an
        AmbianceError if it can't be served. `swap` has what was loaded answer requests from now on.

        Raises:
            ArtifactError: if the manifest of what is served can't be read.
        """
        self.root, self.kind = root, kind
        self.serving = artifacts.read_manifest(root, kind, serving)
        self.load, self._swap = load, swap
        self._known: dict[int, Finding] = {}

    def swap(self, loaded: T, manifest: Manifest) -> None:
        """Answer from what was loaded of the version of that manifest."""
        self._swap(loaded)
        self.serving = manifest

    def versions(self) -> list[int]:
        """The versions in the folder, ascending, whole or not."""
        return artifacts.versions(self.root, self.kind)

    def manifest(self, version: int) -> Manifest:
        """What a version says of itself, read anew.

        Raises:
            NotFoundError: if there is no such version.
            ArtifactError: if it isn't whole.
        """
        present = self.versions()
        if version not in present:
            held = ", ".join(map(str, present)) or "none"
            raise NotFoundError(f"version: no {self.kind} {version}; the folder holds {held}")
        self._known.pop(version, None)
        return artifacts.read_manifest(self.root, self.kind, version)

    def newest_first(self) -> list[Manifest]:
        """Versions that may be served as far as is known, what is served included while it is in the folder.

        Only what is served if there is none: a folder that can't be read mustn't end a service.
        """
        return [found.manifest for _, found in self._findings() if found.manifest and not found.trouble] or [
            self.serving
        ]

    def troubles(self) -> dict[int, str]:
        """Why versions can't be served, of those that can't."""
        return {version: found.trouble for version, found in self._findings() if found.trouble}

    def refuse(self, version: int, reason: str) -> None:
        """Take note that a version couldn't be loaded; it isn't tried again until something in it changes."""
        found = self._finding(version)
        self._known[version] = Finding(found.stamp, found.manifest, reason)

    def statuses(self) -> list[VersionStatus]:
        """Every version in the folder, ascending, and what is served if it isn't there any more."""
        found = {version: self._finding(version) for version in self.versions()}
        serving = self.serving.version
        found.setdefault(serving, Finding(frozenset(), self.serving, "isn't in the folder any more"))
        return [
            VersionStatus(self.kind, version, version == serving, each.manifest, each.trouble)
            for version, each in sorted(found.items())
        ]

    def _findings(self) -> Iterator[tuple[int, Finding]]:
        for version in reversed(self.versions()):
            if version == self.serving.version:  # it is in memory, whatever becomes of its files
                yield version, Finding(frozenset(), self.serving)
            else:
                yield version, self._finding(version)

    def _finding(self, version: int) -> Finding:
        """What is known of a version; looked at anew only if something in it has changed."""
        stamp = _stamp(self.root / self.kind / str(version))
        known = self._known.get(version)
        if known is None or known.stamp != stamp:
            try:
                known = Finding(stamp, artifacts.read_manifest(self.root, self.kind, version))
            except ArtifactError as error:
                known = Finding(stamp, None, str(error))
            self._known[version] = known
        return known


def _stamp(folder: Path) -> Stamp:
    entries: list[Any] = []
    for path in folder.rglob("*"):
        try:
            status = path.stat()
        except OSError:  # it went meanwhile
            continue
        times = (status.st_mtime_ns, status.st_ctime_ns)
        entries.append((str(path), status.st_ino, status.st_size, *times))
    return frozenset(entries)
