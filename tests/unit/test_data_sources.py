"""Where the data sets are looked for, what identifies them, and the published counts of the real ones."""

import hashlib
import re
from pathlib import Path

import pytest
from lesson_files import write_emobank, write_xed

from ambiance.affect import EMOTIONS
from audioset_files import clip_record, tfrecord, write_archive, write_ontology
from training.data import __main__ as prepare_job
from training.data import published_counts, sources
from training.data.errors import DataError
from training.data.sources import SOURCES, data_dir, dataset_digests, verify


@pytest.fixture
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AMBIANCE_DATA", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Every data set, small."""
    write_archive(tmp_path, {"eval/00": tfrecord([clip_record()])})
    write_ontology(tmp_path)
    (tmp_path / "goemotions").mkdir()
    (tmp_path / "goemotions" / "emotions.txt").write_text("\n".join(EMOTIONS.names))
    for split in ("train", "dev", "test"):
        (tmp_path / "goemotions" / f"{split}.tsv").write_text("so sad\t25\tid\n")
    write_xed(tmp_path)
    write_emobank(tmp_path)
    (tmp_path / "musiccaps").mkdir()
    (tmp_path / "musiccaps" / "musiccaps-public.csv").write_text("ytid\n")
    return tmp_path


def test_the_variable_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBIANCE_DATA", str(tmp_path))
    assert data_dir() == tmp_path


def test_a_variable_that_names_no_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMBIANCE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match=r"AMBIANCE_DATA: no folder is at .*nowhere"):
        data_dir()


@pytest.mark.usefixtures("no_variable")
def test_a_mirror_is_preferred_to_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror, downloads = tmp_path / "mirror", tmp_path / "data"
    monkeypatch.setattr(sources, "MIRROR", mirror)
    monkeypatch.setattr(sources, "DOWNLOADS", downloads)
    (mirror / "goemotions").mkdir(parents=True)
    assert data_dir() == downloads  # half a mirror is none
    (mirror / "audioset").mkdir()
    assert data_dir() == mirror


def test_digests_identify_each_file_of_the_named_data_set(folder: Path) -> None:
    assert set(dataset_digests(folder)) == {source.path for source in SOURCES}
    digests = dataset_digests(folder, "goemotions")
    assert set(digests) == {
        f"goemotions/{name}" for name in ("train.tsv", "dev.tsv", "test.tsv", "emotions.txt")
    }
    assert set(dataset_digests(folder, "xed", "emobank")) == {
        "xed/en-annotated.tsv",
        "xed/neu_en.txt",
        "emobank/emobank-train-dev.csv",
    }
    assert digests["goemotions/dev.tsv"] == hashlib.sha256(b"so sad\t25\tid\n").hexdigest()


def test_an_unpacked_split_is_identified_by_every_shard(folder: Path) -> None:
    split = folder / "audioset" / "audioset_v1_embeddings" / "eval"
    split.mkdir(parents=True)
    (split / "00.tfrecord").write_bytes(b"a")
    (folder / "audioset" / "features.tar.gz").unlink()
    key = "audioset/audioset_v1_embeddings/eval"
    before = dataset_digests(folder, "audioset")
    (split / "01.tfrecord").write_bytes(b"")
    after = dataset_digests(folder, "audioset")
    assert set(before) == {key, "audioset/class_labels_indices.csv", "audioset/ontology.json"}
    assert before[key] != after[key]


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "goemotions" / "dev.tsv").unlink()
    with pytest.raises(DataError, match=r"dev\.tsv: No such file.*make data"):
        dataset_digests(folder, "goemotions")


def test_a_file_that_is_not_the_published_one_is_refused(folder: Path) -> None:
    published = SOURCES[0].sha256
    with pytest.raises(DataError, match=rf"train\.tsv: SHA-256 [0-9a-f]+, as published {published}"):
        verify(folder)


def test_a_split_of_another_size_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="goemotions train: 1 comments, its publisher says 43,410"):
        list(published_counts.describe(folder))


def test_facts_are_counted_from_the_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published_counts, "COMMENT_COUNTS", {"train": 1, "dev": 1, "test": 1})
    monkeypatch.setattr(published_counts, "CLIP_COUNTS", {"eval": 1, "unbal_train": 5})
    lines = list(published_counts.describe(folder))
    assert "goemotions test: 1 comments, 6.667% of token slots unknown" in lines
    assert lines[-2].startswith(
        "audioset eval: 1 clips, 1 of 10 frames, 1 labelled Music, 1 with its descend"
    )
    assert lines[-1] == "audioset unbal_train: not in this archive"


def test_a_split_that_every_mirror_holds_may_not_be_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(published_counts, "COMMENT_COUNTS", {"train": 1, "dev": 1, "test": 1})
    monkeypatch.setattr(published_counts, "CLIP_COUNTS", {"bal_train": 1})
    with pytest.raises(DataError, match="holds no clip of bal_train"):
        list(published_counts.describe(folder))


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Paths downloaded, none really; what is there passes for the published files."""
    paths: list[str] = []

    def record(source: sources.Source, target: Path, verify: object = None) -> None:
        paths.append(source.path)

    monkeypatch.setattr(prepare_job, "download", record)
    monkeypatch.setattr(prepare_job, "verify", lambda folder: None)
    monkeypatch.setattr(prepare_job, "describe", lambda folder: iter(["facts"]))
    return paths


def test_only_what_is_missing_is_fetched(
    folder: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepare_job, "DOWNLOADS", folder)
    (folder / "goemotions" / "dev.tsv").unlink()
    (folder / "xed" / "neu_en.txt").unlink()
    (folder / "audioset" / "features.tar.gz").rename(folder / "audioset" / "features.tar.gz.part")
    assert list(prepare_job.prepare(folder))[-1] == "facts"
    assert fetched == ["goemotions/dev.tsv", "xed/neu_en.txt", "audioset/features.tar.gz"]


def test_a_mirror_is_never_written_to(folder: Path, fetched: list[str]) -> None:
    (folder / "goemotions" / "dev.tsv").unlink()
    list(prepare_job.prepare(folder))
    assert fetched == []


@pytest.mark.data
def test_the_real_data_sets_hold_what_is_published_of_them() -> None:
    folder = data_dir()
    if not folder.is_dir():
        pytest.skip("the data sets are not on this machine")
    verify(folder)
    found = "\n".join(published_counts.describe(folder))
    for fact in (
        r"25,638 distinct words in train, 2,678 in the vocabulary",
        r"goemotions train: 43,410 comments, 4\.578%",
        r"goemotions test: 5,427 comments, 4\.688%",
        r"bal_train: 22,160 clips, 21,782 of 10 frames, 6,244 labelled Music, 8,836 with its desc",
        r"bal_train: .* 6,773 without mere instruments",
        r"bal_train: .*happy 61, funny 60, sad 60, tender 60, exciting 60, angry 60, scary 60",
        r"eval: 20,371 clips, 19,976 of 10 frames, 5,695 labelled Music, 7,848 with its desc",
        r"eval: .* 5,869 without mere instruments",
        r"eval: .*happy 60, funny 60, sad 60, tender 60, exciting 60, angry 60, scary 60",
    ):
        assert re.search(fact, found), f"{fact} not in\n{found}"
