"""XED, EmoBank, MusicCaps and our own corpus as their files have them, and how each can be damaged."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ambiance.affect import SCENES
from training.data import emobank, musiccaps, xed
from training.data.emobank import load_emobank, unit_scale
from training.data.errors import DataError
from training.data.musiccaps import load_captions
from training.data.sources import data_dir
from training.data.tables import csv_rows, lines, rows
from training.data.written import WORDS_FOLDER, load_distress, load_written, parse_scenes
from training.data.xed import PLUTCHIK, load_xed

HEADER = "ytid,start_s,aspect_list,caption,is_audioset_eval\n"
CAPTION = "-0Gj8-vB1q4,30,\"['low quality', 'sad']\",\"A song, slow.\",False\n"
RATED = "id,split,V,A,D,text\n"


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_xed(
    folder: Path, annotated: str | bytes = "Run!\t4\n", neutral: str | bytes = "9\tFine.\n"
) -> None:
    write(folder / "xed" / xed.ANNOTATED_FILE, annotated)
    write(folder / "xed" / xed.NEUTRAL_FILE, neutral)


def write_emobank(folder: Path, content: str | bytes) -> None:
    write(folder / "emobank" / emobank.FILE, content)


def write_musiccaps(folder: Path, content: str | bytes) -> None:
    write(folder / "musiccaps" / musiccaps.FILE, content)


def test_only_a_line_feed_ends_a_line(tmp_path: Path) -> None:
    path = write(tmp_path / "f.tsv", "a\u2028b \x85\r\nlast")
    assert [line for line, _ in lines(path)] == ["a\u2028b \x85", "last"]
    assert [where for _, where in lines(path)] == [f"{path}: line 1", f"{path}: line 2"]
    assert list(lines(write(path, ""))) == []


def test_rows_have_their_columns_and_bare_quotes(tmp_path: Path) -> None:
    path = write(tmp_path / "f.tsv", 'a\t"b\r\nc\td\n')
    assert [fields for fields, _ in rows(path, 2)] == [["a", '"b'], ["c", "d"]]


def test_what_editors_add_is_not_part_of_a_text(tmp_path: Path) -> None:
    path = write(tmp_path / "f.tsv", "\ufeffa\tb\r\n\ufeffc\td\r\n")
    assert [fields for fields, _ in rows(path, 2)] == [["a", "b"], ["\ufeffc", "d"]]
    path = write(tmp_path / "f.csv", "\ufeffa,b\r\n1,2\r\n")
    assert [row for row, _ in csv_rows(path, {"a"})] == [{"a": "1", "b": "2"}]
    write_xed(tmp_path, "\ufeffRun!\t4\r\n", "\ufeff9\tFine.\t\r\n\t\r\n")
    assert load_xed(tmp_path).texts == ("Run!", "Fine.")


def test_a_csv_row_may_take_several_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "f.csv", 'a,b\n1,"x\ny"\n2,"say ""hi"""\n')
    found = [(row, where.removeprefix(f"{path}: ")) for row, where in csv_rows(path, {"a"})]
    assert found == [({"a": "1", "b": "x\ny"}, "line 3"), ({"a": "2", "b": 'say "hi"'}, "line 4")]


@pytest.mark.parametrize(
    ("content", "offence"),
    [
        (b"", r"line 1: lacks the columns a, b"),
        (b"a,c\n1,2\n", r"line 1: lacks the columns b"),
        (b"a,b\n1,2\n3\n", r"line 3: 2 columns, got 1"),
        (b"a,b\n1,2\n3,4,5\n", r"line 3: 2 columns, got 3"),
        (b'a,b\n1,2\n3,"4\n', r"line 3: not CSV \(unexpected end of data\)"),
        (b'a,b\n1,2\n3,"4"5\n', r"line 3: not CSV"),
        (b"a,b\n1,2\n3,\xff\n", r"line 3: not UTF-8 at byte 10"),
    ],
)
def test_a_damaged_csv_file_is_named(tmp_path: Path, content: bytes, offence: str) -> None:
    path = write(tmp_path / "f.csv", content)
    with pytest.raises(DataError, match=rf"f\.csv: {offence}"):
        list(csv_rows(path, {"a", "b"}))


def test_dialogue_has_its_emotions_and_then_the_neutral_lines(tmp_path: Path) -> None:
    write_xed(tmp_path, "Run!\t4\nOh, You!\t1\nAgain?\t 2, 1,2 \r\n")
    loaded = load_xed(tmp_path)
    assert loaded.texts == ("Run!", "Oh, You!", "Again?", "Fine.")
    assert [[PLUTCHIK[i] for i in labels] for labels in loaded.labels] == [
        ["fear"],
        ["anger"],
        ["anger", "anticipation"],
        [],
    ]
    assert len(loaded) == 4


