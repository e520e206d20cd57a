"""The gate: what may fall by how much, and that a candidate is published whole or not at all."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance import artifacts
from ambiance.artifacts import (
    MUSIC_ENCODER,
    MUSIC_INDEX,
    TEXT_ENCODER,
    TEXT_TEACHER,
    Artifact,
    Description,
    Origin,
    Space,
)
from ambiance.errors import ArtifactError
from training.evaluate.headline import HEADLINES, LISTENER_FIGURES, TEXT_FLOOR
from training.evaluate.released import LARGE, PARTS, load_release, require_same_recipe
from training.evaluate.report_file import write_report
from training.release import jobs, seeds, staging
from training.release.decision import compare, comparison_table, fallen
from training.release.jobs import JobError
from training.release.staging import prepare_staging, publish_candidate

gate = importlib.import_module("training.release.__main__")

pytestmark = pytest.mark.tensorflow

OLD = {figure.name: 0.5 for figure in HEADLINES}
SPREAD = {figure.name: {"mean": 0.5, "deviation": 0.005, "range": 0.02} for figure in HEADLINES}


def publish(root: Path, kind: str, content: str, lineage: str = "m", **sources: int) -> Artifact:
    """A version that holds one file in a folder."""
    origin = Origin(
        recipe=content, seed=1, code_revision="", datasets={}, libraries={}, sources=sources, notices=[]
    )
    mood = Space(name="mood", dimension=2, metric="squared_l2", lineage=lineage)
    description = Description(
        kind=kind, spaces=[mood], counts={}, origin=origin, quality={}, notes={"recipe": "linear"}
    )

    def write_files(folder: Path) -> None:
        (folder / "space").mkdir()
        (folder / "space" / "content.txt").write_text(content)

    return artifacts.publish(root, description, write_files)


def publish_release(root: Path, content: str) -> dict[str, int]:
    """All three parts, of one lineage; returns their versions."""
    text, music = (publish(root, kind, content, content) for kind in (TEXT_ENCODER, MUSIC_ENCODER))
    sources = {TEXT_ENCODER: text.manifest.version, MUSIC_ENCODER: music.manifest.version}
    publish(root, MUSIC_INDEX, content, content, **sources)
    return load_release(root).versions


def content_of(root: Path) -> dict[str, str]:
    """What the newest version of each part holds, after all its bytes were verified."""
    parts = {kind: artifacts.load(root, kind) for kind in PARTS if artifacts.versions(root, kind)}
    return {kind: part.file("space/content.txt").read_text() for kind, part in parts.items()}


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    """A root with a release, and a staging root with a candidate."""
    released, staged = tmp_path / "artifacts", tmp_path / "candidate"
    publish_release(released, "old")
    prepare_staging(staged, released)
    publish_release(staged, "new")
    return released, staged


def test_a_figure_may_fall_by_its_spread_and_no_more() -> None:
    assert not fallen(compare(OLD, OLD | {"ekman_macro_f1": 0.48}, SPREAD))
    against = fallen(compare(OLD, OLD | {"ekman_macro_f1": 0.479}, SPREAD))
    assert against == ["Ekman-7 macro-F1: 0.500 to 0.479, allowed 0.020"]


def test_a_share_falls_by_rising() -> None:
    assert fallen(compare(OLD, OLD | {"listener_jar": 0.53}, SPREAD))
    assert not fallen(compare(OLD, OLD | {"listener_jar": 0.1}, SPREAD))


WORSE = {figure.name: 0.9 if figure.smaller_is_better else 0.1 for figure in HEADLINES}


@pytest.mark.parametrize("name", [*LISTENER_FIGURES, "ekman_macro_f1", "emotion_macro_f1"])
def test_what_a_listener_gets_refuses_a_release(name: str) -> None:
    against = fallen(compare(OLD, OLD | {name: WORSE[name]}, SPREAD))
    assert len(against) == 1
    assert against[0].startswith(next(figure.title for figure in HEADLINES if figure.name == name))


HISTORY = {figure.name: WORSE[figure.name] for figure in HEADLINES if not figure.gates}


def test_history_refuses_nothing_and_is_told() -> None:
    comparisons = compare(OLD, OLD | HISTORY, SPREAD)
    assert HISTORY
    assert not fallen(comparisons)
    table = comparison_table(comparisons)
    assert table.count("| history |") == len(HISTORY)
    assert "NO" not in table


@pytest.mark.parametrize("spread", [{}, {"listener_fit": {"mean": 0.5, "deviation": 0.0, "range": 0.0}}])
def test_a_floor_is_allowed_where_there_is_no_spread(spread: dict[str, dict[str, float]]) -> None:
    assert not fallen(compare(OLD, OLD | {"listener_fit": 0.5 - TEXT_FLOOR}, spread))
    assert fallen(compare(OLD, OLD | {"listener_fit": 0.5 - 2 * TEXT_FLOOR}, spread))


def test_the_table_shows_every_figure() -> None:
    table = comparison_table(compare(OLD, OLD | {"ekman_macro_f1": 0.4}, SPREAD))
    assert all(figure.title in table for figure in HEADLINES)
    assert table.count("NO") == 1


def test_a_candidate_takes_the_numbers_that_follow_the_release(roots: tuple[Path, Path]) -> None:
    released, staged = roots
    assert load_release(staged).versions == dict.fromkeys(PARTS, 2)
    assert content_of(released) == dict.fromkeys(PARTS, "old")


def test_publishing_keeps_files_and_sources(roots: tuple[Path, Path]) -> None:
    released, staged = roots
    published = publish_candidate(load_release(staged), released, {})
    assert [artifact.manifest.kind for artifact in published] == list(PARTS)
    assert content_of(released) == dict.fromkeys(PARTS, "new")
    candidate, release = load_release(staged), load_release(released)
    assert [part.manifest for part in release.parts] == [part.manifest for part in candidate.parts]


def test_a_failure_leaves_no_part_behind(roots: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    released, staged = roots
    real = artifacts.publish

    def full_disk(root: Path, description: Description, write_files: Any) -> Artifact:
        if description.kind == MUSIC_INDEX:
            raise OSError("no space left on device")
        return real(root, description, write_files)

    monkeypatch.setattr(staging, "publish", full_disk)
    with pytest.raises(OSError, match="no space left"):
        publish_candidate(load_release(staged), released, {})
    assert content_of(released) == dict.fromkeys(PARTS, "old")
    assert load_release(released).versions == dict.fromkeys(PARTS, 1)


def test_a_candidate_of_a_release_that_moved_on_is_refused(roots: tuple[Path, Path]) -> None:
    released, staged = roots
    publish_release(released, "other")
    with pytest.raises(ArtifactError, match="expected 2 to be next, the newest is 2"):
        publish_candidate(load_release(staged), released, {})
    assert content_of(released) == dict.fromkeys(PARTS, "other")


def test_staging_starts_empty_and_never_touches_the_release(roots: tuple[Path, Path]) -> None:
    released, staged = roots
    prepare_staging(staged, released)
    assert content_of(staged) == content_of(released) == dict.fromkeys(PARTS, "old")


def test_a_folder_of_something_else_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("three years of work")
    with pytest.raises(ArtifactError, match=r"holds thesis\.tex"):
        prepare_staging(tmp_path, tmp_path / "artifacts")
    assert (tmp_path / "thesis.tex").exists()


def test_seeds_of_another_recipe_are_refused(tmp_path: Path) -> None:
    for name, content in (("release", "linear"), ("same", "linear"), ("other", "seed")):
        publish_release(tmp_path / name, content)
    release, same, other = (load_release(tmp_path / name) for name in ("release", "same", "other"))
    require_same_recipe(release, same)
    with pytest.raises(ArtifactError, match=r"made by 'seed', .* by 'linear'"):
        require_same_recipe(release, other)


def test_an_index_of_another_encoder_is_no_release(tmp_path: Path) -> None:
    publish_release(tmp_path, "one")
    publish(tmp_path, TEXT_ENCODER, "two", "two")
    with pytest.raises(ArtifactError, match="made from text_encoder 1, the newest is 2"):
        load_release(tmp_path)


def test_an_index_of_another_space_is_no_release(tmp_path: Path) -> None:
    for kind in (TEXT_ENCODER, MUSIC_ENCODER):
        publish(tmp_path, kind, "one", "m1")
    publish(tmp_path, MUSIC_INDEX, "one", "m2", text_encoder=1, music_encoder=1)
    with pytest.raises(ArtifactError, match="mood of lineage m2, not m1"):
        load_release(tmp_path)


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Run the gate with jobs that publish little artifacts, and figures that stand in for measuring them."""
    released = tmp_path / "artifacts"
    measured: dict[str, dict[str, float]] = {}

    def evaluate_headlines(root: Path, corpora: Any, sections: list[str]) -> dict[str, dict[str, float]]:
        content = content_of(root)[TEXT_ENCODER]
        if content not in measured:
            raise ArtifactError(content)
        return dict.fromkeys(sections, measured[content])

    def run(content: str, figures: dict[str, float], *flags: str) -> None:
        measured[content] = figures
        monkeypatch.setattr(gate, "train_release", lambda root, *_: publish_release(root, content))
        arguments = ["train", "--artifacts", str(released), "--staging", str(tmp_path / "candidate"), *flags]
        monkeypatch.setattr(sys, "argv", arguments)
        gate.main()

    monkeypatch.setattr(gate, "data_dir", lambda: tmp_path)
    monkeypatch.setattr(gate, "load_corpora", lambda folder: None)
    monkeypatch.setattr(gate, "has_teacher", lambda root, folder: True)
    monkeypatch.setattr(gate, "evaluate_headlines", evaluate_headlines)
    return run


