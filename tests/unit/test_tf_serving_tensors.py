"""TensorProto in each form that TF Serving's clients send, and refusals before anything is allocated."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow_serving", reason="the tf-serving extra isn't installed")

from text_encoders import SIGNATURE, WINDOW
from text_service.tf_serving.protos import TensorProto
from text_service.tf_serving.tensors import TensorError, output_kinds, signature_def, token_ids_kind

DT_FLOAT, DT_INT32, DT_INT64 = 1, 3, 9

TOKEN_IDS, OUTPUTS = token_ids_kind(SIGNATURE), output_kinds(SIGNATURE)


def token_ids(*shape: int, dtype: int = DT_INT32, **values: Any) -> TensorProto:
    tensor = TensorProto(dtype=dtype, **values)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


def test_what_is_written_is_read() -> None:
    windows = np.arange(2 * WINDOW, dtype=np.int32).reshape(2, WINDOW)
    vad = np.array([[0.1, 0.2, 0.3]], np.float32)
    for kind, array in ((TOKEN_IDS, windows), (OUTPUTS["vad"], vad)):
        np.testing.assert_array_equal(kind.read(kind.write(array)), array)
        np.testing.assert_array_equal(kind.read(kind.write_listed(array)), array)
    assert TOKEN_IDS.read(token_ids(0, WINDOW)).shape == (0, WINDOW)


def test_the_signature_names_every_tensor_with_its_width() -> None:
    described = signature_def(SIGNATURE)
    widths = {name: info.tensor_shape.dim[1].size for name, info in described.outputs.items()}
    assert widths == SIGNATURE.widths
    assert described.inputs["token_ids"].tensor_shape.dim[1].size == WINDOW
    assert {info.dtype for info in described.outputs.values()} == {DT_FLOAT}


def test_contents_are_little_endian() -> None:
    content = np.arange(WINDOW, dtype="<i4").tobytes()
    read = TOKEN_IDS.read(token_ids(1, WINDOW, tensor_content=content))
    assert read.tolist() == [list(range(WINDOW))]


@pytest.mark.parametrize(
    ("values", "expected"),
    [([7], [7] * WINDOW), ([5, 6, 0], [5, 6] + [0] * (WINDOW - 2)), ([], [0] * WINDOW)],
)
def test_the_last_value_repeats(values: list[int], expected: list[int]) -> None:
    assert TOKEN_IDS.read(token_ids(1, WINDOW, int_val=values)).tolist() == [expected]


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (lambda: token_ids(1, WINDOW, dtype=DT_INT64), "dtype: must be DT_INT32, got DT_INT64"),
        (lambda: token_ids(1, WINDOW, dtype=999), "dtype: must be DT_INT32, got type 999"),
        (lambda: token_ids(WINDOW), r"tensor_shape: must be \[n, 30\], got \[30\]"),
        (lambda: token_ids(1, 29), r"tensor_shape: must be \[n, 30\], got \[1, 29\]"),
        (token_ids, r"tensor_shape: must be \[n, 30\], got \[\]"),
        (lambda: token_ids(*[1] * 9), r"tensor_shape: must be \[n, 30\], got 9 dimensions"),
        (lambda: token_ids(-1, WINDOW), "tensor_shape: at most 170,752 rows, got -1"),
        (lambda: token_ids(1 << 40, WINDOW, int_val=[1]), "tensor_shape: at most 170,752 rows, got 1,099"),
        (lambda: token_ids(1, WINDOW, tensor_content=b"\0" * 119), "tensor_content: 120 bytes .*, got 119"),
        (lambda: token_ids(1, WINDOW, int_val=[1] * 31), "int_val: at most 30 values by its shape, got 31"),
    ],
)
def test_other_tensors_are_refused(tensor: Callable[[], TensorProto], message: str) -> None:
    with pytest.raises(TensorError, match=message):
        TOKEN_IDS.read(tensor())


def test_an_unknown_rank_is_refused() -> None:
    tensor = token_ids()
    tensor.tensor_shape.unknown_rank = True
    with pytest.raises(TensorError, match="tensor_shape: must be"):
        TOKEN_IDS.read(tensor)
