"""Scenes judged of the public corpora's sentences: whose they are, and how their files can be damaged."""

from pathlib import Path

import pytest

from ambiance.affect import NO_SCENE, SCENES
from training.data.emobank import load_emobank
from training.data.errors import DataError
from training.data.goemotions import load_comments
from training.data.judged import FOLDER, digest, load_judged
from training.data.lessons import DATASETS
from training.data.sources import data_dir
from training.data.tables import rows
from training.data.written import parse_scenes
from training.data.xed import load_xed

TEXTS = ("Run!", "Fine.", "Oh, you!", "Fine.", "Never judged")
FEAR, JOY, NONE, TENDERNESS = map(SCENES.index, ("fear", "joy", NO_SCENE, "tenderness"))


def write(folder: Path, *judgements: tuple[str, str]) -> None:
    """A file of `films`: digest and scenes a line."""
    (folder / "films.tsv").write_text("".join(f"{name}\t{scenes}\n" for name, scenes in judgements))


def test_judgements_find_their_sentences_whatever_the_order(tmp_path: Path) -> None:
    write(tmp_path, (digest("Oh, you!"), "tenderness+joy"), (digest("Run!"), "fear"))
    assert load_judged("films", TEXTS, tmp_path) == {0: (FEAR,), 2: (TENDERNESS, JOY)}
    assert list(load_judged("films", TEXTS, tmp_path)) == [0, 2]
    assert load_judged("films", TEXTS[::-1], tmp_path) == {4: (FEAR,), 2: (TENDERNESS, JOY)}


def test_a_sentence_that_stands_twice_has_its_judgement_twice(tmp_path: Path) -> None:
    write(tmp_path, (digest("Fine."), NO_SCENE))
    assert load_judged("films", TEXTS, tmp_path) == {1: (NONE,), 3: (NONE,)}


def test_each_corpus_has_a_file_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, (digest("Run!"), "fear"))
    (tmp_path / "forums.tsv").write_text(f"{digest('Run!')}\tjoy\n")
    assert load_judged("forums", TEXTS, tmp_path) == {0: (JOY,)}


def test_a_digest_is_the_beginning_of_the_sha_256() -> None:
    assert digest("") == "e3b0c44298fc"
    assert len({digest(text) for text in ("über", "uber", "Über", "über ", "u\u0308ber")}) == 5


@pytest.mark.parametrize(
    ("row", "offence"),
    [
        ("000000000000\tjoy", "no sentence of films has the digest '000000000000'"),
        (f"{digest('Run!').upper()}\tjoy", "no sentence of films has the digest"),
        (f"{digest('Run!')[:-1]}\tjoy", "no sentence of films has the digest"),
        ("Run!\tjoy", "no sentence of films has the digest 'Run!'"),
        (f"{digest('Run!')}\tbliss", "scenes are joy, .*, got 'bliss'"),
        (f"{digest('Run!')}\tjoy+", "scenes are joy, .*, got ''"),
        (f"{digest('Run!')}\tjoy+joy", r"one scene or two different ones, got 'joy\+joy'"),
        (f"{digest('Run!')}\tjoy+fear+awe", r"one scene or two different ones, got 'joy\+fear\+awe'"),
        (digest("Run!"), "2 tab-separated columns, got 1"),
        (f"{digest('Run!')}\tjoy\tRun!", "2 tab-separated columns, got 3"),
        (f"{digest('Run!')}\t", "column 2 is empty"),
        ("\tjoy", "column 1 is empty"),
        ("", "2 tab-separated columns, got 1"),
    ],
)
def test_a_damaged_judgement_is_named(tmp_path: Path, row: str, offence: str) -> None:
    (tmp_path / "films.tsv").write_text(f"{digest('Fine.')}\tnone\n{row}\n")
    with pytest.raises(DataError, match=rf"films\.tsv: line 2: {offence}"):
        load_judged("films", TEXTS, tmp_path)


def test_a_file_of_nothing_or_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"films\.tsv: No such file"):
        load_judged("films", TEXTS, tmp_path)
    write(tmp_path)
    with pytest.raises(DataError, match=r"films\.tsv: holds no judgement"):
        load_judged("films", TEXTS, tmp_path)


@pytest.mark.parametrize("corpus", DATASETS)
def test_our_own_judgements_are_whole_and_hold_no_sentence_twice(corpus: str) -> None:
    judged = [
        (name, parse_scenes(scenes, where)) for (name, scenes), where in rows(FOLDER / f"{corpus}.tsv", 2)
    ]
    assert len({name for name, _ in judged}) == len(judged) > 5000
    assert all(len(name) == len(digest("")) and set(name) <= set("0123456789abcdef") for name, _ in judged)
    assert {scene for _, scenes in judged for scene in scenes} == set(range(len(SCENES)))
    assert all(NONE not in scenes for _, scenes in judged if len(scenes) > 1)


@pytest.mark.data
def test_our_own_judgements_are_of_sentences_that_models_learn() -> None:
    folder = data_dir()
    if not folder.is_dir():
        pytest.skip("the data sets are not on this machine")
    texts_of = {
        "goemotions": load_comments(folder, "train").texts,
        "xed": load_xed(folder).texts,
        "emobank": load_emobank(folder, "train").texts,
    }
    assert set(texts_of) == set(DATASETS)
    for corpus, texts in texts_of.items():
        judged = load_judged(corpus, texts)  # refuses what is judged of another sentence
        listed = {name for (name, _), _ in rows(FOLDER / f"{corpus}.tsv", 2)}
        assert {digest(texts[row]) for row in judged} == listed
        names = {text: digest(text) for text in texts}
        assert len(set(names.values())) == len(names)  # no two sentences share a digest
