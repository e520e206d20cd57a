"""How probable it is that a clip suits a text, read off a similarity: fitted here, served with the index.

What it is to suit a text stands in `calibrate.py`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from ambiance.affect import MOOD_SPACE
from ambiance.index_format.match_probability import MATCH_PROBABILITY_FILE, MatchProbabilityRecord
from training.metrics.calibration import reliability

_MOST_KNOTS = 50
_FEWEST_ANSWERS = 20  # behind a knot: the share that is right among a few would say 0 or 1


@dataclass(frozen=True)
class Answers:
    """Clips that answered texts, and whether they suit: columns over n texts and k answers."""

    clips: NDArray[np.int64]  # [n, k] rows of the library
    similarity: NDArray[np.float32]  # [n, k]
    right: NDArray[np.bool_]  # [n, k]

    def take(self, texts: NDArray[np.bool_], clips: NDArray[np.bool_]) -> "tuple[NDArray[Any], NDArray[Any]]":
        """Similarity and rightness of the answers of some texts by some clips, in no order."""
        chosen = texts[:, None] & clips[self.clips]
        return self.similarity[chosen], self.right[chosen]


@dataclass(frozen=True)
class MatchProbability:
    """A monotone function, linear between knots; beyond them the ends hold."""

    components: int  # of the space; the similarity is the inner product over the first so many
    similarity: NDArray[np.float64]  # [knots] ascending
    probability: NDArray[np.float64]  # [knots] ascending, in [0, 1]

    def __call__(self, similarity: NDArray[np.floating]) -> NDArray[np.float64]:
        """<float64> of any shape, probability at each similarity."""
        return np.interp(similarity, self.similarity, self.probability)

    @classmethod
    def load(cls, file: Path) -> "MatchProbability":
        """Read what `save` wrote."""
        record = MatchProbabilityRecord.model_validate_json(file.read_bytes())
        knots = (np.array(values, np.float64) for values in (record.similarity, record.probability))
        return cls(record.components, *knots)

    def save(self, folder: Path) -> None:
        """Write it as the index service reads it."""
        record = MatchProbabilityRecord(
            space=MOOD_SPACE,
            components=self.components,
            similarity=self.similarity.tolist(),
            probability=self.probability.tolist(),
        )
        text = json.dumps(record.model_dump(), indent=2)
        (folder / MATCH_PROBABILITY_FILE).write_text(text + "\n", encoding="utf-8")


def similarity_of(
    queries: NDArray[np.float32], vectors: NDArray[np.float32], clips: NDArray[np.int64], components: int
) -> NDArray[np.float32]:
    """<float32>[n, k] inner products of queries <float32>[n, d] and their answers <int64>[n, k]."""
    return np.einsum("nc,nkc->nk", queries[:, :components], vectors[clips, :components])


def fit_match_probability(answers: Answers, components: int) -> MatchProbability:
    """Isotonic regression over groups of all answers."""
    return _fit(answers.similarity.ravel(), answers.right.ravel(), components)


def match_quality(answers: Answers, components: int, seed: int) -> dict[str, float]:
    """Fit on half of the texts and of the clips, measure on answers of the other half by the other half.

    Beside it stands what one constant would score: the probability tells answers apart only by what it
    is better.
    """
    draw = np.random.default_rng(seed)
    texts = draw.random(len(answers.clips)) < 0.5
    clips = draw.random(int(answers.clips.max()) + 1) < 0.5
    fitted, held_out = answers.take(texts, clips), answers.take(~texts, ~clips)
    probability = _fit(*fitted, components)(held_out[0])
    constant = np.full(len(held_out[1]), fitted[1].mean())
    return _scores(probability, held_out[1], "") | _scores(constant, held_out[1], "constant_")


def _fit(similarity: NDArray[np.float32], right: NDArray[np.bool_], components: int) -> MatchProbability:
    """Shares that are right among answers of like similarity, made monotone."""
    order = np.argsort(similarity, kind="stable")
    groups = np.array_split(order, min(_MOST_KNOTS, max(1, len(order) // _FEWEST_ANSWERS)))
    means = np.array([similarity[group].mean(dtype=np.float64) for group in groups])
    shares = np.array([right[group].mean() for group in groups])
    model = IsotonicRegression(y_min=0, y_max=1).fit(means, shares, [len(group) for group in groups])
    return MatchProbability(components, model.X_thresholds_, model.y_thresholds_)


def _scores(probability: NDArray[np.float64], right: NDArray[np.bool_], prefix: str) -> dict[str, float]:
    return {
        f"{prefix}brier_score": round(float(np.square(probability - right).mean()), 6),
        f"{prefix}expected_calibration_error": round(
            reliability(probability, right).expected_calibration_error, 6
        ),
    }
