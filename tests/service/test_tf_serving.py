"""The text service as a TF Serving, and as the client of one: answers and status codes over a real server."""

from typing import Any

import grpc
import numpy as np
import pytest

pytest.importorskip("tensorflow_serving", reason="the tf-serving extra isn't installed")

from ambiance.errors import PeerError, PreconditionError, UnavailableError
from ambiance.server.holder import Holder
from ambiance.server.lifecycle import Application
from ambiance.text.v1.text_service_pb2 import EncodeTextsRequest
from ambiance.text.v1.text_service_pb2_grpc import TextServiceStub
from support import Serve
from text_encoders import (
    NOTICE,
    SIGNATURE,
    VOCABULARY,
    WIDTHS,
    WINDOW,
    MeanIdEncoder,
    example_artifact,
    outputs_of,
    refusal,
    text_reader,
    violations,
)
from text_service.service import TextSnapshot, describe_model, text_servicer
from text_service.tf_serving.backend import TfServingEncoder
from text_service.tf_serving.protos import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    GetModelStatusRequest,
    GetModelStatusResponse,
    ModelSpec,
    ModelVersionStatus,
    PredictionServiceStub,
    PredictRequest,
    PredictResponse,
    SignatureDefMap,
    TensorProto,
)
from text_service.tf_serving.service import TfServingServicer
from text_service.tf_serving.tensors import output_kinds
from text_service.windows import WindowEncoder

NAME, VERSION = "text_encoder", 3
OUTPUTS = output_kinds(SIGNATURE)


def snapshot(encoder: WindowEncoder | None = None, version: int = VERSION) -> TextSnapshot:
    encoder = encoder or MeanIdEncoder()
    model = describe_model(example_artifact(version), len(VOCABULARY), WINDOW, "litert")
    return TextSnapshot(text_reader(encoder), encoder, model)


def start(serve: Serve, version: int = VERSION) -> grpc.Channel:
    servicer = TfServingServicer(Holder(snapshot(version=version)), NAME)
    return serve(Application(servicer.servicers()))


def spec(name: str = NAME, version: int | None = None, **fields: str) -> ModelSpec:
    message = ModelSpec(name=name, **fields)
    if version is not None:
        message.version.value = version
    return message


def windows(*ids: int, dtype: int = 3) -> TensorProto:
    """One window of ids; the last repeats."""
    tensor = TensorProto(dtype=dtype, int_val=ids)
    for size in (1, 30):
        tensor.tensor_shape.dim.add(size=size)
    return tensor


def predict(channel: grpc.Channel, request: PredictRequest) -> PredictResponse:
    return PredictionServiceStub(channel).Predict(request, timeout=5)


def metadata(channel: grpc.Channel, request: GetModelMetadataRequest) -> GetModelMetadataResponse:
    return PredictionServiceStub(channel).GetModelMetadata(request, timeout=5)


def status(channel: grpc.Channel, request: GetModelStatusRequest) -> GetModelStatusResponse:
    call = channel.unary_unary(
        "/tensorflow.serving.ModelService/GetModelStatus",
        request_serializer=GetModelStatusRequest.SerializeToString,
        response_deserializer=GetModelStatusResponse.FromString,
    )
    return call(request, timeout=5)


@pytest.mark.parametrize(("asked", "answered"), [("", "serving_default"), ("encode", "encode")])
@pytest.mark.parametrize("version", [None, VERSION])
def test_windows_are_answered_as_tf_serving_does(
    serve: Serve, asked: str, answered: str, version: int | None
) -> None:
    request = PredictRequest(
        model_spec=spec(version=version, signature_name=asked), inputs={"token_ids": windows(2, 4, 0)}
    )
    response = predict(start(serve), request)
    assert response.model_spec == spec(version=VERSION, signature_name=answered)
    assert set(response.outputs) == {"emotions", "scenes", "vad", "distress", "mood", "embedding"}
    for name, rows in outputs_of(np.array([0.3])).items():
        np.testing.assert_array_equal(OUTPUTS[name].read(response.outputs[name]), rows)
        assert len(response.outputs[name].float_val) == rows.shape[1]


@pytest.mark.parametrize("names", [["vad"], ["mood", "emotions"]])
def test_a_filter_lets_through_what_it_names(serve: Serve, names: list[str]) -> None:
    request = PredictRequest(model_spec=spec(), inputs={"token_ids": windows(2, 4, 0)}, output_filter=names)
    assert set(predict(start(serve), request).outputs) == set(names)


