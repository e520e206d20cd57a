"""Text encoders for tests: one whose answers can be worked out by hand, and the released one."""

from pathlib import Path

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from numpy.typing import NDArray

from ambiance.affect import VAD_SPACE, vad_lineage
from ambiance.artifacts import TEXT_ENCODER, Artifact, Manifest, Origin, Space
from ambiance.tokenizer import PAD, UNKNOWN, WordTokenizer

RELEASED = Path(__file__).parents[1] / "artifacts"

WORDS = ["happy", "sad", "so", "i", "am"]
VOCABULARY = [PAD, UNKNOWN, *WORDS]


class MeanIdEncoder:
    """Valence is a tenth of a window's mean token id, arousal half and dominance a fifth of valence."""

    def __init__(self) -> None:
        self.timeouts: list[float] = []

    def encode(self, windows: NDArray[np.int32], timeout_s: float) -> NDArray[np.float32]:
        self.timeouts.append(timeout_s)
        valence = windows.sum(axis=1) / np.maximum(np.count_nonzero(windows, axis=1), 1) / 10
        return np.stack([valence, valence / 2, valence / 5], axis=1).astype(np.float32)


def tokenizer() -> WordTokenizer:
    """Knows WORDS, with ids from 2."""
    return WordTokenizer(VOCABULARY)


def example_artifact(version: int = 3) -> Artifact:
    """A text encoder's manifest with no files."""
    space = Space(name=VAD_SPACE, dimension=3, metric="squared_l2", lineage=vad_lineage())
    origin = Origin(
        recipe="by hand", seed=1, code_revision="", datasets={}, libraries={}, notices=["Be kind."]
    )
    manifest = Manifest(
        kind=TEXT_ENCODER,
        version=version,
        spaces=[space],
        counts={},
        origin=origin,
        quality={},
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
