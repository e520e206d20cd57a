"""What a listener would say of answers from a library made by hand, where every verdict can be counted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import EMOTIONS, FACETS, MOODS, SCENES
from ambiance.fixed_queries import FALLBACK_FILE, MIN_EVIDENCE
from ambiance.placement import EncodedClips
from ambiance.placement.mood_space import DIMENSION
from training.data.errors import DataError
from training.listener import files
from training.listener.files import HALVES, KINDS, REGISTERS, Benchmark, load_benchmark
from training.listener.measure import (
    TOP,
    Captioned,
    Library,
    Listening,
    breakdown,
    evidence,
    intervals,
    listen,
    means,
    served_queries,
)
from training.space import MoodSpace, fit_space
from training.text.encode import TextReadings

pytestmark = pytest.mark.tensorflow


def facets(*names: str) -> NDArray[np.bool_]:
    return np.array([facet in names for facet in FACETS])


def moods(*names: str) -> NDArray[np.float32]:
    """Each mood with a little more than half."""
    sure = 0.5 * np.eye(7, dtype=np.float32)[[MOODS.names.index(name) for name in names]]
    return sure + np.float32(0.5 / 7)


# Three places, 100 apart, with ten clips each: happy ones, sad ones, and half scary, half exciting ones.
PLACES = np.repeat(np.arange(3), TOP)
VECTORS = np.column_stack([100 * PLACES, np.tile(np.arange(TOP), 3)]).astype(np.float32)
LIBRARY = Library(VECTORS, moods(*["happy"] * 10, *["sad"] * 10, *["scary", "exciting"] * 5))
# Captioned clips lie there from the last to the first. Captions say happy where the happy ones are, of every
# other one calm as well; sad where the sad ones are; no more.
SAID = np.stack([*[facets()] * 10, *[facets("sad")] * 10, *[facets("happy"), facets("happy", "calm")] * 5])
# Judged mainly happy are eight of the clips where the happy ones are, calm six where the sad ones are.
MAINS = np.stack(
    [
        *[facets("eerie"), facets("energetic")] * 5,
        *[facets("calm")] * 6,
        *[facets()] * 4,
        *[facets("happy")] * 8,
        *[facets()] * 2,
    ]
)

BENCHMARK = Benchmark(
    texts=("a", "b", "c", "d"),
    scenes=tuple(
        tuple(map(SCENES.index, names)) for names in (("joy",), ("joy", "hope"), ("fear",), ("joy",))
    ),
    registers=("narration", "dialogue", "narration", "verse"),
    kinds=("plain", "irony", "plain", "plain"),
    fits=np.stack([facets("happy"), facets("happy", "hopeful"), facets("eerie"), facets("epic")]),
    jars=np.stack([facets("calm"), facets("sad", "calm"), facets("energetic"), facets("sad")]),
)


def posterior(names: list[str], classes: tuple[str, ...], share: float) -> NDArray[np.float32]:
    """Rows with a share on one class, the rest spread evenly."""
    rows = np.eye(len(classes))[[classes.index(name) for name in names]]
    return (share * rows + (1 - share) / len(classes)).astype(np.float32)


# Told: joy rightly, hope which is the second scene, joy where it is fear, and joy behind mostly nothing.
READINGS = TextReadings(
    emotions=posterior(["joy", "neutral", "fear", "neutral"], EMOTIONS.names, 0.5),
    scenes=posterior(["joy", "hope", "joy", "none"], SCENES, 0.9)
    + 0.01 * posterior(["joy"] * 4, SCENES, 1.0),
    distress=np.zeros((4, 1), np.float32),
    vad=np.full((4, 3), 0.5, np.float32),
    mood=np.zeros((4, DIMENSION), np.float32),
    embedding=np.zeros((4, 8), np.float32),
)


@pytest.fixture(scope="module")
def listening() -> Listening:
    """Texts a and d are answered by the happy clips, b by the sad ones, c by the scary and exciting ones."""
    queries = np.array([[0, 4.5], [100, 4.5], [200, 4.5], [0, 4.5]], np.float32)
    captioned = Library(VECTORS[::-1], LIBRARY.moods)
    return Listening(BENCHMARK, READINGS, queries, LIBRARY, captioned, SAID, MAINS)


def verdict(listening: Listening, name: str) -> list[float]:
    return listening.verdicts[name].tolist()


def test_ten_clips_answer_each_text(listening: Listening) -> None:
    first, second, third = (list(range(start, start + 10)) for start in (0, 10, 20))
    assert [sorted(row) for row in listening.hits.tolist()] == [first, second, third, first]
    assert [sorted(row) for row in listening.caption_hits.tolist()] == [third, second, first, third]


def test_a_captioned_answer_is_judged_by_its_main_facet(listening: Listening) -> None:
    assert verdict(listening, "listener_fit") == [0.8, 0, 0.5, 0]
    assert verdict(listening, "listener_jar") == [0, 0.6, 0.5, 0]


def test_an_answer_of_the_library_is_judged_by_its_strongest_mood(listening: Listening) -> None:
    assert verdict(listening, "mood_fit") == [1, 0, 0.5, 0]
    assert verdict(listening, "mood_jar") == [0, 1, 0.5, 0]


def test_most_is_more_than_half(listening: Listening) -> None:
    assert verdict(listening, "listener_mostly_jarring") == [0, 1, 0, 0]


def test_captions_are_judged_by_what_they_say(listening: Listening) -> None:
    assert verdict(listening, "captions_fit") == [1, 0, 0, 0]
    assert verdict(listening, "captions_jar") == [0.5, 1, 0, 0]


def test_chance_is_a_captioned_clip_at_random(listening: Listening) -> None:
    third, sixth = 1 / 3, 1 / 6
    assert verdict(listening, "captions_fit_chance") == pytest.approx([third, third, 0, 0])
    assert verdict(listening, "captions_jar_chance") == pytest.approx([sixth, 0.5, 0, third])
    assert verdict(listening, "captions_fit_lift") == pytest.approx([3, 0, 0, 0])
    assert verdict(listening, "listener_fit_chance") == pytest.approx([4 / 15, 4 / 15, sixth, 0])
    assert verdict(listening, "listener_jar_chance") == pytest.approx([0.2, 0.2, sixth, 0])


def test_a_scene_is_told_if_it_is_one_of_the_texts(listening: Listening) -> None:
    assert verdict(listening, "scene_told") == [1, 1, 0, 1]  # `none` isn't asked for: joy comes next there
    assert verdict(listening, "called_neutral") == [0, 1, 0, 1]
    assert verdict(listening, "fallback") == [0, 0, 0, 1]


def test_evidence_is_what_nothing_felt_leaves() -> None:
    none = READINGS.scenes[:, SCENES.index("none")]
    np.testing.assert_allclose(evidence(READINGS), 1 - none)
    assert (evidence(READINGS) < MIN_EVIDENCE).tolist() == [False, False, False, True]


def test_figures_are_means_and_lie_within_their_intervals(listening: Listening) -> None:
    figures, ends = means(listening), intervals(listening, resamples=200)
    assert figures["listener_fit"] == 0.325
    assert figures["captions_fit_lift"] == pytest.approx(0.75)
    assert set(figures) == set(ends) == set(listening.verdicts)
    assert all(low <= figures[name] <= high for name, (low, high) in ends.items())
    assert all(low >= 0 for low, _ in ends.values())
    assert ends == intervals(listening, resamples=200)


def test_a_multiple_of_chance_may_be_above_one(listening: Listening) -> None:
    alone = replace(
        listening,
        benchmark=Benchmark(
            *(column[:1] for column in vars(BENCHMARK).values()),
        ),
        queries=listening.queries[:1],
        readings=TextReadings(*(column[:1] for column in vars(READINGS).values())),
    )
    assert means(alone)["captions_fit_lift"] == pytest.approx(3)
    assert intervals(alone, resamples=10)["captions_fit_lift"] == pytest.approx((3, 3))
    assert intervals(alone, resamples=10)["listener_fit"] == pytest.approx((0.8, 0.8))


def test_figures_stand_by_scene_kind_and_register(listening: Listening) -> None:
    by = breakdown(listening)
    assert {name: {key: part["texts"] for key, part in groups.items()} for name, groups in by.items()} == {
        "scene": {"joy": 3, "fear": 1},  # the stronger of two
        "kind": {"plain": 3, "irony": 1},
        "register": {"narration": 2, "dialogue": 1, "verse": 1},
    }
    assert by["scene"]["joy"]["listener_fit"] == pytest.approx(0.8 / 3, abs=1e-4)
    assert by["kind"]["irony"]["listener_jar"] == 0.6


@pytest.fixture(scope="module")
def space() -> MoodSpace:
    return fit_space(np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32), "network")


def test_texts_of_little_evidence_ask_for_the_fallback(space: MoodSpace) -> None:
    readings = replace(READINGS, mood=np.ones((4, DIMENSION), np.float32))
    queries = served_queries(readings, space)
    assert queries.dtype == np.float32
    assert (queries[:3] == 1).all()
    np.testing.assert_array_equal(queries[3], space.fixed_queries()[FALLBACK_FILE])


def test_captioned_clips_are_a_library_of_their_own(space: MoodSpace) -> None:
    draw = np.random.default_rng(1)
    timbre = draw.normal(size=(30, 6))
    unit = timbre / np.linalg.norm(timbre, axis=1, keepdims=True)
    columns = (LIBRARY.moods, draw.random((30, 12)), draw.random((30, 3)), draw.random((30, 3)), unit)
    clips = EncodedClips(*(column.astype(np.float32) for column in columns))
    reference = draw.normal(size=(50, DIMENSION)).astype(np.float32)
    vectors = draw.normal(size=(40, DIMENSION)).astype(np.float32)
    library = Library(vectors, moods(*["sad"] * 40))
    captioned = Captioned(clips, SAID, MAINS)
    heard = listen(BENCHMARK, READINGS, space, library, captioned, reference, seed=3)
    np.testing.assert_array_equal(heard.captioned.vectors, space.place(clips, reference, seed=3))
    np.testing.assert_array_equal(heard.queries, served_queries(READINGS, space))
    assert (heard.library, heard.said is SAID, heard.mains is MAINS) == (library, True, True)
    assert verdict(heard, "mood_jar") == [0, 1, 0, 1]


@pytest.mark.parametrize("half", HALVES)
def test_the_benchmark_has_every_scene_kind_and_register(half: files.Half) -> None:
    benchmark = load_benchmark(half)
    assert len(benchmark) == len(set(benchmark.texts)) > 400
    assert {SCENES[scenes[0]] for scenes in benchmark.scenes} == set(SCENES) - {"none"}
    assert set(benchmark.kinds) == set(KINDS)
    assert set(benchmark.registers) == set(REGISTERS)
    assert benchmark.fits.shape == benchmark.jars.shape == (len(benchmark), len(FACETS))
    assert benchmark.fits.any(axis=1).all()
    assert not (benchmark.fits & benchmark.jars).any()
    assert benchmark.fits.any(axis=0).all()


def test_the_halves_share_no_text() -> None:
    one, other = ({text.lower() for text in load_benchmark(half).texts} for half in HALVES)
    assert not one & other


@pytest.mark.parametrize(
    ("row", "offence"),
    [
        ("joy\tsong\tplain\thappy\tsad\ttext", "no such register and kind: song, plain"),
        ("joy\tverse\todd\thappy\tsad\ttext", "no such register and kind: verse, odd"),
        ("glee\tverse\tplain\thappy\tsad\ttext", "scenes are joy, .*, got 'glee'"),
        ("joy\tverse\tplain\tgrim\tsad\ttext", "facets are calm, .*, got 'grim'"),
        ("joy\tverse\tplain\thappy sad\tsad\ttext", "sad can't both fit and jar"),
        ("joy\tverse\tplain\thappy\tsad", "6 tab-separated columns, got 5"),
        ("joy\tverse\tplain\t\tsad\ttext", "column 4 is empty"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str, offence: str) -> None:
    good = "joy\tverse\tplain\thappy\tsad\ttext"
    (tmp_path / "dev.tsv").write_text(f"{good}\n{row}\n", encoding="utf-8")
    monkeypatch.setattr(files, "_FOLDER", tmp_path)
    with pytest.raises(DataError, match=rf"dev\.tsv: line 2: {offence}"):
        load_benchmark("dev")
