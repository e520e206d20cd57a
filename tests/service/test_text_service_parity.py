"""The released model gives one answer, whoever runs it: LiteRT, or TensorFlow behind TF Serving's interface.

TF Serving's side is a real gRPC server of its PredictionService on TensorFlow and the released SavedModel.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

pytest.importorskip("tensorflow_serving", reason="the tf-serving extra isn't installed")

from ambiance.text.v1.text_service_pb2 import EncodeTextsRequest, EncodeTextsResponse, GetModelRequest
from ambiance.text.v1.text_service_pb2_grpc import TextServiceStub
from support import Serve
from text_encoders import RELEASED
from text_service.application import load
from text_service.encoder import MODEL_FILE, read_signature
from text_service.settings import TextServiceSettings
from text_service.tf_serving.protos import PredictionServiceStub, PredictRequest

pytestmark = pytest.mark.tensorflow

TOLERANCE = 0.05  # LiteRT multiplies in int8, TensorFlow in float32; exports may differ by so much

TEXTS = [
    "I am so happy",
    "I can't believe she is gone",
    "no",
    "Zxqvb wugs frobnicate the gostak",
    "UNHEARD-OF!!! and furious: why would anyone do this to us?",
    " ".join(f"word {i} was sad but the music made me love it" for i in range(40)),
    "love " * 31,
]


@pytest.fixture(scope="module")
def tf() -> Any:
    """TensorFlow itself, imported after its bare stand-in was in use."""
    assert "text_service.tf_serving.protos" in sys.modules
    import tensorflow

    return tensorflow


def released_saved_model() -> Path:
    return max((RELEASED / "text_encoder").glob("[0-9]*"), key=lambda folder: int(folder.name))


@pytest.fixture(scope="module")
def tf_serving(tf: Any) -> Iterator[str]:
    """Address of a server that answers Predict by running the released SavedModel in TensorFlow."""
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    folder = released_saved_model()
    model = tf.saved_model.load(str(folder))

    class SavedModelServicer(prediction_service_pb2_grpc.PredictionServiceServicer):  # type: ignore[misc]
        def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
            assert request.model_spec.version.value == int(folder.name)
            inputs = {name: tf.constant(tf.make_ndarray(t)) for name, t in request.inputs.items()}
            outputs = model.signatures[request.model_spec.signature_name](**inputs)
            protos = {name: tf.make_tensor_proto(value) for name, value in outputs.items()}
            return predict_pb2.PredictResponse(model_spec=request.model_spec, outputs=protos)

    server = grpc.server(ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(SavedModelServicer(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def start(serve: Serve, **settings: Any) -> grpc.Channel:
    return serve(load(TextServiceSettings(artifacts=RELEASED, **settings)))


def encode(channel: grpc.Channel, texts: list[str]) -> EncodeTextsResponse:
    return TextServiceStub(channel).EncodeTexts(EncodeTextsRequest(texts=texts), timeout=30)


def numbers(response: EncodeTextsResponse) -> list[dict[str, float]]:
    """The scores and weights of each result by their names, and its counts."""
    rows = []
    for result in response.results:
        row = {emotion.emotion: emotion.score for emotion in result.emotions}
        row |= {f"scene {scene.scene}": scene.score for scene in result.scenes}
        row |= {facet.facet: facet.weight for facet in result.facets}
        row |= {"evidence": result.evidence.score, "notices": len(result.notices)}
        row |= {axis: getattr(result.vad, axis) for axis in ("valence", "arousal", "dominance")}
        row |= {f"vad {i}": value for i, value in enumerate(result.vectors[0].values)}
        rows.append(row | {"tokens": result.token_count, "windows": result.window_count})
    return rows


@pytest.mark.parametrize(
    "batches", [[[text] for text in TEXTS], [TEXTS], [TEXTS * 20]], ids=["one", "all", "many"]
)
def test_both_backends_give_one_answer(serve: Serve, tf_serving: str, batches: list[list[str]]) -> None:
    here = start(serve)
    there = start(serve, backend="tf-serving", tf_serving_target=tf_serving)
    assert TextServiceStub(there).GetModel(GetModelRequest(), timeout=5).model.backend == "tf-serving"
    for texts in batches:
        for found, expected in zip(numbers(encode(there, texts)), numbers(encode(here, texts)), strict=True):
            assert found == pytest.approx(expected, abs=TOLERANCE)


def test_clients_of_tf_serving_get_what_tensorflow_computes(serve: Serve, tf: Any, tf_serving: str) -> None:
    signature = read_signature(released_saved_model() / MODEL_FILE)
    windows = np.random.default_rng(7).integers(0, 2_000, (70, signature.window), np.int32)
    version = int(released_saved_model().name)
    request = PredictRequest(inputs={"token_ids": tf.make_tensor_proto(windows)})
    request.model_spec.name, request.model_spec.signature_name = "text_encoder", "encode"
    request.model_spec.version.value = version
    answers = []
    with grpc.insecure_channel(tf_serving) as tensorflow_channel:
        for channel in (start(serve), tensorflow_channel):
            response = PredictionServiceStub(channel).Predict(request, timeout=30)
            answers.append({name: tf.make_ndarray(tensor) for name, tensor in response.outputs.items()})
    here, there = answers
    shapes = {name: (70, width) for name, width in signature.widths.items()}
    assert {name: rows.shape for name, rows in here.items()} == shapes
    assert {name: rows.shape for name, rows in there.items()} == shapes
    for name in ("emotions", "scenes", "vad", "distress"):
        np.testing.assert_allclose(here[name], there[name], atol=TOLERANCE)
