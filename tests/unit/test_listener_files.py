"""The listener's benchmark is whole, varied, and apart from everything that models learn."""

import re
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.feature_extraction.text import TfidfVectorizer

from ambiance.affect import FACETS, NO_SCENE, SCENES
from training.data.errors import DataError
from training.data.written import WORDS_FOLDER, load_distress, load_written
from training.listener import files
from training.listener.files import (
    DISTRESS_BENCHMARK,
    HALVES,
    KINDS,
    REGISTERS,
    Benchmark,
    load_benchmark,
)

FEWEST_TEXTS = 600  # of both halves
FEWEST_OF_A_SCENE = 15  # in each
MOST_ALIKE = 0.65  # cosine
FEWEST_WORDS = 4  # of a phrase that is compared with whole texts; a shorter one may stand in any

# A phrase that anybody says; nothing else in one half is like anything in the other.
STOCK_PHRASE = {"I wish you were here.", "wish you were here tonight"}
ANNOUNCEMENT = "it's a girl!!!"  # as everybody makes it; no other text is a phrase that models learn


@pytest.fixture(scope="module")
def halves() -> dict[str, Benchmark]:
    return {half: load_benchmark(half) for half in HALVES}


@pytest.mark.parametrize("half", HALVES)
def test_a_half_holds_every_scene_register_and_kind(halves: dict[str, Benchmark], half: str) -> None:
    benchmark = halves[half]
    counts = np.bincount(list(chain.from_iterable(benchmark.scenes)), minlength=len(SCENES))
    found = dict(zip(SCENES, counts.tolist(), strict=True))
    assert found.pop(NO_SCENE) == 0
    assert min(found.values()) >= FEWEST_OF_A_SCENE
    assert set(benchmark.registers) == set(REGISTERS)
    assert set(benchmark.kinds) == set(KINDS)


def test_the_halves_are_large_enough_and_judge_every_text(halves: dict[str, Benchmark]) -> None:
    assert sum(map(len, halves.values())) >= FEWEST_TEXTS
    for benchmark in halves.values():
        assert benchmark.fits.shape == benchmark.jars.shape == (len(benchmark), len(FACETS))
        assert benchmark.fits.any(axis=1).all()
        assert benchmark.jars.any(axis=1).all()
        assert not (benchmark.fits & benchmark.jars).any()
        pairs = zip(benchmark.kinds, benchmark.scenes, strict=True)
        assert "mixed" in {kind for kind, scenes in pairs if len(scenes) > 1}


def test_the_distress_benchmark_has_people_in_danger_and_look_alikes() -> None:
    sentences = load_distress(DISTRESS_BENCHMARK)
    assert min(sum(sentences.distress), len(sentences) - sum(sentences.distress)) >= 100


class Likeness:
    """Cosines of texts by their groups of four characters, rare ones weighing more."""

    def __init__(self, *texts: tuple[str, ...]) -> None:
        self._vectors = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(4, 4), sublinear_tf=True, dtype=np.float32
        ).fit(chain.from_iterable(texts))

    def __call__(self, one: tuple[str, ...], other: tuple[str, ...]) -> csr_matrix:
        return self._vectors.transform(one) @ self._vectors.transform(other).T

    def nearest(self, one: tuple[str, ...], other: tuple[str, ...]) -> NDArray[np.float32]:
        """<float32>[one] how like the most alike of `other` each text is."""
        return self(one, other).max(axis=1).toarray()[:, 0]


@pytest.fixture(scope="module")
def learned() -> tuple[str, ...]:
    """Every sentence that was written for training, and phrases long enough to be one."""
    phrases = (text for text in load_written(WORDS_FOLDER).texts if len(text.split()) >= FEWEST_WORDS)
    return (*load_written().texts, *load_distress().texts, *phrases)


@pytest.fixture(scope="module")
def asked(halves: dict[str, Benchmark]) -> dict[str, tuple[str, ...]]:
    """The texts of each part of the benchmark."""
    parts = {half: benchmark.texts for half, benchmark in halves.items()}
    return parts | {"distress": load_distress(DISTRESS_BENCHMARK).texts}


