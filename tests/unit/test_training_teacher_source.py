"""Where the pretrained encoder comes from: a folder, packages that carry it in parts, or the hub."""

import importlib
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("transformers", reason="the extra [teacher] is not installed")

from ambiance.errors import AmbianceError
from training.teacher import source
from training.teacher.source import HUB_NAME, PACKAGES, default_model, model_file

CONTENT = {
    "config.json": b"{}",
    "model.safetensors": np.random.default_rng(0).bytes(5000),
    "tokenizer.json": b'{"model": {}}',
}


@pytest.fixture
def unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty machine: no folder, and no package but those that a test installs."""
    monkeypatch.setattr(source, "UNPACKED", tmp_path / "data" / "model")
    (tmp_path / "site").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "site")
    names = tuple(f"tiny-{tmp_path.name}-part_{i}" for i in range(3))  # not one that an earlier test imported
    monkeypatch.setattr(source, "PACKAGES", names)
    return tmp_path / "data" / "model"


def install(folder: Path, archive: bytes, count: int = 3) -> None:
    """The packages as they are published: each carries a piece of one archive."""
    pieces = [archive[i * len(archive) // 3 : (i + 1) * len(archive) // 3] for i in range(3)]
    for number, package in enumerate(source.PACKAGES[:count]):
        home = folder / "site" / package
        (home / "input").mkdir(parents=True)
        (home / "__init__.py").write_text("")
        (home / "input" / f"model.zip.{number + 1:03}").write_bytes(pieces[number])
    importlib.invalidate_caches()


def zipped(content: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in content.items():
            archive.writestr(f"all-mpnet-base-v2/{name}", data)
    return stream.getvalue()


def test_the_packages_are_five() -> None:
    assert [package[-3:] for package in PACKAGES] == ["001", "002", "003", "004", "005"]


def test_parts_of_an_archive_are_put_together(unpacked: Path, tmp_path: Path) -> None:
    install(tmp_path, zipped(CONTENT | {"README.md": b"not wanted"}))
    assert default_model() == str(unpacked)
    assert {path.name: path.read_bytes() for path in unpacked.iterdir()} == CONTENT
    assert model_file(str(unpacked), "config.json") == unpacked / "config.json"


def test_what_is_unpacked_is_not_unpacked_again(unpacked: Path, tmp_path: Path) -> None:
    unpacked.mkdir(parents=True)
    for name in CONTENT:
        (unpacked / name).write_bytes(b"as it was")
    install(tmp_path, zipped(CONTENT))
    assert default_model() == str(unpacked)
    assert (unpacked / "config.json").read_bytes() == b"as it was"


def test_a_folder_that_lacks_a_file_is_filled(unpacked: Path, tmp_path: Path) -> None:
    unpacked.mkdir(parents=True)
    (unpacked / "config.json").write_bytes(b"as it was")
    install(tmp_path, zipped(CONTENT))
    assert default_model() == str(unpacked)
    assert (unpacked / "config.json").read_bytes() == CONTENT["config.json"]


@pytest.mark.parametrize("count", [0, 2])
def test_without_all_packages_the_hub_is_asked(unpacked: Path, tmp_path: Path, count: int) -> None:
    install(tmp_path, zipped(CONTENT), count)
    assert default_model() == HUB_NAME
    assert not unpacked.exists()


def test_a_package_without_its_piece_does_not_count(unpacked: Path, tmp_path: Path) -> None:
    install(tmp_path, zipped(CONTENT))
    next((tmp_path / "site" / source.PACKAGES[1]).glob("input/*")).unlink()
    assert default_model() == HUB_NAME


def test_parts_that_are_no_archive_are_refused(unpacked: Path, tmp_path: Path) -> None:
    install(tmp_path, b"not an archive at all")
    with pytest.raises(AmbianceError, match=r"packages tiny-.*-part_0, .*: File is not a zip file"):
        default_model()
    assert list(unpacked.iterdir()) == []


def test_an_archive_without_the_model_is_refused(unpacked: Path, tmp_path: Path) -> None:
    install(tmp_path, zipped({"config.json": b"{}"}))
    with pytest.raises(AmbianceError, match=r"packages tiny-.*: hold no model\.safetensors"):
        default_model()


def test_a_damaged_archive_leaves_no_damaged_file(unpacked: Path, tmp_path: Path) -> None:
    archive = bytearray(zipped(CONTENT))
    archive[archive.index(CONTENT["model.safetensors"]) + 9] ^= 1
    install(tmp_path, bytes(archive))
    with pytest.raises(AmbianceError, match="Bad CRC-32"):
        default_model()
    assert not (unpacked / "model.safetensors").exists()
