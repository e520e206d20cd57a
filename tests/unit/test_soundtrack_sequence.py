"""The sequence of clips: the cheapest there is, by the weights that a request sets."""

from itertools import groupby, pairwise, product

import numpy as np
import pytest
from numpy.typing import NDArray

from ambiance.affect import MOODS as ALL_MOODS
from ambiance.limits import MAX_HOLD_S
from ambiance.match.v1 import soundtrack_pb2 as pb
from gateway.soundtrack import costs, sequence
from gateway.soundtrack.characters import characters
from scripted_services import MOODS, FakeMusic, clip, compose, cues_of, point, sentence

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


def fits_of(music: FakeMusic, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """<float64>[passages, clips] what each clip costs by itself, where no library has more than 24."""
    values = np.array([at for _, at in music.clips])
    distances = ((wanted[:, None] - values) ** 2).sum(axis=2)
    beyond = distances - distances.min(axis=1, keepdims=True)
    shares = characters(values, np.zeros((len(values), len(ALL_MOODS.names))))
    asked = wanted.clip(0) / wanted.max(axis=1, keepdims=True)
    return beyond / beyond.max(axis=1, keepdims=True) + costs.CHARACTER_COST * (1 - asked @ shares.T)


def wanted_by(cues: list[pb.Cue]) -> NDArray[np.float64]:
    """<float64>[passages, facets] what each asks for."""
    return np.array([list(cue.passage.text.vectors[0].values) for cue in cues])


def test_without_other_weights_every_clip_is_the_one_that_fits_best_of_those_that_may_play() -> None:
    music = library(1)
    weights = {"smoothness": 0, "variety": 0, "staying": 0}
    cues = cues_of(compose(music, STORY, weights=weights, no_repeat_cues=1))
    ids = [each.id for each, _ in music.clips]
    best = fits_of(music, wanted_by(cues)).argmin(axis=1)
    assert [cue.clip.clip.id for cue in cues] == [ids[at] for at in best.tolist()]


def test_a_clip_of_what_is_asked_for_plays_before_a_nearer_one_that_is_something_else() -> None:
    """How near a clip stands is the index's to say, by more than its facets."""
    (something_else, _), (asked, _) = clip("else", happy=0.4, playful=0.6), clip("asked", happy=0.6)
    music = FakeMusic([(something_else, point(happy=0.95)), (asked, point(happy=0.9))])
    [cue] = cues_of(compose(music, sentence("laughed") * 12))
    assert cue.clip.clip.id == "asked"
    assert cue.reason == pb.CUE_REASON_SEQUENCE
    assert cue.why == "It is happy, as this passage is."


def test_a_joy_between_griefs_keeps_its_joy() -> None:
    """A clip that is half grief follows more smoothly, and is nearer to what stands around it."""
    griefs = [clip(f"grief-{i}", sad=0.9, calm=0.6 - i / 50) for i in range(3)]
    halfway, joy = clip("halfway", sad=0.6, calm=0.5, happy=0.45), clip("joy", happy=0.8, energetic=0.3)
    story = "".join(sentence(word) * 12 for word in ("wept", "laughed", "wept"))
    cues = cues_of(compose(FakeMusic([*griefs, halfway, joy]), story))
    assert [cue.clip.clip.id for cue in cues][1] == "joy"


def test_it_is_told_that_a_clip_follows_what_played_where_another_fits_better() -> None:
    griefs = [clip("grief", sad=0.9, calm=0.5)]
    joys = [clip("loud", happy=0.95, energetic=0.6), clip("soft", happy=0.9, calm=0.3, sad=0.1)]
    (loud, _), soft = joys
    music = FakeMusic([*griefs, (loud, point(happy=0.99)), soft])
    cues = cues_of(compose(music, sentence("wept") * 12 + sentence("laughed") * 12))
    assert [cue.clip.clip.id for cue in cues] == ["grief", "soft"]
    assert cues[1].why == (
        "It is happy, as this passage is, and follows what played before better than nearer ones."
    )


def test_the_sequence_is_the_cheapest_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """By fit and smoothness alone, and over few enough clips that each sequence can be tried."""
    monkeypatch.setattr(sequence, "FIRST_LAG", sequence.LAG)
    music = library(2, count=6)
    weights = {"variety": 0.0, "staying": 0.0}
    cues = cues_of(compose(music, STORY, weights=weights, no_repeat_cues=100))
    values = np.array([at for _, at in music.clips])
    fits = fits_of(music, wanted_by(cues))
    changes = (1 - costs.VAD_SHARE) * np.linalg.norm(values[:, None] - values, axis=2) / costs.CLIP_CHANGE

    def cost(ranks: tuple[int, ...]) -> float:
        jumps = [changes[pair] ** costs.JUMP_POWER for pair in pairwise(ranks)]
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


def test_no_weight_keeps_a_clip_beyond_its_time_or_has_nothing_play() -> None:
    clips = [clip("sad", sad=1, calm=1, tender=1), clip("happy", happy=1, energetic=1, playful=1)]
    cues = cues_of(compose(FakeMusic(clips), sentence("wept") * 150, weights={"smoothness": 100}))
    seconds = {each.id: 0.0 for each, _ in clips}
    for cue in cues:
        seconds[cue.clip.clip.id] += cue.duration_seconds
    assert max(seconds.values()) <= MAX_HOLD_S


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
