"""The files behind filters by label and mood are read exactly, or refused with a reason."""

import json
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from ambiance.errors import ArtifactError
from ambiance.index_format.postings import ROWS_FILE, STARTS_FILE
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.catalog.postings import Postings


def write_files(folder: Path, rows: object, starts: object, below: object = None) -> None:
    np.save(folder / ROWS_FILE, np.asarray(rows))
    np.save(folder / STARTS_FILE, np.asarray(starts))
    (folder / "label_hierarchy.json").write_text(json.dumps({"below": below}))


ROWS = np.array([0, 2, 1, 0, 1, 2], np.uint32)  # two labels over three clips, then two moods
STARTS = np.array([0, 2, 3, 5, 6])


def test_postings_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_files(tmp_path, ROWS, STARTS)
    postings = Postings.load(tmp_path, 2, 2, 3)
    assert [postings.of_label(label).tolist() for label in range(2)] == [[0, 2], [1]]
    assert [postings.of_mood(mood).tolist() for mood in range(2)] == [[0, 1], [2]]


@pytest.mark.parametrize(
    ("rows", "starts", "file", "message"),
    [
        (ROWS.astype(np.int64), STARTS, ROWS_FILE, r"int64\[6\], needs one axis of uint32"),
        (ROWS[None], STARTS, ROWS_FILE, r"uint32\[1, 6\], needs one axis of uint32"),
        (ROWS, STARTS.astype(np.int32), STARTS_FILE, r"int32\[5\], needs one axis of int64"),
        (ROWS, STARTS[1:], STARTS_FILE, "4 bounds, 2 labels and 2 moods need one more"),
        (ROWS, [0, 2, 1, 5, 6], STARTS_FILE, "needs bounds that ascend from 0 to 6"),
        (ROWS, [1, 2, 3, 5, 6], STARTS_FILE, "needs bounds that ascend from 0 to 6"),
        (ROWS[:-1], STARTS, STARTS_FILE, "needs bounds that ascend from 0 to 5"),
        (ROWS, [0, 1, 2, 5, 6], ROWS_FILE, "4 clips have a mood, the index holds 3"),
        (ROWS[::-1], STARTS, ROWS_FILE, "a list of rows doesn't ascend"),
        (np.array([0, 0, 1, 0, 1, 2], np.uint32), STARTS, ROWS_FILE, "a list of rows doesn't ascend"),
        (np.array([0, 3, 1, 0, 1, 2], np.uint32), STARTS, ROWS_FILE, "holds row 3 of 3 clips"),
        (np.array([], object), STARTS, ROWS_FILE, "not a readable numpy array"),
    ],
)
def test_postings_that_break_the_format_are_refused(
    tmp_path: Path, rows: object, starts: object, file: str, message: str
) -> None:
    write_files(tmp_path, rows, starts)
    with pytest.raises(ArtifactError, match=rf"^{tmp_path / file}: .*{message}"):
        Postings.load(tmp_path, 2, 2, 3)


@pytest.mark.parametrize("file", [ROWS_FILE, STARTS_FILE])
def test_an_empty_file_is_refused(tmp_path: Path, file: str) -> None:
    write_files(tmp_path, ROWS, STARTS)
    (tmp_path / file).write_bytes(b"")
    with pytest.raises(ArtifactError, match=rf"^{tmp_path / file}: not a readable numpy array: "):
        Postings.load(tmp_path, 2, 2, 3)


def test_a_fall_between_two_pieces_of_the_check_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at_once in range(1, 7):
        monkeypatch.setattr("music_index_service.catalog.postings._CHECKED_AT_ONCE", at_once)
        write_files(tmp_path, ROWS, STARTS)
        Postings.load(tmp_path, 2, 2, 3)
        write_files(tmp_path, np.array([0, 2, 1, 1, 0, 2], np.uint32), STARTS)
        with pytest.raises(ArtifactError, match="doesn't ascend"):
            Postings.load(tmp_path, 2, 2, 3)


@pytest.mark.parametrize(
    ("below", "message"),
    [
        ({"Music": []}, "its labels aren't those of the catalogue"),
        ({"Music": ["Dub"], "Jazz": []}, "its labels aren't those of the catalogue"),
        (
            {"Music": ["Jazz"], "Jazz": [], "Dub": []},
            "'Dub' is no label .* none is below it",
        ),
        ({"Music": [], "Jazz": 3}, "below.Jazz: Input should be a valid array"),
        ([], "below: Input should be an object"),
    ],
)
def test_a_hierarchy_that_isnt_the_catalogues_is_refused(tmp_path: Path, below: object, message: str) -> None:
    write_files(tmp_path, ROWS, STARTS, below)
    path = tmp_path / "label_hierarchy.json"
    with pytest.raises(ArtifactError, match=f"^{path}: .*{message}"):
        LabelHierarchy.load(path, ("Music", "Jazz"))


def test_labels_that_only_case_tells_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="upper and lower case alone"):
        LabelHierarchy(("Dub", "dub"), {"Dub": [], "dub": []})


def test_what_no_clip_is_labelled_with_stands_for_the_labels_below_it() -> None:
    below = {"Jazz": [], "Blues": [], "Music": ["Genre", "Jazz", "Blues"], "Genre": ["Jazz"]}
    labels = LabelHierarchy(("Jazz", "Blues", "Music"), below)
    genre = labels.number(" GENRE")
    assert genre == 3
    assert labels.closure([genre]) == [0]
    assert labels.closure([2]) == [0, 1, 2]
    assert labels.closest("Gener") == ["Genre"]


def test_the_parents_that_an_older_index_lacks_are_those_of_audioset(tmp_path: Path) -> None:
    with (files("music_index_service.catalog") / "parent_labels.json").open() as file:
        parents = json.load(file)["below"]
    named = sorted({name for below in parents.values() for name in below} - parents.keys())
    labels = (*named, "Music", "Vehicle", "Noise")
    write_files(tmp_path, ROWS, STARTS, {name: [] for name in labels})
    read = LabelHierarchy.load(tmp_path / "label_hierarchy.json", labels)
    voice = read.number("human voice")
    assert voice is not None
    below = {labels[number] for number in read.closure([voice])}
    assert {"Speech", "Choir", "Laughter"} <= below
    assert "Guitar" not in below
    write_files(tmp_path, ROWS, STARTS, {name: [] for name in labels[1:]})
    assert LabelHierarchy.load(tmp_path / "label_hierarchy.json", labels[1:]).number("Human voice") is None