@pytest.fixture(scope="module")
def likeness(learned: tuple[str, ...], asked: dict[str, tuple[str, ...]]) -> Likeness:
    return Likeness(learned, *asked.values())


@pytest.mark.parametrize("part", [*HALVES, "distress"])
def test_no_text_is_nearly_one_that_models_learn(
    likeness: Likeness, learned: tuple[str, ...], asked: dict[str, tuple[str, ...]], part: str
) -> None:
    found = likeness.nearest(asked[part], learned)
    assert found.max() <= MOST_ALIKE, asked[part][found.argmax()]


def test_no_text_is_a_phrase_that_models_learn(asked: dict[str, tuple[str, ...]]) -> None:
    phrases = set(map(spoken, load_written(WORDS_FOLDER).texts))
    found = [text for text in chain.from_iterable(asked.values()) if spoken(text) in phrases]
    assert [text for text in found if text != ANNOUNCEMENT] == []


def spoken(text: str) -> tuple[str, ...]:
    """Words without case and punctuation."""
    return tuple(re.findall(r"[a-z']+", text.lower()))


def test_no_text_is_nearly_another(likeness: Likeness, asked: dict[str, tuple[str, ...]]) -> None:
    for texts in ((*asked["dev"], *asked["test"]), asked["distress"]):
        found = likeness(texts, texts).tocoo()
        alike = (found.data > MOST_ALIKE) & (found.row < found.col)
        pairs = [{texts[i], texts[j]} for i, j in zip(found.row[alike], found.col[alike], strict=True)]
        assert [pair for pair in pairs if pair != STOCK_PHRASE] == []


def test_a_near_duplicate_would_be_found(likeness: Likeness, learned: tuple[str, ...]) -> None:
    sentence = max(learned[:200], key=len)
    assert likeness.nearest((sentence.replace("the ", "a ").upper(),), learned)[0] > MOST_ALIKE


ROW = "joy\tdiary\tplain\thappy calm\tsad\tSnow!\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "_FOLDER", tmp_path)
    return tmp_path


def test_a_row_is_read_as_it_says(folder: Path) -> None:
    (folder / "dev.tsv").write_text(f"{ROW}hope+grief\tverse\tmixed\thopeful\tplayful happy\tBut still.\n")
    benchmark = load_benchmark("dev")
    assert benchmark.texts == ("Snow!", "But still.")
    assert benchmark.scenes == ((SCENES.index("joy"),), (SCENES.index("hope"), SCENES.index("grief")))
    assert (benchmark.registers, benchmark.kinds) == (("diary", "verse"), ("plain", "mixed"))
    assert [FACETS[i] for i in benchmark.fits[0].nonzero()[0]] == ["calm", "happy"]
    assert [FACETS[i] for i in benchmark.jars[1].nonzero()[0]] == ["happy", "playful"]


@pytest.mark.parametrize(
    ("row", "offence"),
    [
        ("joy\tdiary\tplain\thappy\tSnow!", "6 tab-separated columns, got 5"),
        ("joy\tdiary\tplain\thappy\t\tSnow!", "column 5 is empty"),
        ("bliss\tdiary\tplain\thappy\tsad\tSnow!", "scenes are joy, .*, got 'bliss'"),
        ("joy\tspeech\tplain\thappy\tsad\tSnow!", "no such register and kind: speech, plain"),
        ("joy\tdiary\tlong\thappy\tsad\tSnow!", "no such register and kind: diary, long"),
        ("joy\tdiary\tplain\tmerry\tsad\tSnow!", "facets are calm, .*, got 'merry'"),
        ("joy\tdiary\tplain\thappy\tgloomy\tSnow!", "facets are calm, .*, got 'gloomy'"),
        ("joy\tdiary\tplain\thappy calm\tsad happy\tSnow!", "happy can't both fit and jar"),
    ],
)
def test_a_damaged_row_is_named(folder: Path, row: str, offence: str) -> None:
    (folder / "test.tsv").write_text(f"{ROW}{row}\n")
    with pytest.raises(DataError, match=rf"test\.tsv: line 2: {offence}"):
        load_benchmark("test")
