"""Runs the model in a TF Serving elsewhere: the client side of tensorflow.serving.PredictionService."""

from typing import cast

import grpc
import numpy as np
from numpy.typing import NDArray

from ambiance.channel import PEER_CHANNEL_OPTIONS
from ambiance.errors import AmbianceError, PeerError, PreconditionError
from ambiance.status_codes import from_rpc_error
from ambiance.targets import resolvable
from text_service.tf_serving.protos import ModelSpec, PredictionServiceStub, PredictRequest, PredictResponse
from text_service.tf_serving.tensors import TensorError, output_kinds, token_ids_kind
from text_service.windows import (
    INPUT_NAME,
    SIGNATURE,
    IsWanted,
    ModelSignature,
    Outputs,
    always,
    check_outputs,
)


class TfServingEncoder:
    """A `WindowEncoder` that sends windows to one version of a model at `target`."""

    def __init__(self, target: str, model: str, version: int, signature: ModelSignature) -> None:
        """Take the address, the model's name and version there, and the signature that it must have."""
        self._signature = signature
        self._token_ids, self._outputs = token_ids_kind(signature), output_kinds(signature)
        self._peer = f"tf serving at {target}"
        self._model, self._version = model, version
        self._channel = grpc.insecure_channel(resolvable(target), options=list(PEER_CHANNEL_OPTIONS))
        self._predict = PredictionServiceStub(self._channel).Predict
        self._spec = ModelSpec(name=model, signature_name=SIGNATURE)
        self._spec.version.value = version

    @property
    def signature(self) -> ModelSignature:
        """See `WindowEncoder.signature`."""
        return self._signature

    def encode(self, windows: NDArray[np.int32], timeout_s: float, is_wanted: IsWanted = always) -> Outputs:
        """See `WindowEncoder.encode`. One request holds every window, so `is_wanted` is of no use.

        Raises:
            UnavailableError: if TF Serving can't be reached.
            PreconditionError: if it doesn't serve this version of the model.
            PeerError: if it refuses the request or answers with something else than its outputs.
        """
        request = PredictRequest(model_spec=self._spec, inputs={INPUT_NAME: self._token_ids.write(windows)})
        try:
            response = self._predict(request, timeout=timeout_s)
        except grpc.RpcError as error:
            raise self._domain_error(error) from error
        return check_outputs(self._read(response, len(windows)))

    def close(self) -> None:
        """End the connection."""
        self._channel.close()

    def _read(self, response: PredictResponse, count: int) -> Outputs:
        if (answered := response.model_spec.version.value) != self._version:
            raise PreconditionError(f"{self._peer}: needs {self._wanted}, version {answered} answered")
        return {name: self._read_output(response, name, count) for name in self._outputs}

    def _read_output(self, response: PredictResponse, name: str, count: int) -> NDArray[np.float32]:
        try:
            rows = self._outputs[name].read(response.outputs[name])
        except TensorError as error:
            raise PeerError(f"{self._peer}: outputs[{name}].{error}") from error
        if len(rows) != count:
            raise PeerError(f"{self._peer}: {len(rows)} rows of {name} for {count} windows")
        return rows

    @property
    def _wanted(self) -> str:
        return f"{self._model} version {self._version}"

    def _domain_error(self, error: grpc.RpcError) -> AmbianceError:
        call = cast(grpc.Call, error)
        if call.code() is grpc.StatusCode.NOT_FOUND:
            return PreconditionError(f"{self._peer}: needs {self._wanted}: {call.details()}")
        if call.code() is grpc.StatusCode.INVALID_ARGUMENT:  # the request is ours, so the fault is
            return PeerError(f"{self._peer}: {call.details()}")
        return from_rpc_error(error, self._peer)
