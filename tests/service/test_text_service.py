"""The text service's own face over a real server: results, and each status code that its rpcs promise."""

import threading
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS, vad_lineage
from ambiance.errors import DeadlineError
from ambiance.rpc.server import Application
from ambiance.text.v1 import text_service_pb2 as pb
from ambiance.text.v1 import text_service_pb2_grpc
from support import Serve
from text_encoders import VOCABULARY, MeanIdEncoder, example_artifact, refusal, tokenizer, violations
from text_service.reader import TextReader
from text_service.service import describe_model, text_servicer
from text_service.windows import WindowEncoder

NO_WORD = "has no word to read: the model reads runs of the letters a to z"


class Stub(text_service_pb2_grpc.TextServiceStub):
    """A client whose calls have a deadline."""

    def encode(self, *texts: str, timeout: float = 5) -> Any:
        return self.EncodeTexts(pb.EncodeTextsRequest(texts=texts), timeout=timeout)

    def refused(self, *texts: str, timeout: float = 5) -> pytest.ExceptionInfo[grpc.RpcError]:
        with pytest.raises(grpc.RpcError) as raised:
            self.encode(*texts, timeout=timeout)
        return raised


def start(serve: Serve, encoder: WindowEncoder | None = None, **settings: object) -> Stub:
    model = describe_model(example_artifact(), len(VOCABULARY), "litert")
    reader = TextReader(tokenizer(), encoder or MeanIdEncoder())
    return Stub(serve(Application([text_servicer(reader, model)]), **settings))


def test_results_stand_in_the_order_of_the_texts(serve: Serve) -> None:
    response = start(serve).encode("so happy", "I am SAD, unheard-of sad!", "am " * 31)
    assert [result.token_count for result in response.results] == [2, 6, 31]
    assert [result.unknown_token_count for result in response.results] == [0, 2, 0]
    assert [result.window_count for result in response.results] == [1, 1, 2]
    assert (response.model.kind, response.model.version) == ("text_encoder", 3)
    assert [round(result.vad.valence, 6) for result in response.results] == [0.3, 0.316667, 0.6]


def test_a_result_holds_emotions_vad_and_vector(serve: Serve) -> None:
    (result,) = start(serve).encode("so happy").results
    vad = [np.float32(x) for x in (0.3, 0.15, 0.06)]
    assert [result.vad.valence, result.vad.arousal, result.vad.dominance] == vad
    (vector,) = result.vectors
    assert (vector.space, list(vector.values), vector.lineage) == ("vad", vad, vad_lineage())
    scores = [emotion.score for emotion in result.emotions]
    assert scores == sorted(scores, reverse=True)
    assert sum(scores) == pytest.approx(1)
    assert sorted(emotion.emotion for emotion in result.emotions) == sorted(EMOTIONS.names)
    assert result.emotions[0].emotion == EMOTIONS.names[EMOTIONS.nearest(np.array([vad]))[0]]


def test_the_model_is_described(serve: Serve) -> None:
    model = start(serve).GetModel(pb.GetModelRequest(), timeout=5).model
    assert (model.version.kind, model.version.version) == ("text_encoder", 3)
    (space,) = model.spaces
    assert (space.name, space.dimension, space.lineage) == ("vad", 3, vad_lineage())
    assert tuple(model.emotions) == EMOTIONS.names
    assert "not a calibrated probability" in model.score_description
    assert (model.vocabulary_count, model.window_token_count) == (7, 30)
    assert (model.recipe, model.backend, list(model.notices)) == ("by hand", "litert", ["Be kind."])


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], {"texts": "at least 1, at most 256, got none"}),
        (["a"] * 300, {"texts": "at most 256, got 300"}),
        (["fine", ""], {"texts[1]": "is empty"}),
        (["a" * 25_000], {"texts[0]": "at most 20,000 characters, got 25,000"}),
        (
            ["fine", "so\x00sad"],
            {"texts[1]": "control character U+0000 at character 2; only white space is allowed among these"},
        ),
        (["😭😭", "fine", "Привет", "42"], {f"texts[{i}]": NO_WORD for i in (0, 2, 3)}),
    ],
)
def test_bad_texts_are_named(serve: Serve, texts: list[str], expected: dict[str, str]) -> None:
    raised = start(serve).refused(*texts)
    assert refusal(raised)[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert violations(raised) == expected


def test_a_lone_surrogate_is_no_text(serve: Serve) -> None:
    model = describe_model(example_artifact(), len(VOCABULARY), "litert")
    channel = serve(Application([text_servicer(TextReader(tokenizer(), MeanIdEncoder()), model)]))
    encode = channel.unary_unary("/ambiance.text.v1.TextService/EncodeTexts")
    with pytest.raises(grpc.RpcError) as raised:
        encode(b"\x0a\x03\xed\xa0\xbd", timeout=5)  # U+D83D alone, in the bytes that UTF-8 would give it
    assert refusal(raised)[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert violations(raised) == {"request": "not a valid message: malformed, or a string that isn't UTF-8"}


def test_texts_at_their_limits_are_read(serve: Serve) -> None:
    results = start(serve).encode(*["s " * 10_000] * 256, timeout=60).results
    assert {(result.token_count, result.window_count) for result in results} == {(10_000, 334)}


def test_the_callers_deadline_reaches_the_model(serve: Serve) -> None:
    encoder = MeanIdEncoder()
    stub = start(serve, encoder)
    stub.encode("sad", timeout=3)
    stub.EncodeTexts(pb.EncodeTextsRequest(texts=["sad"]))
    assert 0 < encoder.timeouts[0] < 4  # on the wire a deadline is rounded up
    assert encoder.timeouts[1] == 3600  # no deadline


class Gate:
    """An encoder that waits until it is let go, or the caller's time is over."""

    def __init__(self) -> None:
        self.entered, self.leave = threading.Event(), threading.Event()

    def encode(self, windows: NDArray[np.int32], timeout_s: float) -> NDArray[np.float32]:
        self.entered.set()
        if not self.leave.wait(timeout_s):
            raise DeadlineError("the test kept the gate closed")
        return np.full((len(windows), 3), 0.5, np.float32)


def test_a_deadline_that_passes_is_told(serve: Serve) -> None:
    raised = start(serve, Gate()).refused("sad", timeout=0.2)
    assert refusal(raised)[0] is grpc.StatusCode.DEADLINE_EXCEEDED


def test_without_a_permit_a_call_is_refused_at_once(serve: Serve) -> None:
    gate = Gate()
    stub = start(serve, gate, permits=1)
    first = stub.EncodeTexts.future(pb.EncodeTextsRequest(texts=["sad"]), timeout=10)
    assert gate.entered.wait(5)
    raised = stub.refused("sad")
    gate.leave.set()
    assert refusal(raised)[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
    status, info = rpc_status.from_call(raised.value), error_details_pb2.RetryInfo()  # type: ignore[arg-type]
    assert status is not None
    assert status.details[0].Unpack(info)
    assert len(first.result(5).results) == 1


def test_a_faulty_model_is_our_fault_and_says_nothing_of_the_text(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty:
        def encode(self, windows: NDArray[np.int32], timeout_s: float) -> NDArray[np.float32]:
            raise ArithmeticError("window 0 of 1: the model answered [nan, 0.5, 0.5], not VAD")

    raised = start(serve, Faulty()).refused("so happy")
    assert refusal(raised) == (grpc.StatusCode.INTERNAL, "internal error; the server's log has the details")
    assert "so happy" not in caplog.text
