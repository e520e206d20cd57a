"""Facets and traits learned from captions' words, VAD from judgements: what is planted is found, stated as
probable as it is, and measured on videos that weren't learned."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

from ambiance.affect import FACETS, MOODS, TRAITS  # noqa: E402
from training.data.audioset import Clips, dequantize  # noqa: E402
from training.data.errors import DataError  # noqa: E402
from training.metrics.calibration import reliability  # noqa: E402
from training.music import facets as facets_module  # noqa: E402
from training.music.caption_judgements import Judged  # noqa: E402
from training.music.caption_words import Said  # noqa: E402
from training.music.facets import (  # noqa: E402
    FACET_OF_MOOD,
    FOLDS,
    CaptionedClips,
    FacetModel,
    FacetsAcrossFolds,
    Linear,
    facets_across_folds,
    fit_facets,
    fold_of_video,
    frame_moments,
    join_captions,
    moments,
)
from training.music.mood_rows import MoodRows  # noqa: E402
from training.music.quality import facet_quality  # noqa: E402

pytestmark = [pytest.mark.tensorflow]

CLIPS = 500
NAMES = (*FACETS, *TRAITS)
VAD_FEATURES = slice(20, 23)
LOW_QUALITY = NAMES.index("low_quality")


def captioned(clips: int, seed: int) -> CaptionedClips:
    """Feature i tells how probable facet or trait i is, but for low quality: that is told by how much the
    feature varies. Words say fewer facets than are judged. Features 20 to 22 tell VAD."""
    draw = np.random.default_rng(seed)
    levels = draw.integers(68, 188, (clips, 128))
    variations = draw.integers(0, 61, clips)
    frames = np.repeat(levels[:, None], 10, axis=1)
    frames[:, ::2, LOW_QUALITY] += variations[:, None]
    frames[:, 1::2, LOW_QUALITY] -= variations[:, None]
    telling = (levels[:, : len(NAMES)] - 128) / 60
    telling[:, LOW_QUALITY] = (variations - 30) / 30
    facets, traits = telling[:, : len(FACETS)], telling[:, len(FACETS) :]
    said = Said(drawn(draw, facets, 3), drawn(draw, traits, 1))
    judged = drawn(draw, facets, 1)
    mains = np.eye(len(FACETS), dtype=bool)[np.where(judged, facets, -9).argmax(axis=1)] & judged
    vad = (levels[:, VAD_FEATURES] - 68) / 120 + draw.normal(0, 0.1, (clips, 3))
    ids = np.array([f"video{row // 2}" for row in range(clips)])  # two clips a video
    return CaptionedClips(
        np.array([f"{name}@{row}" for row, name in enumerate(ids)]),
        ids,
        frames.astype(np.uint8),
        np.full(clips, 10, np.int32),
        said,
        Judged(judged, mains, np.clip(vad, 0, 1).astype(np.float32)),
    )


def drawn(draw: np.random.Generator, telling: NDArray[np.float64], rarity: float) -> NDArray[np.bool_]:
    return draw.random(telling.shape) < 1 / (1 + np.exp(rarity - 4 * telling))


def mood_rows(rows: int) -> MoodRows:
    """Moods in turn, each with much of the feature of its facet, of videos that are captioned too."""
    draw, moods = np.random.default_rng(9), np.arange(rows) % 7
    frames = np.repeat(draw.integers(68, 188, (rows, 1, 128)), 10, axis=1)
    features = [FACETS.index(FACET_OF_MOOD[mood]) for mood in MOODS.names]
    frames[np.arange(rows), :, np.array(features)[moods]] = 188
    ids = np.array([f"video{row}@0" for row in range(rows)])
    return MoodRows(ids, frames.astype(np.uint8), np.full(rows, 10, np.int32), moods)


CAPTIONED, ROWS, OTHERS = captioned(CLIPS, seed=0), mood_rows(70), captioned(2000, seed=1)


@pytest.fixture(scope="module")
def model() -> FacetModel:
    return fit_facets(CAPTIONED, ROWS)


@pytest.fixture(scope="module")
def heard(model: FacetModel) -> dict[str, NDArray[np.float32]]:
    """What the model says of clips that it hasn't learned."""
    outputs = model(tf.constant(OTHERS.frames), tf.constant(OTHERS.frame_counts))
    return {name: tensor.numpy() for name, tensor in outputs.items()}


@pytest.fixture(scope="module")
def across() -> FacetsAcrossFolds:
    return facets_across_folds(CAPTIONED, ROWS, CAPTIONED)


def columns(facets: NDArray[np.floating], traits: NDArray[np.floating]) -> dict[str, NDArray[np.floating]]:
    return dict(zip(NAMES, np.concatenate([facets, traits], axis=1).T, strict=True))


def truth(clips: CaptionedClips) -> dict[str, NDArray[np.floating]]:
    """What each facet and trait is learned to be: as words say."""
    return columns(clips.said.facets, clips.said.traits)


DUE = truth(OTHERS)


