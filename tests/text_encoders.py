"""Text encoders for tests: one whose answers can be worked out by hand, and the released one."""

from pathlib import Path

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from ambiance.affect import EMOTIONS, FACETS, READERS_VAD_LINEAGE, SCENES
from ambiance.artifacts import TEXT_ENCODER, Artifact, Manifest, Origin, Space
from ambiance.tokenizer import PAD, UNKNOWN, TextTokenizer
from text_service.evidence import EvidenceJudge
from text_service.fixed_vectors import FixedVectors
from text_service.language import ENGLISH, Detect
from text_service.reader import TextReader
from text_service.windows import IsWanted, ModelSignature, Outputs, WindowEncoder, always

RELEASED = Path(__file__).parents[1] / "artifacts"

WORDS = ["happy", "sad", "so", "i", "am"]
VOCABULARY = [PAD, UNKNOWN, *WORDS]
WINDOW = 30
MOOD_DIMENSION = len(FACETS) + 2
WIDTHS = {"emotions": 28, "scenes": 21, "vad": 3, "distress": 1, "mood": MOOD_DIMENSION, "embedding": 4}
SIGNATURE = ModelSignature(WINDOW, WIDTHS)
SPACES = [
    Space(name="vad", dimension=3, metric="squared_l2", lineage=READERS_VAD_LINEAGE),
    Space(name="mood", dimension=MOOD_DIMENSION, metric="squared_l2", lineage="mood-1"),
]

JOY, SADNESS, NEUTRAL = (EMOTIONS.names.index(name) for name in ("joy", "sadness", "neutral"))
JOY_SCENE, GRIEF_SCENE, NO_SCENE = (SCENES.index(name) for name in ("joy", "grief", "none"))

FALLBACK, GENTLE = (np.linspace(first, first / 2, MOOD_DIMENSION, dtype=np.float32) for first in (1, -1))
FIXED = FixedVectors(FALLBACK, GENTLE)
NOTICE = "Talk to somebody."


class MeanIdEncoder:
    """Its valence v is a tenth of a window's mean token id; all else follows from v, see `outputs_of`."""

    signature = SIGNATURE

    def __init__(self) -> None:
        self.timeouts: list[float] = []
        self.window_counts: list[int] = []

    def encode(self, windows: NDArray[np.int32], timeout_s: float, is_wanted: IsWanted = always) -> Outputs:
        self.timeouts.append(timeout_s)
        self.window_counts.append(len(windows))
        return outputs_of(windows.sum(axis=1) / np.maximum(np.count_nonzero(windows, axis=1), 1) / 10)


def outputs_of(valence: NDArray[np.float64]) -> Outputs:
    """Joy is v, of the rest a quarter is sadness; arousal is half of v and dominance a fifth.

    The scenes are joy, grief and none in the same shares. Facets weigh v, less by .1 from each to the next.
    """
    emotions = np.zeros((len(valence), 28))
    emotions[:, JOY], emotions[:, SADNESS] = valence, (1 - valence) / 4
    emotions[:, NEUTRAL] = (1 - valence) * 3 / 4
    scenes = np.zeros((len(valence), 21))
    scenes[:, [JOY_SCENE, GRIEF_SCENE, NO_SCENE]] = emotions[:, [JOY, SADNESS, NEUTRAL]]
    facets = valence[:, None] - np.arange(len(FACETS)) / 10
    columns = {
        "emotions": emotions,
        "scenes": scenes,
        "vad": np.stack([valence, valence / 2, valence / 5], axis=1),
        "distress": valence[:, None] / 10,
        "mood": np.concatenate([facets, np.stack([valence, valence * 0], axis=1)], axis=1),
        "embedding": np.stack([valence, -valence, valence * 2, valence * 0], axis=1),
    }
    return {name: rows.astype(np.float32) for name, rows in columns.items()}


def tokenizer() -> TextTokenizer:
    """Reads runs of letters and knows WORDS, with ids from 2."""
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(VOCABULARY)}, unk_token=UNKNOWN))
    words.normalizer = normalizers.Lowercase()
    words.pre_tokenizer = pre_tokenizers.Split(Regex("[^a-z]+"), "removed")
    return TextTokenizer(words)


def english(text: str) -> tuple[str, float]:
    """A `Detect` that takes everything for English."""
    return ENGLISH, 1.0


def text_reader(
    encoder: WindowEncoder | None = None,
    *,
    min_evidence: float = 0.35,
    distress_threshold: float = 0.5,
    detect: Detect = english,
) -> TextReader:
    """A reader with `tokenizer()`, on a `MeanIdEncoder` unless told otherwise."""
    words = tokenizer()
    judge = EvidenceJudge(words, min_evidence, detect)
    return TextReader(words, encoder or MeanIdEncoder(), judge, FIXED, distress_threshold)


def example_artifact(version: int = 3, notes: dict[str, str] | None = None) -> Artifact:
    """A text encoder's manifest with no files."""
    origin = Origin(
        recipe="by hand", seed=1, code_revision="", datasets={}, libraries={}, notices=["Be kind."]
    )
    manifest = Manifest(
        kind=TEXT_ENCODER,
        version=version,
        spaces=SPACES,
        counts={},
        origin=origin,
        quality={},
        notes={"emotions": "Guesses."} if notes is None else notes,
        format_version=1,
        files=[],
    )
    return Artifact(Path("nowhere"), manifest)


def refusal(call: pytest.ExceptionInfo[grpc.RpcError]) -> tuple[grpc.StatusCode, str]:
    """Status code and message of a failed call."""
    return call.value.code(), call.value.details()  # type: ignore[attr-defined]


def violations(call: pytest.ExceptionInfo[grpc.RpcError]) -> dict[str, str]:
    """Field -> description of each google.rpc.BadRequest violation of a failed call."""
    status = rpc_status.from_call(call.value)  # type: ignore[arg-type]
    bad_request = error_details_pb2.BadRequest()
    assert status is not None
    assert status.details[0].Unpack(bad_request)
    return {violation.field: violation.description for violation in bad_request.field_violations}
