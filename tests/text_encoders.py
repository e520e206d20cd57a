"""Text encoders for tests: one whose answers can be worked out by hand, and the released one."""

from pathlib import Path

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from ambiance.affect import EMOTIONS, vad_lineage
from ambiance.artifacts import TEXT_ENCODER, Artifact, Manifest, Origin, Space
from ambiance.tokenizer import PAD, UNKNOWN, TextTokenizer
from text_service.windows import IsWanted, ModelSignature, Outputs, always

RELEASED = Path(__file__).parents[1] / "artifacts"

WORDS = ["happy", "sad", "so", "i", "am"]
VOCABULARY = [PAD, UNKNOWN, *WORDS]
WINDOW = 30
SIGNATURE = ModelSignature(WINDOW, {"emotions": 28, "vad": 3, "mood": 2, "embedding": 4})
SPACES = [
    Space(name="vad", dimension=3, metric="squared_l2", lineage=vad_lineage()),
    Space(name="mood", dimension=2, metric="squared_l2", lineage="mood-1"),
]

JOY, SADNESS, NEUTRAL = (EMOTIONS.names.index(name) for name in ("joy", "sadness", "neutral"))


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
    """Joy is v, of the rest a quarter is sadness; arousal is half of v and dominance a fifth."""
    emotions = np.zeros((len(valence), 28))
    emotions[:, JOY], emotions[:, SADNESS] = valence, (1 - valence) / 4
    emotions[:, NEUTRAL] = (1 - valence) * 3 / 4
    columns = {
        "emotions": emotions,
        "vad": np.stack([valence, valence / 2, valence / 5], axis=1),
        "mood": np.stack([valence, 1 - valence], axis=1),
        "embedding": np.stack([valence, -valence, valence * 2, valence * 0], axis=1),
    }
    return {name: rows.astype(np.float32) for name, rows in columns.items()}


def tokenizer() -> TextTokenizer:
    """Reads runs of letters and knows WORDS, with ids from 2."""
    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(VOCABULARY)}, unk_token=UNKNOWN))
    words.normalizer = normalizers.Lowercase()
    words.pre_tokenizer = pre_tokenizers.Split(Regex("[^a-z]+"), "removed")
    return TextTokenizer(words)


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