@pytest.mark.parametrize("name", NAMES)
def test_what_tells_a_facet_or_trait_is_found(heard: dict[str, NDArray[np.float32]], name: str) -> None:
    scores, due = columns(heard["facets"], heard["traits"])[name], DUE[name].astype(bool)
    higher = scores[due][:, None] > scores[~due]
    assert higher.mean() > 0.75  # its AUC; the planted truth itself reaches 0.85


@pytest.mark.parametrize("name", NAMES)
def test_probabilities_are_as_large_as_they_are_right(
    heard: dict[str, NDArray[np.float32]], name: str
) -> None:
    scores, due = columns(heard["facets"], heard["traits"])[name], DUE[name].astype(bool)
    # learned with classes balanced, though facets are rarer: uncalibrated they would be off by .28 (traits by
    # .1), and by .19 if they were as common as judged
    assert scores.mean() == pytest.approx(due.mean(), abs=0.06)
    assert reliability(scores, due).expected_calibration_error < 0.09


def test_vad_is_as_spread_as_what_was_judged(heard: dict[str, NDArray[np.float32]]) -> None:
    ours, theirs = heard["vad"], OTHERS.judged.vad
    assert ours.min() >= 0
    assert ours.max() <= 1
    for axis in range(3):
        assert np.corrcoef(ours[:, axis], theirs[:, axis])[0, 1] > 0.7
    np.testing.assert_allclose(ours.std(axis=0), theirs.std(axis=0), rtol=0.2)
    np.testing.assert_allclose(ours.mean(axis=0), theirs.mean(axis=0), atol=0.05)


def test_outputs_are_probabilities_of_their_widths(
    model: FacetModel, heard: dict[str, NDArray[np.float32]]
) -> None:
    assert {name: rows.shape for name, rows in heard.items()} == {
        "facets": (2000, 12),
        "traits": (2000, 3),
        "vad": (2000, 3),
    }
    for rows in heard.values():
        assert rows.dtype == np.float32
        assert ((rows >= 0) & (rows <= 1)).all()
    assert model.parameter_count == 129 * 12 + 257 * 3 + 129 * 3


def blinded(clips: CaptionedClips, column: str) -> CaptionedClips:
    """The same clips, but nothing tells which facets are `said` of them, or `judged`."""
    blind, draw = clips.take(np.arange(len(clips))), np.random.default_rng(4)
    facets = getattr(blind, column).facets
    facets[:] = draw.random(facets.shape) < 0.5
    return blind


def test_no_judgement_of_facets_is_learned(heard: dict[str, NDArray[np.float32]]) -> None:
    others = fit_facets(blinded(CAPTIONED, "judged"), ROWS)
    for name, tensor in others(tf.constant(OTHERS.frames), tf.constant(OTHERS.frame_counts)).items():
        np.testing.assert_array_equal(tensor.numpy(), heard[name], name)


def test_mood_rows_teach_their_facets() -> None:
    """Without captions that tell it, a facet is heard where its mood's rows are."""
    blind, rows = blinded(captioned(200, seed=3), "said"), mood_rows(350)
    # Platt's slope may turn a facet around that captions tell nothing of: not yet calibrated, it is heard.
    uncalibrated, _, _ = facets_module._fit(blind, rows)
    logits = uncalibrated(moments(rows.frames, rows.frame_counts)[:, :128])
    for mood, facet in FACET_OF_MOOD.items():
        own = rows.moods == MOODS.names.index(mood)
        scores = logits[:, FACETS.index(facet)]
        assert scores[own].mean() > scores[~own].mean() + scores.std()


def test_both_ways_of_taking_moments_agree() -> None:
    draw = np.random.default_rng(0)
    frames = draw.integers(0, 256, (20, 10, 128)).astype(np.uint8)
    counts = draw.integers(1, 11, 20).astype(np.int32)
    counts[:2] = 1, 10
    ours = moments(frames, counts)
    assert (ours.shape, ours.dtype) == ((20, 256), np.float32)
    np.testing.assert_allclose(ours, np.concatenate(frame_moments(frames, counts), axis=1), atol=1e-5)
    for row, clip, count in zip(ours, frames, counts, strict=True):
        there = dequantize(clip[:count])
        np.testing.assert_allclose(row, [*there.mean(axis=0), *there.std(axis=0)], atol=1e-5)


def test_a_video_is_in_one_fold_and_every_fold_has_some() -> None:
    fold = fold_of_video(CAPTIONED.youtube_ids)
    np.testing.assert_array_equal(fold[::2], fold[1::2])
    assert set(fold.tolist()) == set(range(FOLDS))
    np.testing.assert_array_equal(fold, fold_of_video(CAPTIONED.youtube_ids))


