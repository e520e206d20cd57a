"""The text service's own face over a real server: results, and each status code that its rpcs promise."""

import threading
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS, MOODS, vad_lineage
from ambiance.errors import DeadlineError
from ambiance.rpc.server import Application
from ambiance.text.v1 import text_service_pb2 as pb
from ambiance.text.v1 import text_service_pb2_grpc
from support import Serve
from text_encoders import (
    SIGNATURE,
    VOCABULARY,
    WINDOW,
    MeanIdEncoder,
    example_artifact,
    outputs_of,
    refusal,
    tokenizer,
    violations,
)
from text_service.reader import TextReader
from text_service.service import describe_model, text_servicer
from text_service.windows import IsWanted, Outputs, WindowEncoder

NO_WORD = "has no word that the model can read"


class Stub(text_service_pb2_grpc.TextServiceStub):
    """A client whose calls have a deadline."""

    def encode(self, *texts: str, timeout: float = 5, explain: bool = False) -> Any:
        return self.EncodeTexts(pb.EncodeTextsRequest(texts=texts, explain=explain), timeout=timeout)

    def refused(
        self, *texts: str, timeout: float = 5, explain: bool = False
    ) -> pytest.ExceptionInfo[grpc.RpcError]:
        with pytest.raises(grpc.RpcError) as raised:
            self.encode(*texts, timeout=timeout, explain=explain)
        return raised


def start(serve: Serve, encoder: WindowEncoder | None = None, **settings: object) -> Stub:
    model = describe_model(example_artifact(), len(VOCABULARY), WINDOW, "litert")
    reader = TextReader(tokenizer(), encoder or MeanIdEncoder())
    return Stub(serve(Application([text_servicer(reader, model)]), **settings))


def test_results_stand_in_the_order_of_the_texts(serve: Serve) -> None:
    response = start(serve).encode("so happy", "I am SAD, unheard-of sad!", "am " * 31)
    assert [result.token_count for result in response.results] == [2, 6, 31]
    assert [result.unknown_token_count for result in response.results] == [0, 2, 0]
    assert [result.window_count for result in response.results] == [1, 1, 2]
    assert (response.model.kind, response.model.version) == ("text_encoder", 3)
    assert [round(result.vad.valence, 6) for result in response.results] == [0.3, 0.316667, 0.6]


def test_a_result_holds_all_that_the_model_writes(serve: Serve) -> None:
    (result,) = start(serve).encode("so happy").results
    vad = [np.float32(x) for x in (0.3, 0.15, 0.06)]
    assert [result.vad.valence, result.vad.arousal, result.vad.dominance] == vad
    assert [(vector.space, list(vector.values), vector.lineage) for vector in result.vectors] == [
        ("vad", vad, vad_lineage()),
        ("mood", [np.float32(0.3), np.float32(0.7)], "mood-1"),
    ]
    assert list(result.embedding) == [np.float32(x) for x in (0.3, -0.3, 0.6, 0)]
    assert not result.word_influences


def test_emotions_and_moods_are_complete_and_in_order(serve: Serve) -> None:
    (result,) = start(serve).encode("so happy").results
    emotions = [(score.emotion, round(score.score, 6)) for score in result.emotions]
    assert emotions[:3] == [("neutral", 0.525), ("joy", 0.3), ("sadness", 0.175)]
    assert [name for name, _ in emotions[3:]] == [
        name for name in EMOTIONS.names if name not in ("neutral", "joy", "sadness")
    ]
    moods = [mood.score for mood in result.moods]
    assert moods == sorted(moods, reverse=True)
    assert sum(moods) == pytest.approx(1)
    assert sorted(mood.mood for mood in result.moods) == sorted(MOODS.names)


def test_a_model_without_an_embedding_sends_none(serve: Serve) -> None:
    class Bare(MeanIdEncoder):
        def encode(self, windows: NDArray[np.int32], timeout_s: float, is_wanted: IsWanted) -> Outputs:
            outputs = super().encode(windows, timeout_s, is_wanted)
            return {name: rows for name, rows in outputs.items() if name != "embedding"}

    (result,) = start(serve, Bare()).encode("so happy").results
    assert not result.embedding
    assert len(result.vectors) == 2


