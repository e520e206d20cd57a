"""The text service's own face over a real server: results, and each status code that its rpcs promise."""

import threading
from typing import Any

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS, FACETS, READERS_VAD_LINEAGE, SCENES
from ambiance.errors import DeadlineError
from ambiance.server.holder import Holder
from ambiance.server.lifecycle import Application
from ambiance.text.v1 import text_service_pb2 as pb
from ambiance.text.v1 import text_service_pb2_grpc
from support import Serve
from text_encoders import (
    FALLBACK,
    GENTLE,
    JOY_SCENE,
    MOOD_DIMENSION,
    NO_SCENE,
    NOTICE,
    SIGNATURE,
    VOCABULARY,
    WINDOW,
    MeanIdEncoder,
    example_artifact,
    outputs_of,
    refusal,
    text_reader,
    violations,
)
from text_service.service import TextSnapshot, describe_model, text_servicer
from text_service.windows import IsWanted, Outputs, WindowEncoder, always

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


def snapshot(encoder: WindowEncoder | None = None, version: int = 3, **policy: Any) -> TextSnapshot:
    encoder = encoder or MeanIdEncoder()
    model = describe_model(example_artifact(version), len(VOCABULARY), WINDOW, "litert")
    return TextSnapshot(text_reader(encoder, **policy), encoder, model)


def application(served: TextSnapshot) -> Application:
    return Application([text_servicer(Holder(served), NOTICE)])


def start(serve: Serve, encoder: WindowEncoder | None = None, **settings: object) -> Stub:
    return Stub(serve(application(snapshot(encoder)), **settings))


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
        ("vad", vad, READERS_VAD_LINEAGE),
        ("mood", outputs_of(np.array([0.3]))["mood"][0].tolist(), "mood-1"),
    ]
    assert list(result.embedding) == [np.float32(x) for x in (0.3, -0.3, 0.6, 0)]
    assert not result.word_influences


def test_emotions_scenes_and_facets_are_complete_and_in_order(serve: Serve) -> None:
    (result,) = start(serve).encode("so happy").results
    emotions = [(score.emotion, round(score.score, 6)) for score in result.emotions]
    assert emotions[:3] == [("neutral", 0.525), ("joy", 0.3), ("sadness", 0.175)]
    assert [name for name, _ in emotions[3:]] == [
        name for name in EMOTIONS.names if name not in ("neutral", "joy", "sadness")
    ]
    scenes = [(score.scene, round(score.score, 6)) for score in result.scenes]
    assert scenes[:3] == [("none", 0.525), ("joy", 0.3), ("grief", 0.175)]
    assert [name for name, _ in scenes[3:]] == [
        name for name in SCENES if name not in ("none", "joy", "grief")
    ]
    assert [(each.facet, each.weight) for each in result.facets] == list(
        zip(FACETS, result.vectors[1].values[: len(FACETS)], strict=True)
    )
    assert result.facets[-1].weight == pytest.approx(0.3 - 1.1)


def test_evidence_is_always_told(serve: Serve) -> None:
    (result,) = start(serve).encode("so happy").results
    assert result.HasField("evidence")
    assert result.evidence.score == pytest.approx(0.475)
    assert (result.evidence.fallback, result.evidence.reason, result.evidence.language) == (False, 0, "")
    assert not result.notices


class Telling(MeanIdEncoder):
    """Tells of distress, and of little felt, as it is told to."""

    def __init__(self, distress: float = 0.0, felt: float = 1.0) -> None:
        super().__init__()
        self.distress, self.felt = distress, felt

    def encode(self, windows: NDArray[np.int32], timeout_s: float, is_wanted: IsWanted) -> Outputs:
        outputs = dict(super().encode(windows, timeout_s, is_wanted))
        outputs["distress"] = np.full((len(windows), 1), self.distress, np.float32)
        outputs["scenes"] = np.zeros((len(windows), len(SCENES)), np.float32)
        outputs["scenes"][:, [JOY_SCENE, NO_SCENE]] = self.felt, 1 - self.felt
        return outputs


def german(text: str) -> tuple[str, float]:
    return ("de", 0.9) if "ich" in text.lower() else ("en", 0.9)