@pytest.mark.parametrize("asked", [CAPTIONED, ROWS], ids=["captioned clips", "mood rows"])
def test_no_model_hears_a_video_that_it_learned(
    asked: CaptionedClips | MoodRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[set[str]] = []

    def constant(width: int, inputs: int) -> Linear:
        bias = np.full(width, len(learned) - 1, np.float32)
        return Linear(np.zeros((inputs, width), np.float32), bias)

    def fit(clips: CaptionedClips, rows: MoodRows) -> tuple[Linear, Linear, Linear]:
        learned.append({*clips.youtube_ids.tolist(), *rows.youtube_ids.tolist()})
        return constant(12, 128), constant(3, 256), constant(3, 128)

    identity = facets_module._Calibration(*((np.ones(n), np.zeros(n)) for n in (12, 3, 3)))
    monkeypatch.setattr(facets_module, "_fit", fit)
    monkeypatch.setattr(facets_module, "_calibrate", lambda across, clips: identity)
    found = facets_across_folds(CAPTIONED, ROWS, asked)
    model_of_clip = found.facets[:, 0].astype(int)
    for video, number in zip(asked.youtube_ids.tolist(), model_of_clip.tolist(), strict=True):
        assert video not in learned[number]
    everything = {*CAPTIONED.youtube_ids.tolist(), *ROWS.youtube_ids.tolist()}
    assert all(len(ids) > 0.6 * len(everything) for ids in learned)
    np.testing.assert_array_equal(found.traits[:, 0], found.facets[:, 0])


def test_quality_is_that_of_the_folds(across: FacetsAcrossFolds) -> None:
    quality = facet_quality(across, CAPTIONED)
    scores, due = columns(across.facets, across.traits), truth(CAPTIONED)
    judged = dict(zip(FACETS, CAPTIONED.judged.facets.T, strict=True))
    assert tuple(quality["facets"]) == NAMES
    for name, figures in quality["facets"].items():
        assert figures["share"] == pytest.approx(due[name].mean(), abs=1e-4)
        assert 0.7 < figures["auc"] < 0.95
        told_by = {"auc": due[name].astype(bool)} | ({"judged_auc": judged[name]} if name in judged else {})
        assert {key for key in figures if key.endswith("auc")} == set(told_by)  # traits weren't judged
        for key, told in told_by.items():
            higher = scores[name][told][:, None] > scores[name][~told]
            assert figures[key] == pytest.approx(higher.mean(), abs=1e-3)
        assert 1.2 < figures["lift"] < 1 / figures["share"]
        assert 0 <= figures["calibration_error"] < 0.1
    assert all(correlation > 0.6 for correlation in quality["vad"].values())


def test_learning_is_repeated_to_the_bit_for_the_same_clips() -> None:
    few = CAPTIONED.take(np.arange(60))
    copy = few.take(np.arange(60))  # isn't known to be the clips that were learned
    one, other = (facets_across_folds(few, ROWS, asked) for asked in (few, copy))
    for name, values in vars(one).items():
        np.testing.assert_array_equal(values, getattr(other, name))


@pytest.mark.parametrize(
    ("change", "offence"),
    [
        (lambda clips: clips.said.facets[:, 0].fill(False), "calm is said of no clip"),
        (lambda clips: clips.said.facets[:, 1].fill(True), "tender is said of every clip"),
        (lambda clips: clips.said.traits[:, 2].fill(False), "trait 2 is said of no clip"),
    ],
)
def test_what_no_caption_tells_apart_is_refused(
    change: Callable[[CaptionedClips], None], offence: str
) -> None:
    clips = captioned(60, seed=0)
    change(clips)
    without = ROWS.take(np.flatnonzero(ROWS.moods > 100))
    with pytest.raises(DataError, match=f"captions: {offence}"):
        fit_facets(clips, without)


def clips_at(places: list[tuple[str, float]]) -> Clips:
    starts = np.array([start for _, start in places], np.float32)
    frames = np.arange(len(places), dtype=np.uint8)[:, None, None] * np.ones((1, 10, 128), np.uint8)
    names = tuple(name for name, _ in places)
    return Clips(
        youtube_ids=names,
        start_seconds=starts,
        end_seconds=starts + 10,
        labels=((137,),) * len(places),
        frames=frames,
        frame_counts=np.full(len(places), 10, np.int32),
    )


def told_of(count: int) -> tuple[Said, Judged]:
    clips = captioned(count, seed=0)
    return clips.said, clips.judged


def test_captions_find_their_clips_by_video_and_whole_second() -> None:
    clips = clips_at([("a", 0), ("b", 30.5), ("a", 30)])
    said, judged = told_of(2)
    joined = join_captions(clips, [("a", 30), ("b", 30)], said, judged)
    assert joined.clip_ids.tolist() == ["a@30", "b@30.5"]
    assert joined.frames[:, 0, 0].tolist() == [2, 1]
    taken = joined.take(np.array([False, True]))
    assert (len(taken), taken.youtube_ids.tolist()) == (1, ["b"])
    for ours, theirs in ((taken.said, said), (taken.judged, judged)):
        for name, column in vars(theirs).items():
            np.testing.assert_array_equal(getattr(ours, name), column[1:])


def test_a_caption_of_no_clip_is_refused() -> None:
    with pytest.raises(DataError, match=r"captions: b@7 and 1 more are no clips of this split"):
        join_captions(clips_at([("a", 0)]), [("b", 7), ("a", 0), ("c", 0)], *told_of(3))