def test_neutral_lines_may_end_in_tabs_and_hold_nothing_else(tmp_path: Path) -> None:
    write_xed(tmp_path, neutral="9\tFine.\t\t\n\t\t\n9\tGood\r\n")
    assert load_xed(tmp_path).texts[1:] == ("Fine.", "Good")


@pytest.mark.parametrize(
    ("row", "offence"),
    [
        ("text", "2 tab-separated columns, got 1"),
        ("a\tb\t1", "2 tab-separated columns, got 3"),
        ("", "2 tab-separated columns, got 1"),
        ("\t1", "column 1 is empty"),
        ("a\t", "column 2 is empty"),
        ("a\t0", "emotion ids are 1 to 8, got '0'"),
        ("a\t9", "emotion ids are 1 to 8, got '9'"),
        ("a\t1,", "emotion ids are 1 to 8, got ''"),
        ("a\tjoy", "emotion ids are 1 to 8, got 'joy'"),
        ("a\t²", "emotion ids are 1 to 8, got '²'"),
        ("a\t" + "1" * 5000, r"emotion ids are 1 to 8, got '1+\.\.\.1+'$"),
    ],
)
def test_a_damaged_line_of_dialogue_is_named(tmp_path: Path, row: str, offence: str) -> None:
    write_xed(tmp_path, f"Run!\t4\n{row}\nRun!\t4\n")
    with pytest.raises(DataError, match=rf"en-annotated\.tsv: line 2: {offence}"):
        load_xed(tmp_path)


@pytest.mark.parametrize("row", ["Fine.", "9\tFine.\tmore"])
def test_a_damaged_neutral_line_is_named(tmp_path: Path, row: str) -> None:
    write_xed(tmp_path, neutral=f"9\tFine.\n{row}\n")
    with pytest.raises(DataError, match=r"neu_en\.txt: line 2: 2 tab-separated columns, got [13]"):
        load_xed(tmp_path)


def test_dialogue_of_no_lines_or_other_bytes_is_refused(tmp_path: Path) -> None:
    write_xed(tmp_path, annotated="")
    with pytest.raises(DataError, match=r"en-annotated\.tsv: holds no line"):
        load_xed(tmp_path)
    write_xed(tmp_path, neutral="")
    with pytest.raises(DataError, match=r"neu_en\.txt: holds no line"):
        load_xed(tmp_path)
    write_xed(tmp_path, neutral=b"9\tFine.\n9\t\xff\n")
    with pytest.raises(DataError, match=r"neu_en\.txt: line 2: not UTF-8 at byte 2"):
        load_xed(tmp_path)


def test_ratings_are_those_of_one_split_about_the_middle(tmp_path: Path) -> None:
    write_emobank(
        tmp_path,
        RATED + 'a,train,3,4.5,1.2,"So, ""yes"""\nb,dev,3,3,3,No\nc,test,3,3,3,Never\nd,train,2,3,4, \n',
    )
    loaded = load_emobank(tmp_path, "train")
    assert loaded.texts == ('So, "yes"',)  # a sentence without words is passed over
    assert (loaded.vad.dtype, loaded.vad.tolist()) == (np.float32, [[0.5, 1, 0]])
    assert load_emobank(tmp_path, "dev").texts == ("No",)
    assert len(loaded) == 1


def test_the_scale_is_straight_within_its_reach() -> None:
    ratings = np.array([1, 1.5, 2.25, 3, 3.75, 4.5, 5], np.float32)
    np.testing.assert_allclose(unit_scale(ratings), [0, 0, 0.25, 0.5, 0.75, 1, 1], atol=1e-6)


@pytest.mark.parametrize(
    ("row", "offence"),
    [
        ("b,train,3,3,3", "6 columns, got 5"),
        ("b,train,3,3,3,No,no", "6 columns, got 7"),
        ("b,train,,3,3,No", "V, A and D are numbers, got"),
        ("b,train,3,high,3,No", "V, A and D are numbers, got"),
        ("b,train,3,3,0.9,No", "V, A and D lie in 1 to 5, got"),
        ("b,train,3,3,5.1,No", "V, A and D lie in 1 to 5, got"),
        ("b,train,3,nan,3,No", "V, A and D lie in 1 to 5, got"),
        ("b,dev,3,inf,3,No", "V, A and D lie in 1 to 5, got"),
        ("b,trian,3,3,3,No", "split: one of train, dev, got 'trian'"),
        ("b,,3,3,3,No", "split: one of train, dev, got ''"),
    ],
)
def test_a_damaged_rating_is_named(tmp_path: Path, row: str, offence: str) -> None:
    write_emobank(tmp_path, f"{RATED}a,train,3,3,3,Yes\n{row}\n")
    with pytest.raises(DataError, match=rf"emobank-train-dev\.csv: line 3: {offence}"):
        load_emobank(tmp_path, "train")


