"""GoEmotions' rows as published, and each way in which a file can fail to be them."""

from pathlib import Path

import pytest

from ambiance.affect import EMOTIONS
from training.data.errors import DataError
from training.data.goemotions import load_comments
from training.data.vocabulary import build_vocabulary, unknown_share, word_tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "goemotions").mkdir()
    (tmp_path / "goemotions" / "emotions.txt").write_text("\n".join(EMOTIONS.names))
    return tmp_path


def write_split(folder: Path, content: str | bytes) -> None:
    content = content.encode() if isinstance(content, str) else content
    (folder / "goemotions" / "dev.tsv").write_bytes(content)


def test_columns_keep_file_order_and_every_label(folder: Path) -> None:
    write_split(folder, "so sad\t25\tid1\nwow, thanks\t15,26\tid2\n")
    comments = load_comments(folder, "dev")
    assert comments.texts == ("so sad", "wow, thanks")
    assert comments.labels == ((25,), (15, 26))
    assert comments.ids == ("id1", "id2")
    assert [EMOTIONS.names[i] for i in comments.labels[1]] == ["gratitude", "surprise"]


def test_quotes_and_foreign_line_separators_are_part_of_a_text(folder: Path) -> None:
    write_split(folder, '"he said\t3\tid1\nline\u2028separator \x85 \r here\t3\tid2\n')
    assert load_comments(folder, "dev").texts == ('"he said', "line\u2028separator \x85 \r here")


@pytest.mark.parametrize(
    ("row", "offence"),
    [
        ("text only", "3 tab-separated columns, got 1"),
        ("a\tb\t1\tid", "3 tab-separated columns, got 4"),
        ("", "3 tab-separated columns, got 1"),
        ("\t1\tid", "text is empty"),
        ("text\t1\t", "comment id is empty"),
        ("text\t\tid", "no emotion id"),
        ("text\t28\tid", "0 to 27, got '28'"),
        ("text\t-1\tid", "0 to 27, got '-1'"),
        ("text\t1,\tid", "0 to 27, got ''"),
        ("text\tjoy\tid", "0 to 27, got 'joy'"),
        ("text\t²\tid", "0 to 27, got '²'"),
        ("text\t" + "1" * 5000 + "\tid", r"0 to 27, got '1+\.\.\.1+'$"),
    ],
)
def test_a_malformed_row_is_named(folder: Path, row: str, offence: str) -> None:
    write_split(folder, f"fine\t0\tid0\n{row}\nfine\t0\tid2\n")
    with pytest.raises(DataError, match=rf"dev\.tsv: line 2: .*{offence}"):
        load_comments(folder, "dev")


def test_what_editors_add_is_part_of_neither_text_nor_id(folder: Path) -> None:
    emotions = folder / "goemotions" / "emotions.txt"
    emotions.write_bytes(b"\xef\xbb\xbf" + emotions.read_bytes().replace(b"\n", b"\r\n"))
    write_split(folder, b"\xef\xbb\xbffine\t0\tid0\r\nbad\t1\tid1\r\n")
    comments = load_comments(folder, "dev")
    assert (comments.texts, comments.ids) == (("fine", "bad"), ("id0", "id1"))


def test_bytes_that_are_not_utf8_are_named(folder: Path) -> None:
    write_split(folder, b"fine\t0\tid0\nbad \xff\t0\tid1\n")
    with pytest.raises(DataError, match=r"dev\.tsv: line 2: not UTF-8 at byte 4"):
        load_comments(folder, "dev")


def test_an_empty_split_is_refused(folder: Path) -> None:
    write_split(folder, "")
    with pytest.raises(DataError, match=r"dev\.tsv: holds no comment"):
        load_comments(folder, "dev")


def test_a_missing_file_names_itself_and_the_remedy(folder: Path) -> None:
    with pytest.raises(DataError, match=r"dev\.tsv: No such file.*make data"):
        load_comments(folder, "dev")


def test_an_unknown_split_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="split: one of train, dev, test, got 'eval'"):
        load_comments(folder, "eval")


def test_emotions_in_another_order_are_refused(folder: Path) -> None:
    (folder / "goemotions" / "emotions.txt").write_text("\n".join(reversed(EMOTIONS.names)))
    write_split(folder, "so sad\t25\tid1\n")
    with pytest.raises(DataError, match=r"emotions\.txt: .*order"):
        load_comments(folder, "dev")


def test_the_vocabulary_is_ordered_by_count_then_alphabet() -> None:
    assert build_vocabulary(["b a c", "B, a", "b d"], min_count=1) == ["[PAD]", "[UNK]", "b", "a", "c", "d"]
    assert build_vocabulary(["b a c", "B, a", "b d"], min_count=2) == ["[PAD]", "[UNK]", "b", "a"]


def test_the_unknown_share_counts_first_windows_with_their_padding() -> None:
    tokenizer = word_tokenizer(build_vocabulary(["a"], min_count=1))
    assert unknown_share(tokenizer, ["a x", "x y"]) == pytest.approx(3 / 60)
    assert unknown_share(tokenizer, ["x " * 45]) == 1.0  # the 15 words of the second window don't count
    assert unknown_share(tokenizer, ["", "x"]) == pytest.approx(1 / 60)
    assert unknown_share(tokenizer, ["aaaa"]) == pytest.approx(1 / 30)  # no word that the seed knew
