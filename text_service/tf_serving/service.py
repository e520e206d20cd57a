"""Answers TF Serving's clients: tensorflow.serving.PredictionService and ModelService for the loaded model.

Status codes are TF Serving's own. Classify, Regress, MultiInference and the reloading of configurations are
left out, and so answer UNIMPLEMENTED.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray

from ambiance.errors import InvalidInputError, NotFoundError, PreconditionError
from ambiance.server.holder import Holder
from ambiance.server.lifecycle import Servicer
from ambiance.validation import shown
from text_service.service import TextSnapshot
from text_service.tf_serving.protos import (
    MODEL_SERVICE,
    PREDICTION_SERVICE,
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    GetModelStatusRequest,
    GetModelStatusResponse,
    ModelSpec,
    ModelVersionStatus,
    PredictRequest,
    PredictResponse,
    SignatureDefMap,
)
from text_service.tf_serving.tensors import TensorError, output_kinds, signature_def, token_ids_kind
from text_service.windows import INPUT_NAME, LONGEST_CALL_S, SIGNATURE

DEFAULT_SIGNATURE = "serving_default"
SIGNATURES = (SIGNATURE, DEFAULT_SIGNATURE)
SIGNATURE_FIELD = "signature_def"


class TfServingServicer:
    """Implements what text encoders need of both services."""

    def __init__(self, holder: Holder[TextSnapshot], name: str) -> None:
        """Take what holds the model, and the name to serve it under."""
        self._holder, self._name = holder, name

    def predict(self, request: PredictRequest, context: grpc.ServicerContext) -> PredictResponse:
        """Run windows of token ids through the model."""
        return self._model().predict(request, context)

    def get_model_metadata(
        self, request: GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> GetModelMetadataResponse:
        """Describe the model's signatures."""
        return self._model().metadata(request)

    def get_model_status(
        self, request: GetModelStatusRequest, context: grpc.ServicerContext
    ) -> GetModelStatusResponse:
        """Say that the one version loaded is available."""
        return self._model().status(request)

    def servicers(self) -> list[Servicer]:
        """Both services, ready to register."""
        return [
            _servicer(
                PREDICTION_SERVICE,
                Predict=(self.predict, PredictRequest, PredictResponse),
                GetModelMetadata=(
                    self.get_model_metadata,
                    GetModelMetadataRequest,
                    GetModelMetadataResponse,
                ),
            ),
            _servicer(
                MODEL_SERVICE,
                GetModelStatus=(self.get_model_status, GetModelStatusRequest, GetModelStatusResponse),
            ),
        ]

    def _model(self) -> "_Model":
        """What a request is answered from, to its end."""
        return _Model(self._holder.current, self._name)