def test_a_rated_split_that_is_not_there_is_refused(tmp_path: Path) -> None:
    write_emobank(tmp_path, f"{RATED}a,train,3,3,3,Yes\n")
    with pytest.raises(DataError, match=r"emobank-train-dev\.csv: holds no sentence of dev"):
        load_emobank(tmp_path, "dev")
    with pytest.raises(DataError, match="split: one of train, dev, got 'test'"):
        load_emobank(tmp_path, "test")
    write_emobank(tmp_path, "id,split,V,A,text\n")
    with pytest.raises(DataError, match="line 1: lacks the columns D"):
        load_emobank(tmp_path, "train")


def test_captions_are_those_of_clips_outside_eval(tmp_path: Path) -> None:
    write_musiccaps(tmp_path, f"{HEADER}{CAPTION}abcdefghijk,x,no list,,True\n")
    loaded = load_captions(tmp_path)
    assert loaded.places == (("-0Gj8-vB1q4", 30),)
    assert loaded.aspects == (("low quality", "sad"),)
    assert loaded.captions == ("A song, slow.",)
    assert len(loaded) == 1


@pytest.mark.parametrize(
    ("row", "offence"),
    [
        ("abcdefghijk,30,[],quiet", "5 columns, got 4"),
        ("abcdefghijk,30,[],quiet,False,False", "5 columns, got 6"),
        ("abcdefghijk,30,[],quiet,true", "is_audioset_eval is True or False, got 'true'"),
        ("abcdefghijk,30,[],quiet,", "is_audioset_eval is True or False, got ''"),
        ("abcdefghij,30,[],quiet,False", "ytid is a YouTube id of 11 characters, got 'abcdefghij'"),
        (",30,[],quiet,False", "ytid is a YouTube id of 11 characters, got ''"),
        ("abcdefghijk,-1,[],quiet,False", "start_s is a whole number of seconds, got '-1'"),
        ("abcdefghijk,1.5,[],quiet,False", "start_s is a whole number of seconds, got '1.5'"),
        ("abcdefghijk," + "1" * 5000 + ",[],quiet,False", "start_s is a whole number of seconds, got '1+"),
        ("abcdefghijk,1000000,[],quiet,False", "start_s is a whole number of seconds, got '1000000'"),
        ("abcdefghijk,,[],quiet,False", "start_s is a whole number of seconds, got ''"),
        ("abcdefghijk,30,sad,quiet,False", "aspect_list isn't a list of phrases"),
        ("abcdefghijk,30,,quiet,False", "aspect_list isn't a list of phrases"),
        ("abcdefghijk,30,'sad',quiet,False", "aspect_list isn't a list of phrases"),
        ("abcdefghijk,30,{[]: 1},quiet,False", "aspect_list isn't a list of phrases"),
        ("abcdefghijk,30," + "[" * 5000 + ",quiet,False", "aspect_list isn't a list of phrases"),
        ("abcdefghijk,30,[1],quiet,False", "aspect_list isn't a list of phrases"),
        ("abcdefghijk,30,[,quiet,False", "aspect_list isn't a list of phrases"),
    ],
)
def test_a_damaged_caption_is_named(tmp_path: Path, row: str, offence: str) -> None:
    write_musiccaps(tmp_path, f"{HEADER}{CAPTION}{row}\n")
    with pytest.raises(DataError, match=rf"musiccaps-public\.csv: line 3: {offence}"):
        load_captions(tmp_path)


def test_captions_of_eval_alone_are_refused(tmp_path: Path) -> None:
    write_musiccaps(tmp_path, f"{HEADER}{CAPTION.replace('False', 'True')}")
    with pytest.raises(DataError, match=r"musiccaps-public\.csv: holds no caption of a clip outside eval"):
        load_captions(tmp_path)


def test_written_sentences_follow_files_and_lines(tmp_path: Path) -> None:
    write(tmp_path / "b.tsv", "hope+awe\tverse\tA star.\n")
    write(tmp_path / "a.tsv", "joy\tdiary\tSnow!\nnone\tmessage\tBus at 9.\n")
    write(tmp_path / "notes.txt", "not read")
    loaded = load_written(tmp_path)
    assert loaded.texts == ("Snow!", "Bus at 9.", "A star.")
    assert [[SCENES[i] for i in found] for found in loaded.scenes] == [["joy"], ["none"], ["hope", "awe"]]
    assert loaded.registers == ("diary", "message", "verse")
    assert len(loaded) == 3


