"""What a manifest says of the code and the terms behind an artifact."""

import subprocess
from pathlib import Path

import pytest

from training.origin import DATASET_NOTICES, MPNET, code_revision, describe_origin


def git(repository: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    command = ["git", "-C", str(repository), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "code.py").write_text("x = 1\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "first")
    return tmp_path


def test_a_clean_tree_is_its_commit(repository: Path) -> None:
    assert code_revision(repository) == git(repository, "rev-parse", "HEAD")


@pytest.mark.parametrize("file", ["code.py", "new.py"])
def test_any_other_code_is_dirty(repository: Path, file: str) -> None:
    (repository / file).write_text("x = 2\n")
    assert code_revision(repository) == git(repository, "rev-parse", "HEAD") + "-dirty"


def test_artifacts_of_earlier_jobs_do_not_count(repository: Path) -> None:
    (repository / "artifacts").mkdir()
    (repository / "artifacts" / "model").write_text("weights")
    assert code_revision(repository) == git(repository, "rev-parse", "HEAD")


def test_outside_git_the_revision_is_unknown(tmp_path: Path) -> None:
    assert code_revision(tmp_path) == "unknown"


def test_notices_follow_from_the_data_sets_read() -> None:
    origin = describe_origin("job", 3, {"goemotions/train.tsv": "00"}, {"music_encoder": 2})
    assert (origin.recipe, origin.seed, origin.sources) == ("job", 3, {"music_encoder": 2})
    assert origin.notices == [DATASET_NOTICES["goemotions"]]
    assert origin.libraries["tensorflow"].startswith("2.")


def test_the_lexicon_is_named_where_a_recipe_learns_its_coordinates() -> None:
    seed = describe_origin("python -m training.music --recipe seed --split bal_train", 3, {})
    other = describe_origin("python -m training.music --recipe linear --split bal_train", 3, {})
    assert ["NRC VAD Lexicon" in notice for notice in seed.notices] == [True]
    assert other.notices == []


@pytest.mark.parametrize("folder", ["goemotions", "xed", "emobank", "musiccaps", "audioset"])
def test_every_data_set_has_its_licence_in_its_notice(folder: str) -> None:
    (notice,) = describe_origin("job", 3, {f"{folder}/file": "00"}).notices
    assert "licensed CC BY" in notice


def test_a_pretrained_model_has_its_notice_and_a_job_its_libraries() -> None:
    origin = describe_origin("job", 3, {f"{MPNET}/model.safetensors": "00"}, libraries=("numpy",))
    assert "Apache-2.0" in origin.notices[0]
    assert set(origin.libraries) == {"numpy"}
