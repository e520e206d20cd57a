"""Publishing is whole or not at all, and loading trusts no byte."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from shutil import which

import pytest

from ambiance.artifacts import (
    MANIFEST_DIGEST_FILE,
    MANIFEST_FILE,
    Artifact,
    Description,
    Origin,
    Space,
    load,
    load_newest_whole,
    publish,
    seal,
    versions,
)
from ambiance.errors import ArtifactError

ROOT = Path(__file__).parents[2]

DESCRIPTION = Description(
    kind="text_encoder",
    spaces=[Space(name="vad", dimension=3, metric="squared_l2", lineage="vad-1")],
    counts={"tokens": 2},
    origin=Origin(recipe="seed", seed=1, code_revision="abc", datasets={"x": "00"}, libraries={}),
    quality={"micro_precision": 0.5},
)


def write_files(folder: Path) -> None:
    """A file at the top and one in a folder, as a SavedModel has them."""
    (folder / "model.tflite").write_bytes(b"weights")
    (folder / "variables").mkdir()
    (folder / "variables" / "index").write_bytes(b"more weights")


@pytest.fixture
def published(tmp_path: Path) -> Artifact:
    return publish(tmp_path, DESCRIPTION, write_files)


def test_what_is_published_is_loaded(published: Artifact, tmp_path: Path) -> None:
    loaded = load(tmp_path, "text_encoder")
    assert loaded == published
    assert loaded.file("variables/index").read_bytes() == b"more weights"
    assert loaded.space("vad").dimension == 3
    assert loaded.manifest.quality == {"micro_precision": 0.5}


def test_versions_count_up_and_the_largest_wins(published: Artifact, tmp_path: Path) -> None:
    for _ in range(9):
        publish(tmp_path, DESCRIPTION, write_files)
    assert versions(tmp_path, "text_encoder") == list(range(1, 11))  # 10 after 9, not after 1
    assert load(tmp_path, "text_encoder").manifest.version == 10
    assert load(tmp_path, "text_encoder", 2).manifest.version == 2


def test_a_failed_publication_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        write_files(folder)
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        publish(tmp_path, DESCRIPTION, fail)
    assert list((tmp_path / "text_encoder").iterdir()) == []


def test_a_half_written_version_is_not_one(published: Artifact, tmp_path: Path) -> None:
    (tmp_path / "text_encoder" / ".2.77.partial").mkdir()  # what a kill during publication leaves behind
    assert versions(tmp_path, "text_encoder") == [1]


@pytest.mark.parametrize("name", ["003", "03", "٣", "0", "+3", "3_0", "3 "])
def test_only_a_number_as_it_is_published_is_a_version(
    published: Artifact, tmp_path: Path, name: str
) -> None:
    (tmp_path / "text_encoder" / name).mkdir()
    assert versions(tmp_path, "text_encoder") == [1]


def leave_empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def unlist(folder: Path) -> None:
    (folder / MANIFEST_FILE).unlink()


def cut(folder: Path) -> None:
    (folder / MANIFEST_FILE).write_text("{")
    seal(folder)


def lose_a_file(folder: Path) -> None:
    (folder / "model.tflite").unlink()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (leave_empty, r"2/manifest\.json: No such file"),
        (unlist, r"2/manifest\.json: No such file"),
        (cut, r"2/manifest\.json: document: Invalid JSON"),
        (lose_a_file, r"2/model\.tflite: No such file"),
    ],
)
def test_a_version_that_is_not_whole_gives_way_to_the_one_before_it(
    published: Artifact,
    tmp_path: Path,
    damage: Callable[[Path], None],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    damage(publish(tmp_path, DESCRIPTION, write_files).path)
    assert load_newest_whole(tmp_path, "text_encoder") == published
    [warning] = caplog.records
    facts = vars(warning)
    assert (facts["levelname"], facts["version"], facts["loaded_version"]) == ("WARNING", 2, 1)
    assert re.search(reason, facts["reason"])
    with pytest.raises(ArtifactError, match=reason):
        load_newest_whole(tmp_path, "text_encoder", 2)
    with pytest.raises(ArtifactError, match=reason):
        load(tmp_path, "text_encoder")
    damage(published.path)
    with pytest.raises(ArtifactError, match=reason):  # of the largest
        load_newest_whole(tmp_path, "text_encoder")


def test_without_any_version_that_is_said(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no version of text_encoder is published there"):
        load_newest_whole(tmp_path, "text_encoder")


def test_damage_is_refused_naming_the_file_and_both_sides(published: Artifact, tmp_path: Path) -> None:
    file = published.path / "model.tflite"
    file.write_bytes(b"weightz")
    with pytest.raises(
        ArtifactError, match=r"model\.tflite: SHA-256 [0-9a-f]{64}, the manifest says [0-9a-f]{64}"
    ):
        load(tmp_path, "text_encoder")
    file.write_bytes(b"wei")
    with pytest.raises(ArtifactError, match=r"model\.tflite: 3 bytes, the manifest says 7"):
        load(tmp_path, "text_encoder")
    file.unlink()
    with pytest.raises(ArtifactError, match=r"model\.tflite: No such file.*the manifest lists it"):
        load(tmp_path, "text_encoder")


def test_a_missing_artifact_names_where_it_was_sought(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="music_index: no version of music_index"):
        load(tmp_path, "music_index")
    with pytest.raises(ArtifactError, match=r"text_encoder/7/manifest\.json: No such file"):
        load(tmp_path, "text_encoder", 7)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format_version": 2}, "format_version"),
        ({"surprise": 1}, "surprise"),
        ({"kind": "music_index"}, "expected text_encoder version 1, the manifest says music_index version 1"),
        ({"version": 4}, "the manifest says text_encoder version 4"),
        ({"files": [{"path": "../../x", "size_bytes": 0, "sha256": ""}]}, r"files\.0\.path: .*leads out"),
        ({"files": [{"path": "a\0b", "size_bytes": 0, "sha256": ""}]}, r"files\.0\.path: .*holds a NUL"),
    ],
)
def test_a_manifest_of_another_shape_is_refused(
    published: Artifact, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = published.path / MANIFEST_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    seal(published.path)
    with pytest.raises(ArtifactError, match=message):
        load(tmp_path, "text_encoder")


def test_a_manifest_that_is_not_json_is_refused(published: Artifact, tmp_path: Path) -> None:
    (published.path / MANIFEST_FILE).write_text("{")
    seal(published.path)
    with pytest.raises(ArtifactError, match=r"manifest\.json: document: Invalid JSON"):
        load(tmp_path, "text_encoder")


def test_a_manifest_that_changed_since_is_refused_though_it_is_valid(
    published: Artifact, tmp_path: Path
) -> None:
    manifest, digest = published.path / MANIFEST_FILE, published.path / MANIFEST_DIGEST_FILE
    manifest.write_text(manifest.read_text().replace("vad-1", "vad-3"))
    both = r"manifest\.json: SHA-256 [0-9a-f]{64}, manifest\.sha256 says '[0-9a-f]{64}'"
    with pytest.raises(ArtifactError, match=both):
        load(tmp_path, "text_encoder")
    digest.unlink()
    with pytest.raises(ArtifactError, match=r"manifest\.sha256: No such file"):
        load(tmp_path, "text_encoder")


@pytest.mark.skipif(which("sha256sum") is None, reason="there is no sha256sum here")
def test_the_digest_is_as_sha256sum_reads_it(published: Artifact) -> None:
    subprocess.run(["sha256sum", "--check", "--strict", MANIFEST_DIGEST_FILE], cwd=published.path, check=True)


def test_unlisted_files_and_spaces_are_named(published: Artifact) -> None:
    with pytest.raises(ArtifactError, match=r"lists no model\.keras"):
        published.file("model.keras")
    with pytest.raises(ArtifactError, match="needs the space mood, holds vad"):
        published.space("mood")


@pytest.mark.skipif(which("git") is None, reason="there is no git here")
def test_a_clone_holds_the_very_bytes_whatever_line_ends_its_owner_likes(tmp_path: Path) -> None:
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    artifact = publish(origin / "artifacts", DESCRIPTION, write_files)
    shutil.copy(ROOT / ".gitattributes", origin)
    shutil.copy(ROOT / "Makefile", origin)
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.autocrlf=false"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=origin, check=True)
    subprocess.run(["git", "clone", "-q", "-c", "core.autocrlf=true", str(origin), str(clone)], check=True)
    assert load(clone / "artifacts", "text_encoder").manifest == artifact.manifest
    assert (clone / "Makefile").read_bytes() == (ROOT / "Makefile").read_bytes()