def test_the_signatures_are_described(serve: Serve) -> None:
    response = metadata(
        start(serve), GetModelMetadataRequest(model_spec=spec(), metadata_field=["signature_def"])
    )
    assert response.model_spec == spec(version=VERSION)
    signatures = SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert set(signatures.signature_def) == {"encode", "serving_default"}
    encode = signatures.signature_def["encode"]
    assert encode.method_name == "tensorflow/serving/predict"
    assert [dim.size for dim in encode.inputs["token_ids"].tensor_shape.dim] == [-1, 30]
    shapes = {name: [dim.size for dim in info.tensor_shape.dim] for name, info in encode.outputs.items()}
    assert shapes == {name: [-1, width] for name, width in WIDTHS.items()}


def test_the_loaded_version_is_available(serve: Serve) -> None:
    (loaded,) = status(start(serve), GetModelStatusRequest(model_spec=spec())).model_version_status
    assert (loaded.version, loaded.state) == (VERSION, ModelVersionStatus.AVAILABLE)
    assert (loaded.status.error_code, loaded.status.error_message) == (0, "")


@pytest.mark.parametrize(
    ("model_spec", "code", "message"),
    [
        (ModelSpec(), grpc.StatusCode.INVALID_ARGUMENT, "model_spec.name: is empty"),
        (
            spec("other"),
            grpc.StatusCode.NOT_FOUND,
            "servable 'other' not found: text_encoder version 3 is loaded",
        ),
        (
            spec(version=9),
            grpc.StatusCode.NOT_FOUND,
            "servable 'text_encoder' version 9 not found: text_encoder version 3 is loaded",
        ),
        (
            spec(version_label="canary"),
            grpc.StatusCode.INVALID_ARGUMENT,
            "model_spec.version_label: no label 'canary' is set",
        ),
    ],
)
def test_another_model_is_refused_by_each_method(
    serve: Serve, model_spec: ModelSpec, code: grpc.StatusCode, message: str
) -> None:
    channel = start(serve)
    calls: list[Any] = [
        lambda: predict(channel, PredictRequest(model_spec=model_spec)),
        lambda: metadata(channel, GetModelMetadataRequest(model_spec=model_spec)),
        lambda: status(channel, GetModelStatusRequest(model_spec=model_spec)),
    ]
    for call in calls:
        with pytest.raises(grpc.RpcError) as raised:
            call()
        assert refusal(raised) == (code, message)


def test_an_unknown_signature_is_a_failed_precondition(serve: Serve) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        predict(start(serve), PredictRequest(model_spec=spec(signature_name="classify")))
    assert refusal(raised) == (
        grpc.StatusCode.FAILED_PRECONDITION,
        "signature 'classify' not found; the model has encode and serving_default",
    )