class _Model:
    """Answers requests for one loaded model; made for each, which takes microseconds."""

    def __init__(self, served: TextSnapshot, name: str) -> None:
        self._served = served  # as long as it lives, its encoder isn't closed
        self._encoder, self._vocabulary_count = served.encoder, served.model.vocabulary_count
        self._model, self._version = name, served.model.version.version
        self._token_ids = token_ids_kind(self._encoder.signature)
        self._outputs = output_kinds(self._encoder.signature)

    def predict(self, request: PredictRequest, context: grpc.ServicerContext) -> PredictResponse:
        self._check_model(request.model_spec)
        signature_name = request.model_spec.signature_name or DEFAULT_SIGNATURE
        if signature_name not in SIGNATURES:
            held = " and ".join(SIGNATURES)
            raise PreconditionError(f"signature {shown(signature_name)} not found; the model has {held}")
        names = self._wanted_outputs(request.output_filter)
        windows = self._windows(request)
        timeout_s = min(context.time_remaining(), LONGEST_CALL_S)
        outputs = self._encoder.encode(windows, timeout_s, context.is_active)
        return PredictResponse(
            model_spec=self._spec(signature_name),
            outputs={name: self._outputs[name].write_listed(outputs[name]) for name in names},
        )

    def metadata(self, request: GetModelMetadataRequest) -> GetModelMetadataResponse:
        self._check_model(request.model_spec)
        if set(request.metadata_field) != {SIGNATURE_FIELD}:
            got = ", ".join(map(shown, request.metadata_field[:4])) or "none"
            raise InvalidInputError.of("metadata_field", f"must be {SIGNATURE_FIELD!r} alone, got {got}")
        response = GetModelMetadataResponse(model_spec=self._spec())
        signatures = dict.fromkeys(SIGNATURES, signature_def(self._encoder.signature))
        response.metadata[SIGNATURE_FIELD].Pack(SignatureDefMap(signature_def=signatures))
        return response

    def status(self, request: GetModelStatusRequest) -> GetModelStatusResponse:
        self._check_model(request.model_spec)
        loaded = ModelVersionStatus(version=self._version, state=ModelVersionStatus.AVAILABLE)
        loaded.status.SetInParent()  # error_code 0 is OK
        return GetModelStatusResponse(model_version_status=[loaded])

    def _spec(self, signature_name: str = "") -> ModelSpec:
        spec = ModelSpec(name=self._model, signature_name=signature_name)
        spec.version.value = self._version
        return spec

    def _check_model(self, spec: ModelSpec) -> None:
        if not spec.name:
            raise InvalidInputError.of("model_spec.name", "is empty")
        if spec.version_label:
            raise InvalidInputError.of(
                "model_spec.version_label", f"no label {shown(spec.version_label)} is set"
            )
        named = [spec.version.value] if spec.HasField("version") else []  # none: the latest
        if spec.name != self._model or named not in ([], [self._version]):
            wanted = " version ".join([shown(spec.name), *map(str, named)])
            loaded = f"{self._model} version {self._version} is loaded"
            raise NotFoundError(f"servable {wanted} not found: {loaded}")

    def _wanted_outputs(self, names: Sequence[str]) -> Sequence[str]:
        """The outputs that a filter lets through; an empty one lets all."""
        unknown = [name for name in names if name not in self._outputs]
        if unknown or len(set(names)) < len(names):
            got = ", ".join(map(shown, (unknown or names)[:4]))
            offence = f"unknown: {got}" if unknown else f"names one twice: {got}"
            raise InvalidInputError.of(
                "output_filter", f"{offence}; the model has {', '.join(self._outputs)}"
            )
        return names or list(self._outputs)

    def _windows(self, request: PredictRequest) -> NDArray[np.int32]:
        if list(request.inputs) != [INPUT_NAME]:
            got = ", ".join(sorted(map(shown, request.inputs))[:4]) or "none"
            raise InvalidInputError.of("inputs", f"must be {INPUT_NAME!r} alone, got {got}")
        field = f"inputs[{INPUT_NAME}]"
        try:
            windows = self._token_ids.read(request.inputs[INPUT_NAME])
        except TensorError as error:
            raise InvalidInputError.of(field, str(error)) from error
        # The model looks ids up in a table; LiteRT fails beyond its end
        outside = windows[(windows < 0) | (windows >= self._vocabulary_count)]
        if len(outside):
            limit = f"ids are 0 to {self._vocabulary_count - 1:,}"
            raise InvalidInputError.of(field, f"{limit}, got {outside[0]:,}")
        return windows


# A method: what answers it, its request and its response.
_Method = tuple[Callable[[Any, grpc.ServicerContext], Any], Any, Any]


def _servicer(name: str, **methods: _Method) -> Servicer:
    """A service of just these methods. The generated base class would answer the others by an exception."""
    handlers = {
        method: grpc.unary_unary_rpc_method_handler(
            answer,
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )
        for method, (answer, request, response) in methods.items()
    }
    return Servicer(name, partial(_add, grpc.method_handlers_generic_handler(name, handlers)))


def _add(handler: grpc.GenericRpcHandler, server: grpc.Server) -> None:
    server.add_generic_rpc_handlers((handler,))
