"""AudioSet's classes, and which of them are music."""

import json
from pathlib import Path

import pytest

from ambiance.affect import MOODS
from audioset_files import BELL, INSTRUMENT, LULLABY, MUSIC, SAD, SPEECH, TENDER, write_ontology
from training.data.errors import DataError
from training.data.ontology import load_ontology, moods_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_ontology(tmp_path)
    return tmp_path


def test_names_and_indices_go_both_ways(folder: Path) -> None:
    ontology = load_ontology(folder)
    assert len(ontology.names) == 527
    assert ontology.names[SPEECH] == "Speech, spoken"
    assert ontology.index("Speech, spoken") == SPEECH
    with pytest.raises(DataError, match="no class is named 'Polka'"):
        ontology.index("Polka")


def test_descendants_are_found_through_classes_that_no_clip_has(folder: Path) -> None:
    ontology = load_ontology(folder)
    assert ontology.descendants("Music") == {INSTRUMENT, BELL, LULLABY, *range(276, 283)}
    assert ontology.descendants("Lullaby") == frozenset()
    assert ontology.music_classes() == {MUSIC, INSTRUMENT, BELL, LULLABY, *range(276, 283)}


def test_names_below_tell_of_classes_that_no_clip_has_if_one_of_the_527_is_below(folder: Path) -> None:
    path = folder / "audioset" / "ontology.json"
    entries = [*json.loads(path.read_text()), {"id": "/t/leaf", "name": "Melody", "child_ids": []}]
    next(entry for entry in entries if entry["id"] == "/m/137")["child_ids"].append("/t/leaf")
    path.write_text(json.dumps(entries))
    below = load_ontology(folder).names_below()
    assert len(below) == 528
    assert below["Music role"] == ["Lullaby"]
    assert {"Music role", "Lullaby", "Bell"} <= set(below["Music"])
    assert "Melody" not in below.keys() | set(below["Music"])
    assert below["Lullaby"] == []


def test_an_instrument_alone_is_no_piece_of_music(folder: Path) -> None:
    ontology = load_ontology(folder)
    assert ontology.musical_piece_classes() == {MUSIC, LULLABY, *range(276, 283)}


def test_a_cycle_ends(folder: Path) -> None:
    path = folder / "audioset" / "ontology.json"
    entries = json.loads(path.read_text())
    next(entry for entry in entries if entry["id"] == "/m/200")["child_ids"] = ["/m/137"]
    path.write_text(json.dumps(entries))
    assert MUSIC in load_ontology(folder).descendants("Music")


def test_moods_are_numbered_as_affect_has_them() -> None:
    assert [MOODS.names[mood] for mood in moods_of((TENDER, MUSIC, SAD))] == ["sad", "tender"]
    assert moods_of((275, 283, SPEECH)) == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "offence"),
    [
        ("class_labels_indices.csv", "5,/m/5", "6,/m/5", "line 7: index 5"),
        ("class_labels_indices.csv", '5,/m/5,"Class 5"', "5,/m/5", "line 7: index 5"),
        (
            "class_labels_indices.csv",
            '526,/m/526,"Class 526"\n',
            "",
            "527 classes under a heading, got 527 lines",
        ),
        ("class_labels_indices.csv", "Sad music", "Blue music", "classes 276 to 282 are"),
        ("ontology.json", "[", "", "not a list of classes"),
        ("ontology.json", "child_ids", "children", "not a list of classes"),
        ("ontology.json", '"name"', '"title"', "not a list of classes"),
        ("ontology.json", "Music role", "MUSIC", "two classes bear one name"),
        ("ontology.json", '"/m/5"', '"/m/five"', r"lacks the classes \['/m/5'\]"),
    ],
)
def test_a_file_that_is_not_audiosets_is_named(
    folder: Path, file: str, old: str, new: str, offence: str
) -> None:
    path = folder / "audioset" / file
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DataError, match=rf"{file}: .*{offence}"):
        load_ontology(folder)


def test_what_editors_add_is_not_part_of_a_name(folder: Path) -> None:
    plain = load_ontology(folder)
    for path in (folder / "audioset").iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_ontology(folder) == plain


@pytest.mark.parametrize(
    ("file", "content", "offence"),
    [
        ("ontology.json", b"[" * 100_000, "not a list of classes"),
        (
            "ontology.json",
            b'[{"id": "/m/1", "name": "Dub", "child_ids": "/m/2"}]',
            "0.child_ids: Input should be",
        ),
        ("ontology.json", b'["\n\xff"]', "line 2: not UTF-8"),
        ("class_labels_indices.csv", b"a,b,c\n" + b"x" * 200_000, "line 2: not CSV"),
        ("class_labels_indices.csv", b"a,b,c\n\xff", "line 2: not UTF-8"),
    ],
)
def test_bytes_that_are_no_such_file_are_refused(
    folder: Path, file: str, content: bytes, offence: str
) -> None:
    (folder / "audioset" / file).write_bytes(content)
    with pytest.raises(DataError, match=rf"{file}: .*{offence}"):
        load_ontology(folder)


@pytest.mark.parametrize("file", ["class_labels_indices.csv", "ontology.json"])
def test_a_missing_file_names_itself_and_the_remedy(folder: Path, file: str) -> None:
    (folder / "audioset" / file).unlink()
    with pytest.raises(DataError, match=rf"{file}.*make data"):
        load_ontology(folder)