@pytest.mark.parametrize(
    ("request_fields", "field", "description"),
    [
        ({}, "inputs", "must be 'token_ids' alone, got none"),
        ({"inputs": {"x": windows(1)}}, "inputs", "must be 'token_ids' alone, got 'x'"),
        (
            {"inputs": {"token_ids": windows(1, dtype=1)}},
            "inputs[token_ids]",
            "dtype: must be DT_INT32, got DT_FLOAT",
        ),
        (
            {"inputs": {"token_ids": TensorProto(dtype=3)}},
            "inputs[token_ids]",
            "tensor_shape: must be [n, 30], got []",
        ),
        ({"inputs": {"token_ids": windows(1, 7)}}, "inputs[token_ids]", "ids are 0 to 6, got 7"),
        ({"inputs": {"token_ids": windows(-1, 2)}}, "inputs[token_ids]", "ids are 0 to 6, got -1"),
        (
            {"inputs": {"token_ids": windows(1)}, "output_filter": ["vad", "emotion"]},
            "output_filter",
            "unknown: 'emotion'; the model has emotions, scenes, vad, distress, mood, embedding",
        ),
        (
            {"inputs": {"token_ids": windows(1)}, "output_filter": ["vad", "vad"]},
            "output_filter",
            "names one twice: 'vad', 'vad'; the model has emotions, scenes, vad, distress, mood, embedding",
        ),
    ],
)
def test_bad_inputs_are_named(
    serve: Serve, request_fields: dict[str, Any], field: str, description: str
) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        predict(start(serve), PredictRequest(model_spec=spec(), **request_fields))
    assert refusal(raised)[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert violations(raised) == {field: description}


@pytest.mark.parametrize("fields", [[], ["signature_def", "weights"]])
def test_only_signatures_are_described(serve: Serve, fields: list[str]) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        metadata(start(serve), GetModelMetadataRequest(model_spec=spec(), metadata_field=fields))
    assert refusal(raised)[0] is grpc.StatusCode.INVALID_ARGUMENT
    assert list(violations(raised)) == ["metadata_field"]


@pytest.mark.parametrize(
    "method",
    [
        "PredictionService/Classify",
        "PredictionService/Regress",
        "PredictionService/MultiInference",
        "ModelService/HandleReloadConfigRequest",
    ],
)
def test_the_rest_is_unimplemented(serve: Serve, method: str) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        start(serve).unary_unary(f"/tensorflow.serving.{method}")(b"", timeout=5)
    assert refusal(raised)[0] is grpc.StatusCode.UNIMPLEMENTED


# The other side: this service as the client of a TF Serving.


def backend(channel: grpc.Channel, model: str = NAME, version: int = VERSION) -> TfServingEncoder:
    return TfServingEncoder(channel.target, model, version, SIGNATURE)  # type: ignore[attr-defined]


def test_the_backend_and_the_server_understand_each_other(serve: Serve) -> None:
    encoder = backend(start(serve))
    batch = np.random.default_rng(1).integers(0, len(VOCABULARY), (70, 30), np.int32)
    answered = encoder.encode(batch, 5)
    for name, rows in MeanIdEncoder().encode(batch, 5).items():
        np.testing.assert_array_equal(answered[name], rows)
    encoder.close()


def test_a_version_that_is_gone_names_both(serve: Serve) -> None:
    encoder = backend(start(serve, version=4))
    with pytest.raises(PreconditionError, match=r"needs text_encoder version 3: .*version 4 is loaded"):
        encoder.encode(np.zeros((1, 30), np.int32), 5)
    encoder.close()


def test_a_server_that_is_down_is_unavailable() -> None:
    encoder = TfServingEncoder("127.0.0.1:1", NAME, VERSION, SIGNATURE)
    with pytest.raises(UnavailableError, match=r"tf serving at 127\.0\.0\.1:1: "):
        encoder.encode(np.zeros((1, 30), np.int32), 10)
    encoder.close()


def test_its_callers_see_it_as_unavailable(serve: Serve) -> None:
    encoder = TfServingEncoder("127.0.0.1:1", NAME, VERSION, SIGNATURE)
    servicer = text_servicer(Holder(snapshot(encoder)), NOTICE)
    stub = TextServiceStub(serve(Application([servicer], close=encoder.close)))
    with pytest.raises(grpc.RpcError) as raised:
        stub.EncodeTexts(EncodeTextsRequest(texts=["sad"]), timeout=10)
    assert refusal(raised)[0] is grpc.StatusCode.UNAVAILABLE


def answer(version: int = VERSION, **replaced: Any) -> PredictResponse:
    """An answer for one window, in which outputs may be replaced."""
    outputs = {**outputs_of(np.array([0.5])), **replaced}
    tensors = {name: OUTPUTS[name].write_listed(rows) for name, rows in outputs.items() if rows is not None}
    return PredictResponse(model_spec=spec(version=version), outputs=tensors)


@pytest.mark.parametrize(
    ("response", "error", "message"),
    [
        (answer(5), PreconditionError, "needs text_encoder version 3, version 5 answered"),
        (answer(mood=None), PeerError, r"outputs\[mood\].dtype: must be DT_FLOAT"),
        (answer(distress=None), PeerError, r"outputs\[distress\].dtype: must be DT_FLOAT"),
        (answer(scenes=np.full((1, 21), 0.5)), ArithmeticError, "the model answered scenes"),
        (answer(distress=np.full((1, 1), 1.5)), ArithmeticError, "the model answered distress"),
        (answer(vad=np.zeros((2, 3), np.float32)), PeerError, "2 rows of vad for 1 windows"),
        (answer(embedding=np.full((1, 4), np.nan)), ArithmeticError, "the model answered embedding"),
    ],
)
def test_an_answer_that_was_not_asked_for_is_refused(
    serve: Serve, response: PredictResponse, error: type[Exception], message: str
) -> None:
    servicer = TfServingServicer(Holder(snapshot()), NAME)
    servicer.predict = lambda request, context: response  # type: ignore[method-assign]
    encoder = backend(serve(Application(servicer.servicers())))
    with pytest.raises(error, match=message):
        encoder.encode(np.zeros((1, 30), np.int32), 5)
    encoder.close()


def test_a_request_that_it_refuses_is_not_the_callers_fault(serve: Serve) -> None:
    encoder = backend(start(serve))
    beyond = np.full((1, 30), len(VOCABULARY), np.int32)
    with pytest.raises(PeerError, match="ids are 0 to 6, got 7"):
        encoder.encode(beyond, 5)
    encoder.close()


def test_a_swap_changes_the_version_that_is_served(serve: Serve) -> None:
    holder = Holder(snapshot())
    channel = serve(Application(TfServingServicer(holder, NAME).servicers()))
    request = PredictRequest(model_spec=spec(), inputs={"token_ids": windows(2, 3, 0)})
    assert predict(channel, request).model_spec.version.value == VERSION
    holder.current = snapshot(version=VERSION + 1)
    assert predict(channel, request).model_spec.version.value == VERSION + 1
    request.model_spec.version.value = VERSION
    with pytest.raises(grpc.RpcError) as raised:
        predict(channel, request)
    assert refusal(raised)[0] is grpc.StatusCode.NOT_FOUND