@pytest.mark.parametrize(
    ("row", "offence"),
    [
        ("joy\tdiary", "3 tab-separated columns, got 2"),
        ("joy\tdiary\tSnow!\tagain", "3 tab-separated columns, got 4"),
        ("\tdiary\tSnow!", "column 1 is empty"),
        ("joy\t\tSnow!", "column 2 is empty"),
        ("joy\tdiary\t", "column 3 is empty"),
        ("bliss\tdiary\tSnow!", "scenes are joy, .*, got 'bliss'"),
        ("joy+\tdiary\tSnow!", "scenes are joy, .*, got ''"),
        ("joy+joy\tdiary\tSnow!", r"one scene or two different ones, got 'joy\+joy'"),
        ("joy+hope+awe\tdiary\tSnow!", r"one scene or two different ones, got 'joy\+hope\+awe'"),
    ],
)
def test_a_damaged_written_sentence_is_named(tmp_path: Path, row: str, offence: str) -> None:
    write(tmp_path / "a.tsv", f"joy\tdiary\tSnow!\n{row}\n")
    with pytest.raises(DataError, match=rf"a\.tsv: line 2: {offence}"):
        load_written(tmp_path)


def test_scenes_keep_their_order() -> None:
    assert parse_scenes("hope+awe", "here") == (SCENES.index("hope"), SCENES.index("awe"))


@pytest.mark.parametrize(
    ("row", "offence"),
    [
        ("2\ttext", "distress is 0 or 1, got '2'"),
        ("yes\ttext", "distress is 0 or 1, got 'yes'"),
        ("1", "2 tab-separated columns, got 1"),
        ("1\t", "column 2 is empty"),
    ],
)
def test_a_damaged_distress_sentence_is_named(tmp_path: Path, row: str, offence: str) -> None:
    path = write(tmp_path / "distress.tsv", f"0\tfine\n{row}\n")
    with pytest.raises(DataError, match=rf"distress\.tsv: line 2: {offence}"):
        load_distress(path)


def test_distress_sentences_have_their_flags(tmp_path: Path) -> None:
    loaded = load_distress(write(tmp_path / "distress.tsv", "1\ta\n0\tb\n"))
    assert (loaded.texts, loaded.distress, len(loaded)) == (("a", "b"), (True, False), 2)


@pytest.mark.parametrize(
    ("load", "name"),
    [
        (load_xed, r"en-annotated\.tsv"),
        (lambda folder: load_emobank(folder, "train"), r"emobank-train-dev\.csv"),
        (load_captions, r"musiccaps-public\.csv"),
        (lambda folder: load_distress(folder / "distress.tsv"), r"distress\.tsv"),
    ],
)
def test_a_missing_file_names_itself_and_the_remedy(
    tmp_path: Path, load: Callable[[Path], object], name: str
) -> None:
    with pytest.raises(DataError, match=rf"{name}: No such file.*make data"):
        load(tmp_path)


def test_a_folder_and_a_file_of_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no sentence"):
        load_written(tmp_path)
    with pytest.raises(DataError, match=r"distress\.tsv: holds no sentence"):
        load_distress(write(tmp_path / "distress.tsv", ""))


def test_our_own_corpus_is_whole() -> None:
    written, distress = load_written(), load_distress()
    first = np.bincount([scenes[0] for scenes in written.scenes], minlength=len(SCENES))
    assert first.min() > 400
    assert sum(len(scenes) == 2 for scenes in written.scenes) > 500
    for texts in (written.texts, distress.texts):
        assert all(text == text.strip() for text in texts)
    assert 0.3 < np.mean(distress.distress) < 0.7


@pytest.mark.data
def test_the_real_corpora_hold_what_is_published_of_them() -> None:
    folder = data_dir()
    if not folder.is_dir():
        pytest.skip("the data sets are not on this machine")
    dialogue = load_xed(folder)
    assert sum(not labels for labels in dialogue.labels) > 7000
    assert len({label for labels in dialogue.labels for label in labels}) == len(PLUTCHIK)
    assert (len(load_emobank(folder, "train")), len(load_emobank(folder, "dev"))) == (8062, 1000)
    assert len(load_captions(folder)) == 2663


def test_words_point_to_every_scene_but_none() -> None:
    words = load_written(WORDS_FOLDER)
    counts = np.bincount([scene for scenes in words.scenes for scene in scenes], minlength=len(SCENES))
    assert counts[:-1].min() >= 300
    assert counts[-1] == 0
    assert len(set(words.texts)) == len(words)