def test_words_are_explained_on_request(serve: Serve) -> None:
    encoder = MeanIdEncoder()
    first, second = start(serve, encoder).encode("I am... happy!", "sad", explain=True).results
    assert [(word.word, word.start, word.emotion) for word in first.word_influences] == [
        ("happy!", 8, "joy"),
        ("am...", 2, "joy"),
        ("I", 0, "joy"),
    ]
    # v is 13/30; without "happy!" (id 2) it would be 11/20
    assert first.word_influences[0].share_change == pytest.approx(13 / 30 - 11 / 20, abs=1e-6)
    assert first.word_influences[0].shift == pytest.approx(11 / 20 - 13 / 30, abs=1e-6)
    assert not second.word_influences  # nothing would be left of it
    assert encoder.window_counts == [2, 2 + 3]


def test_explaining_does_not_change_what_was_read(serve: Serve) -> None:
    stub = start(serve)
    texts = "so happy", "i am so sad " * 20
    plain, explained = stub.encode(*texts).results, stub.encode(*texts, explain=True).results
    for result in explained:
        assert result.word_influences
        result.ClearField("word_influences")
    assert list(explained) == list(plain)


def test_too_much_to_explain_is_refused_and_read_without(serve: Serve) -> None:
    stub = start(serve)
    texts = ["so sad " * 1_428] * 3
    raised = stub.refused(*texts, explain=True)
    assert refusal(raised)[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert violations(raised) == {"texts": "at most 20,000 characters together with explain, got 29,988"}
    assert len(stub.encode(*texts).results) == 3


def test_the_longest_text_can_be_explained(serve: Serve) -> None:
    (result,) = start(serve).encode("s " * 9_999 + "so", explain=True, timeout=60).results
    assert result.word_influences[0].word == "so"
    assert len(result.word_influences) == 5


def test_the_model_is_described(serve: Serve) -> None:
    model = start(serve).GetModel(pb.GetModelRequest(), timeout=5).model
    assert (model.version.kind, model.version.version) == ("text_encoder", 3)
    assert [(space.name, space.dimension, space.lineage) for space in model.spaces] == [
        ("vad", 3, vad_lineage()),
        ("mood", 2, "mood-1"),
    ]
    assert tuple(model.emotions) == EMOTIONS.names
    assert model.score_description == "Guesses."
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
    model = describe_model(example_artifact(), len(VOCABULARY), WINDOW, "litert")
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

    signature = SIGNATURE

    def __init__(self) -> None:
        self.entered, self.leave = threading.Event(), threading.Event()

    def encode(self, windows: NDArray[np.int32], timeout_s: float, is_wanted: IsWanted) -> Outputs:
        self.entered.set()
        if not self.leave.wait(timeout_s):
            raise DeadlineError("the test kept the gate closed")
        return outputs_of(np.full(len(windows), 0.5))


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
        signature = SIGNATURE

        def encode(self, windows: NDArray[np.int32], timeout_s: float, is_wanted: IsWanted) -> Outputs:
            raise ArithmeticError("window 0 of 1: the model answered vad [nan, 0.5, 0.5]")

    raised = start(serve, Faulty()).refused("so happy")
    assert refusal(raised) == (grpc.StatusCode.INTERNAL, "internal error; the server's log has the details")
    assert "so happy" not in caplog.text


def test_a_caller_who_has_left_is_worked_for_no_longer(serve: Serve) -> None:
    left = threading.Event()

    class Waiting:
        signature = SIGNATURE

        def __init__(self) -> None:
            self.entered = threading.Event()

        def encode(self, windows: NDArray[np.int32], timeout_s: float, is_wanted: IsWanted) -> Outputs:
            self.entered.set()
            while is_wanted():
                pass
            left.set()
            raise DeadlineError("the caller left")

    encoder = Waiting()
    call = start(serve, encoder).EncodeTexts.future(pb.EncodeTextsRequest(texts=["sad"]))
    assert encoder.entered.wait(5)
    call.cancel()
    assert left.wait(5)
