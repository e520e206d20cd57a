"""The sequence of clips: the cheapest there is, by the weights that a request sets."""

from itertools import groupby, pairwise, product

import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance.match.v1 import soundtrack_pb2 as pb
from gateway.soundtrack import costs, sequence
from scripted_services import MOODS, FakeMusic, clip, compose, cues_of, sentence

FACET = {word: facet for word, (facet, _) in MOODS.items()}
SCENES = ("wept", "laughed", "wept", "trembled", "laughed")
STORY = "".join(sentence(word) * 12 for word in SCENES)


def library(seed: int, count: int = 18) -> FakeMusic:
    """Clips of several facets at once, so that the nearest of one passage jars with that of the next."""
    random = np.random.default_rng(seed)
    return FakeMusic(
        [
            clip(f"clip-{i:02}", happy=happy, sad=sad, eerie=eerie, calm=calm)
            for i, (happy, sad, eerie, calm) in enumerate(random.random((count, 4)).tolist())
        ]
    )


def figures(cues: list[pb.Cue]) -> tuple[float, float, int]:
    """Distance of the clips in sum, jumps from one to the next in sum, and how many clips there are."""
    facets = [
        np.array([each.score for each in sorted(cue.clip.clip.facets, key=lambda each: each.facet)])
        for cue in cues
    ]
    jumps = sum(float(np.linalg.norm(after - before)) for before, after in pairwise(facets))
    return sum(cue.clip.distance for cue in cues), jumps, len({cue.clip.clip.id for cue in cues})


def totals(weights: dict[str, float], intensity: float = 1.0) -> NDArray[np.float64]:
    """The figures over several libraries, in sum."""
    found = [
        figures(cues_of(compose(library(seed), STORY, weights=weights, intensity=intensity)))
        for seed in range(8)
    ]
    return np.array(found).sum(axis=0)


def test_without_other_weights_every_clip_is_the_nearest_that_may_play() -> None:
    weights = {"smoothness": 0, "variety": 0, "staying": 0}
    cues = cues_of(compose(library(1), STORY, weights=weights, no_repeat_cues=1))
    assert {cue.reason for cue in cues} == {pb.CUE_REASON_NEAREST}


def test_the_sequence_is_the_cheapest_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """By fit and smoothness alone, and over few enough clips that each sequence can be tried."""
    monkeypatch.setattr(sequence, "FIRST_LAG", sequence.LAG)
    music = library(2, count=6)
    weights = {"variety": 0.0, "staying": 0.0}
    cues = cues_of(compose(music, STORY, weights=weights, no_repeat_cues=100))
    values = np.array([at for _, at in music.clips])
    wanted = np.array([list(cue.passage.text.vectors[0].values) for cue in cues])
    distances = ((wanted[:, None] - values) ** 2).sum(axis=2)
    fits = distances - distances.min(axis=1, keepdims=True)
    fits /= fits.max(axis=1, keepdims=True)  # of six the last stands for the twelfth
    changes = np.linalg.norm(values[:, None] - values, axis=2) / costs.CLIP_CHANGE
    text = np.linalg.norm(np.diff(wanted, axis=0), axis=1) / costs.TEXT_CHANGE

    def cost(ranks: tuple[int, ...]) -> float:
        jumps = [max(0.0, changes[a, b] - t) for a, b, t in zip(ranks, ranks[1:], text, strict=False)]
        return float(sum(fits[i, each] for i, each in enumerate(ranks)) + costs.JUMP_COST * sum(jumps))

    # a clip may be held, and doesn't come back
    sequences = [*product(range(6), repeat=5)]
    runs = [[rank for rank, _ in groupby(each)] for each in sequences]
    best = min(cost(each) for each, run in zip(sequences, runs, strict=True) if len(set(run)) == len(run))
    ids = [each.id for each, _ in music.clips]
    assert cost(tuple(ids.index(cue.clip.clip.id) for cue in cues)) == pytest.approx(best)


def test_fit_brings_clips_nearer() -> None:
    assert totals({"fit": 8})[0] < totals({"fit": 0.1})[0]


def test_smoothness_takes_jumps_away() -> None:
    assert totals({"smoothness": 8})[1] < totals({"smoothness": 0})[1]


def test_staying_keeps_clips() -> None:
    moods_that_hardly_change = 0.25
    stay, go = ({"smoothness": 0, "staying": staying} for staying in (8, 0))
    assert totals(stay, moods_that_hardly_change)[2] < totals(go, moods_that_hardly_change)[2]


def test_variety_brings_more_clips() -> None:
    text = sentence("wept") * 400
    weights = {"staying": 0.0, "smoothness": 0.0}
    few = figures(cues_of(compose(library(3), text, no_repeat_cues=1, weights={**weights, "variety": 0})))
    many = figures(cues_of(compose(library(3), text, no_repeat_cues=1, weights={**weights, "variety": 5})))
    assert many[2] > few[2]


@pytest.mark.parametrize("k", [3, 10])
def test_only_so_many_clips_are_weighed(k: int) -> None:
    music = library(4)
    compose(music, STORY, options={"k": k})
    assert {request.options.k for request in music.asked} <= {k, 1}


def test_it_is_told_how_a_cue_begins() -> None:
    cues = cues_of(compose(library(5), STORY))
    assert cues[0].transition == pb.TRANSITION_FADE
    for cue in cues[1:]:
        assert cue.transition in (pb.TRANSITION_FADE, pb.TRANSITION_CUT)
        assert (cue.transition_seconds == 0) == (cue.transition == pb.TRANSITION_CUT)
        assert cue.transition_seconds <= cue.duration_seconds / 2


def test_it_is_told_why_in_a_sentence() -> None:
    cue, *_ = cues_of(compose(FakeMusic([clip("a", sad=0.9)]), sentence("wept") * 12))
    assert cue.why == "It is sad, as this passage is."