def test_the_first_release_is_compared_with_nothing(
    train: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train("first", OLD)
    assert content_of(tmp_path / "artifacts") == dict.fromkeys(PARTS, "first")
    assert "no release to compare with" in capsys.readouterr().out


def test_a_better_candidate_is_published(
    train: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train("first", OLD)
    train("second", OLD | {"ekman_macro_f1": 0.6})
    assert content_of(tmp_path / "artifacts") == dict.fromkeys(PARTS, "second")
    assert "0.600" in capsys.readouterr().out
    assert "override" not in artifacts.load(tmp_path / "artifacts", TEXT_ENCODER).manifest.notes


def test_a_larger_release_has_a_folder_of_its_own(train: Any, tmp_path: Path) -> None:
    train("default", OLD)
    train("larger", OLD | {"ekman_macro_f1": 0.4}, "--large")  # another release is nothing to compare with
    train("larger still", OLD, "--large")
    assert content_of(tmp_path / "artifacts") == dict.fromkeys(PARTS, "default")
    assert content_of(tmp_path / "artifacts" / LARGE) == dict.fromkeys(PARTS, "larger still")


def test_a_worse_candidate_is_refused(train: Any, tmp_path: Path) -> None:
    train("first", OLD)
    with pytest.raises(SystemExit, match=r"not published.*\n- Ekman-7 macro-F1: 0\.500 to 0\.400") as refusal:
        train("second", OLD | {"ekman_macro_f1": 0.4})
    assert refusal.value.code != 0
    assert content_of(tmp_path / "artifacts") == dict.fromkeys(PARTS, "first")


def test_a_candidate_that_is_worse_by_the_old_protocol_alone_is_published(
    train: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train("first", OLD)
    train("second", OLD | HISTORY)
    assert content_of(tmp_path / "artifacts") == dict.fromkeys(PARTS, "second")
    assert "override" not in artifacts.load(tmp_path / "artifacts", TEXT_ENCODER).manifest.notes
    assert "history" in capsys.readouterr().out


def test_a_reason_publishes_it_and_stands_in_every_manifest(train: Any, tmp_path: Path) -> None:
    train("first", OLD)
    train("second", OLD | {"ekman_macro_f1": 0.4}, "--reason", "a fairer split")
    for kind in PARTS:
        notes = artifacts.load(tmp_path / "artifacts", kind).manifest.notes
        assert notes["override"] == "a fairer split (Ekman-7 macro-F1: 0.500 to 0.400, allowed 0.010)"
        assert notes["recipe"] == "linear"


def test_a_release_that_cannot_be_measured_stops_the_training(train: Any, tmp_path: Path) -> None:
    for kind in PARTS:
        publish(tmp_path / "artifacts", kind, "older", "older")
    with pytest.raises(SystemExit, match="older"):
        train("second", OLD)
    assert not (tmp_path / "candidate").exists()
    train("second", OLD, "--reason", "another format")
    notes = artifacts.load(tmp_path / "artifacts", MUSIC_INDEX).manifest.notes
    assert notes["override"] == "another format (the release before it can't be measured: older)"


def test_the_spread_over_seeds_is_allowed(train: Any, tmp_path: Path) -> None:
    train("first", OLD)
    write_report({"spread": {"validation": SPREAD}}, tmp_path / "artifacts")
    train("second", OLD | {"ekman_macro_f1": 0.485})
    assert content_of(tmp_path / "artifacts") == dict.fromkeys(PARTS, "second")


def test_a_job_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        commands.append(command[2:])
        return type("Completed", (), {"returncode": int("training.music" in command)})

    monkeypatch.setattr(jobs.subprocess, "run", run)
    with pytest.raises(JobError, match=r"python -m training\.music .* ended with status 1"):
        jobs.train_release(tmp_path, tmp_path / "teachers", seed=3, recipe="large")
    assert [command[0] for command in commands] == ["training.text", "training.music"]
    assert all(command[1:5] == ["--artifacts", str(tmp_path), "--seed", "3"] for command in commands)
    assert commands[0][5:7] == ["--recipe", "large"]


def test_no_teacher_is_found_where_there_is_none(tmp_path: Path) -> None:
    assert not jobs.has_teacher(tmp_path, tmp_path)


def test_a_teacher_of_other_lessons_does_not_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(tmp_path, TEXT_TEACHER, "teacher")
    lessons = SimpleNamespace(digest="read")
    monkeypatch.setattr(jobs, "load_lessons", lambda data_dir: lessons)
    monkeypatch.setattr(jobs.Teacher, "load", lambda artifact: SimpleNamespace(lessons_sha256="read"))
    assert jobs.has_teacher(tmp_path, tmp_path)
    lessons.digest = "changed since"
    assert not jobs.has_teacher(tmp_path, tmp_path)


def test_seeds_are_trained_once_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trained: list[int] = []

    def train_release(root: Path, teacher_root: Path, seed: int, *, log: Any) -> None:
        trained.append(seed)
        publish_release(root, f"seed {seed}")

    monkeypatch.setattr(seeds, "train_release", train_release)
    for last in (2, 3):
        seeds.train_seeds(range(1, last + 1), tmp_path, tmp_path / "seeds", processes=2)
    assert sorted(trained) == [1, 2, 3]
    assert content_of(tmp_path / "seeds" / "3") == dict.fromkeys(PARTS, "seed 3")
