"""What was judged of captioned clips: how the file is read, how it can be damaged, and the committed one."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance.affect import FACETS
from training.data.errors import DataError
from training.data.musiccaps import load_captions
from training.data.sources import data_dir
from training.music.caption_judgements import FILE, load_caption_judgements

GOOD = "-a_b@30\tsad calm\t519\nc@0\t-\t222\nd@7\tepic\t987\n"


def write(folder: Path, content: str) -> Path:
    path = folder / "judged.tsv"
    path.write_text(content, encoding="utf-8")
    return path


def named(facets: NDArray[np.bool_]) -> set[str]:
    return {name for name, heard in zip(FACETS, facets, strict=True) if heard}


def test_clips_have_their_judgements_in_the_order_that_is_asked_for(tmp_path: Path) -> None:
    judged = load_caption_judgements([("d", 7), ("-a_b", 30)], write(tmp_path, GOOD))
    assert [named(row) for row in judged.facets] == [{"epic"}, {"calm", "sad"}]
    assert [named(row) for row in judged.mains] == [{"epic"}, {"sad"}]  # the first one named
    assert judged.vad.tolist() == [[1, 0.875, 0.75], [0.5, 0, 1]]
    assert (judged.facets.dtype, judged.mains.dtype, judged.vad.dtype) == (bool, bool, np.float32)


def test_nothing_may_be_heard_in_a_clip(tmp_path: Path) -> None:
    judged = load_caption_judgements([("c", 0)], write(tmp_path, GOOD))
    assert (judged.facets.shape, judged.mains.shape) == ((1, 12), (1, 12))
    assert not judged.facets.any()
    assert not judged.mains.any()
    assert judged.vad.tolist() == [[0.125, 0.125, 0.125]]


@pytest.mark.parametrize(
    ("row", "offence"),
    [
        ("e@1\tgrim\t555", "facets are calm, .*, got 'grim'"),
        ("e@1\tcalm grim\t555", "facets are calm, .*, got 'grim'"),
        ("e@1\tCalm\t555", "facets are calm, .*, got 'Calm'"),
        ("e@1\tcalm  sad\t555", "facets are calm, .*, got ''"),
        ("e@1\tcalm -\t555", "facets are calm, .*, got '-'"),
        ("e@1\tcalm\t55", "three digits from 1 to 9, got '55'"),
        ("e@1\tcalm\t5555", "three digits from 1 to 9, got '5555'"),
        ("e@1\tcalm\t505", "three digits from 1 to 9, got '505'"),
        ("e@1\tcalm\t5x5", "three digits from 1 to 9, got '5x5'"),
        ("e@1\tcalm\t55²", "three digits from 1 to 9, got '55²'"),
        ("e@1\tcalm\t555 ", "three digits from 1 to 9, got '555 '"),
        ("e@1\tcalm", "3 tab-separated columns, got 2"),
        ("e@1\t\t555", "column 2 is empty"),
    ],
)
def test_a_damaged_judgement_is_named(tmp_path: Path, row: str, offence: str) -> None:
    path = write(tmp_path, f"{GOOD}{row}\n")
    with pytest.raises(DataError, match=rf"judged\.tsv: line 4: {offence}"):
        load_caption_judgements([("c", 0)], path)


@pytest.mark.parametrize(
    ("places", "offence"),
    [
        ([("c", 0), ("c", 30)], "lacks c@30 and 0 more captioned clips"),
        ([("x", 0), ("c", 0), ("y", 0), ("a_b", 30)], "lacks x@0 and 2 more captioned clips"),
    ],
)
def test_a_clip_that_was_not_judged_is_named(
    tmp_path: Path, places: list[tuple[str, int]], offence: str
) -> None:
    with pytest.raises(DataError, match=rf"judged\.tsv: {offence}"):
        load_caption_judgements(places, write(tmp_path, GOOD))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"judged\.tsv: No such file"):
        load_caption_judgements([("c", 0)], tmp_path / "judged.tsv")


def committed_places() -> list[tuple[str, int]]:
    clips = [line.partition("\t")[0].rpartition("@") for line in FILE.read_text("utf-8").splitlines()]
    return [(youtube_id, int(start)) for youtube_id, _, start in clips]


def test_the_committed_file_judges_every_clip_once() -> None:
    places = committed_places()
    assert len(places) == len(set(places)) == 2663
    assert {len(youtube_id) for youtube_id, _ in places} == {11}
    judged = load_caption_judgements(places)
    assert judged.facets.shape == judged.mains.shape == (2663, 12)
    assert judged.facets.any(axis=0).all()
    assert judged.mains.any(axis=0).all()
    assert not (judged.mains & ~judged.facets).any()
    np.testing.assert_array_equal(judged.mains.sum(axis=1), judged.facets.any(axis=1))
    assert (judged.vad.min(), judged.vad.max()) == (0, 1)
    assert judged.vad.std(axis=0).min() > 0.1


def test_no_committed_judgement_names_a_facet_twice() -> None:
    for line in FILE.read_text("utf-8").splitlines():
        facets = line.split("\t")[1].split(" ")
        assert len(facets) == len(set(facets)), line


@pytest.mark.data
def test_the_committed_judgements_are_those_of_the_real_captions() -> None:
    if not data_dir().is_dir():
        pytest.skip("the data sets are not on this machine")
    assert sorted(load_captions(data_dir()).places) == sorted(committed_places())
