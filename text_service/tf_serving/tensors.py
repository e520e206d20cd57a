"""TensorProto to numpy and back, for the tensors of the text encoder, without TensorFlow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from text_service.tf_serving.protos import DataType, SignatureDef, TensorInfo, TensorProto
from text_service.windows import INPUT_NAME, ModelSignature

PREDICT_METHOD = "tensorflow/serving/predict"


class TensorError(ValueError):
    """Raised when a TensorProto isn't of the kind that was agreed on; says which and what it is."""


@dataclass(frozen=True)
class TensorKind:
    """A tensor <dtype>[n, width] as a signature names it."""

    name: str
    type_name: str  # DataType's name, such as DT_INT32
    value_field: str  # the field that holds values of that type one by one
    dtype: str  # numpy's name, little-endian as tensor_content is
    width: int
    max_rows: int

    @property
    def info(self) -> TensorInfo:
        """The tensor as a SignatureDef describes it."""
        unfilled = self._empty((-1, self.width))
        return TensorInfo(name=self.name, dtype=unfilled.dtype, tensor_shape=unfilled.tensor_shape)

    def write(self, array: NDArray[Any]) -> TensorProto:
        """The message of an array [n, width] in the compact form."""
        tensor = self._empty(array.shape)
        tensor.tensor_content = array.astype(self.dtype, copy=False).tobytes()
        return tensor

    def write_listed(self, array: NDArray[Any]) -> TensorProto:
        """The message of an array [n, width] value by value, as TF Serving answers and clients expect."""
        tensor = self._empty(array.shape)
        getattr(tensor, self.value_field).extend(array.ravel().tolist())
        return tensor

    def read(self, tensor: TensorProto) -> NDArray[Any]:
        """The array [n, width] of a message, which the array may share memory with.

        Raises:
            TensorError: if type or shape isn't this kind's, or the values don't fill the shape.
        """
        if tensor.dtype != DataType.Value(self.type_name):
            raise TensorError(f"dtype: must be {self.type_name}, got {_type_name(tensor.dtype)}")
        shape = self._shape(tensor)
        count = shape[0] * shape[1]
        if tensor.tensor_content:
            values = self._content(tensor.tensor_content, count)
        else:
            values = self._listed(getattr(tensor, self.value_field), count)
        return values.reshape(shape)

    def _empty(self, shape: tuple[int, ...]) -> TensorProto:
        tensor = TensorProto(dtype=DataType.Value(self.type_name))
        for size in shape:
            tensor.tensor_shape.dim.add(size=size)
        return tensor

    def _shape(self, tensor: TensorProto) -> tuple[int, int]:
        """The shape, checked before anything of that size is allocated: one value may stand for all."""
        sizes = [dim.size for dim in tensor.tensor_shape.dim]
        if tensor.tensor_shape.unknown_rank or len(sizes) != 2 or sizes[1] != self.width:
            got = sizes if len(sizes) <= 4 else f"{len(sizes)} dimensions"
            raise TensorError(f"tensor_shape: must be [n, {self.width}], got {got}")
        if not 0 <= sizes[0] <= self.max_rows:
            raise TensorError(f"tensor_shape: at most {self.max_rows:,} rows, got {sizes[0]:,}")
        return sizes[0], sizes[1]

    def _content(self, content: bytes, count: int) -> NDArray[Any]:
        size = count * np.dtype(self.dtype).itemsize
        if len(content) != size:
            raise TensorError(f"tensor_content: {size:,} bytes by its shape, got {len(content):,}")
        return np.frombuffer(content, self.dtype)

    def _listed(self, listed: Sequence[float], count: int) -> NDArray[Any]:
        """Values one by one; the last stands for all that are missing, and none at all means zeros."""
        values = np.array(listed, self.dtype)
        if len(values) > count:
            raise TensorError(
                f"{self.value_field}: at most {count:,} values by its shape, got {len(values):,}"
            )
        if len(values) == count:
            return values
        filled = np.full(count, values[-1] if len(values) else 0, self.dtype)
        filled[: len(values)] = values
        return filled


def _type_name(number: int) -> str:
    return str(DataType.Name(number)) if number in DataType.values() else f"type {number}"


def token_ids_kind(signature: ModelSignature) -> TensorKind:
    """The input: windows of token ids."""
    return TensorKind(INPUT_NAME, "DT_INT32", "int_val", "<i4", signature.window, signature.max_windows)


def output_kinds(signature: ModelSignature) -> Mapping[str, TensorKind]:
    """The outputs by name, a row for each window."""
    return {
        name: TensorKind(name, "DT_FLOAT", "float_val", "<f4", width, signature.max_windows)
        for name, width in signature.widths.items()
    }


def signature_def(signature: ModelSignature) -> SignatureDef:
    """The text encoder's signature, which it has under each of its names."""
    return SignatureDef(
        inputs={INPUT_NAME: token_ids_kind(signature).info},
        outputs={name: kind.info for name, kind in output_kinds(signature).items()},
        method_name=PREDICT_METHOD,
    )