@pytest.mark.parametrize(
    ("text", "felt", "reason", "score", "language"),
    [
        ("so happy", 0.2, "NOTHING_FELT", 0.2, ""),
        ("zzz qqq", 1.0, "UNKNOWN_WORDS", 0, ""),
        ("Ich qzw", 1.0, "OTHER_LANGUAGE", 0, "de"),
    ],
)
def test_a_text_of_too_little_evidence_gets_the_fallback_and_is_told_why(
    serve: Serve, text: str, felt: float, reason: str, score: float, language: str
) -> None:
    stub = Stub(serve(application(snapshot(Telling(felt=felt), detect=german))))
    (result,) = stub.encode(text).results
    assert result.HasField("evidence")
    assert pb.EvidenceReason.Name(result.evidence.reason) == f"EVIDENCE_REASON_{reason}"
    assert result.evidence.score == pytest.approx(score)
    assert (result.evidence.fallback, result.evidence.language) == (True, language)
    assert list(result.vectors[1].values) == FALLBACK.tolist()
    assert [each.weight for each in result.facets] == sorted(FALLBACK[: len(FACETS)], reverse=True)
    assert list(result.vectors[0].values) == [
        result.vad.valence,
        result.vad.arousal,
        result.vad.dominance,
    ]
    assert not result.notices


@pytest.mark.parametrize(
    ("text", "felt", "reason"), [("so happy", 1.0, 0), ("so happy", 0.2, 4), ("Ich qzw", 1.0, 3)]
)
def test_a_text_of_distress_gets_gentle_music_and_a_notice(
    serve: Serve, text: str, felt: float, reason: int
) -> None:
    served = snapshot(Telling(distress=0.5, felt=felt), detect=german)
    (result,) = Stub(serve(application(served))).encode(text).results
    assert [(notice.kind, notice.text) for notice in result.notices] == [(pb.NOTICE_KIND_DISTRESS, NOTICE)]
    assert (result.evidence.fallback, result.evidence.reason) == (False, reason)
    assert list(result.vectors[1].values) == GENTLE.tolist()
    assert [each.weight for each in result.facets] == sorted(GENTLE[: len(FACETS)], reverse=True)


def test_a_threshold_above_1_switches_distress_off(serve: Serve) -> None:
    served = snapshot(Telling(distress=1.0), distress_threshold=1.1)
    (result,) = Stub(serve(application(served))).encode("so happy").results
    assert not result.notices
    assert list(result.vectors[1].values) != GENTLE.tolist()


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
        ("happy!", 8, "joy")
    ]  # the others only hold it together
    # v is 13/30; without "happy!" (id 2) it would be 11/20
    assert first.word_influences[0].share_change == pytest.approx(13 / 30 - 11 / 20, abs=1e-6)
    assert first.word_influences[0].shift == pytest.approx(11 / 20 - 13 / 30, abs=1e-6)
    assert not second.word_influences  # nothing would be left of it
    assert encoder.window_counts == [2, 2 + 1]


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
        ("vad", 3, READERS_VAD_LINEAGE),
        ("mood", MOOD_DIMENSION, "mood-1"),
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
    channel = serve(application(snapshot()))
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
    stub = start(serve, gate, permits=1, queue=0)
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


def test_a_swap_between_calls_changes_every_answer(serve: Serve) -> None:
    holder = Holder(snapshot())
    stub = Stub(serve(Application([text_servicer(holder, NOTICE)])))
    before = stub.encode("so happy")
    holder.current = snapshot(Telling(felt=0.9), version=4)
    after = stub.encode("so happy")
    assert (before.model.version, after.model.version) == (3, 4)
    assert after.results[0].evidence.score == pytest.approx(0.9)
    assert stub.GetModel(pb.GetModelRequest(), timeout=5).model.version.version == 4


class GatedMeanId(MeanIdEncoder):
    """Waits until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered, self.leave = threading.Event(), threading.Event()

    def encode(self, windows: NDArray[np.int32], timeout_s: float, is_wanted: IsWanted = always) -> Outputs:
        self.entered.set()
        self.leave.wait(timeout_s)
        return super().encode(windows, timeout_s, is_wanted)


@pytest.mark.parametrize("explain", [False, True])
def test_a_call_that_began_before_a_swap_ends_on_what_it_began_with(serve: Serve, explain: bool) -> None:
    old, new = GatedMeanId(), MeanIdEncoder()
    holder = Holder(snapshot(old))
    stub = Stub(serve(Application([text_servicer(holder, NOTICE)])))
    request = pb.EncodeTextsRequest(texts=["so happy"], explain=explain)
    begun = stub.EncodeTexts.future(request, timeout=10)
    assert old.entered.wait(5)
    holder.current = snapshot(new, version=4)
    assert stub.encode("sad").model.version == 4
    old.leave.set()
    answer = begun.result()
    assert answer.model.version == 3
    assert bool(answer.results[0].word_influences) == explain
    assert len(new.window_counts) == 1  # of the call in between
