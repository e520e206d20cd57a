"""A trained student with its kernels in int8: a quarter of the bytes, widened again as they are used."""

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.text.student.network import Student

_LEVELS = 127  # of an int8 on either side of 0


class PackedStudent(tf.Module):
    """The student's forward pass on int8 kernels, one scale an output channel, as LiteRT has them too."""

    def __init__(self, student: Student) -> None:
        super().__init__()
        # The method, not the model: a model would be saved beside its packed copy.
        self._forward = student.stateless_call
        self._trainable = [_Packed(v.path, v.numpy()) for v in student.trainable_variables]
        self._fixed = [_Packed(v.path, v.numpy()) for v in student.non_trainable_variables]

    def __call__(self, token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """As `Student.call`; kernels are widened in the graph."""
        trainable, fixed = ([packed.widen() for packed in part] for part in (self._trainable, self._fixed))
        outputs, _ = self._forward(trainable, fixed, token_ids, training=False)
        return outputs

    def values(self) -> list[NDArray[Any]]:
        """What is computed with for the student's trainable variables, then for its others."""
        return [packed.widen().numpy() for packed in (*self._trainable, *self._fixed)]


class _Packed(tf.Module):
    """One variable: int8 and scales for a kernel, as it is for anything else."""

    def __init__(self, path: str, value: NDArray[Any]) -> None:
        super().__init__()
        self._scales = None
        if path.endswith("/kernel"):
            value, scales = to_int8(value)
            self._scales = tf.Variable(scales, trainable=False)
        self._value = tf.Variable(value, trainable=False)

    def widen(self) -> tf.Tensor:
        """The variable as the network computes with it."""
        if self._scales is None:
            return tf.convert_to_tensor(self._value)
        return tf.cast(self._value, tf.float32) * self._scales


def to_int8(kernel: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A kernel <float32>[..., channels] as int8 of its shape, and scales <float32>[channels]."""
    highest = np.abs(kernel).max(axis=tuple(range(kernel.ndim - 1)))
    scales = np.maximum(highest, np.finfo(np.float32).tiny * _LEVELS) / _LEVELS
    return np.rint(kernel / scales).astype(np.int8), scales.astype(np.float32)
