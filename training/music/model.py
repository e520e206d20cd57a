"""The seed's music network: ten seconds of quantised VGGish features in, a point in VAD space out."""

import keras

from training.music.mood_rows import FRAME_COUNTS, FRAMES

CLIP_FRAMES, FEATURES = 10, 128
FILTERS = 8
KERNELS_AND_STRIDES = (((4, 16), (1, 2)), ((4, 16), (2, 2)), ((4, 8), (2, 2)))
HIDDEN_UNITS = 32


def build_model(input_noise: float) -> keras.Model:
    """Map `frames` <uint8>[n, 10, 128] and `frame_counts` <int32>[n] to VAD <float32>[n, 3] in [0, 1].

    The network dequantises for itself, and features beyond a clip's last frame are zero, whatever the
    bytes there are. `input_noise` is the deviation of the noise added to features while training.
    """
    frames = keras.Input((CLIP_FRAMES, FEATURES), dtype="uint8", name=FRAMES)
    frame_counts = keras.Input((), dtype="int32", name=FRAME_COUNTS)
    hidden = keras.layers.GaussianNoise(input_noise)(_features(frames, frame_counts))
    for kernel, stride in KERNELS_AND_STRIDES:
        hidden = keras.layers.Conv2D(FILTERS, kernel, stride, padding="same", activation="leaky_relu")(hidden)
    hidden = keras.layers.Flatten()(hidden)
    hidden = keras.layers.Dense(HIDDEN_UNITS, activation="leaky_relu")(hidden)
    vad = keras.layers.Dense(3, activation="sigmoid")(hidden)
    return keras.Model({FRAMES: frames, FRAME_COUNTS: frame_counts}, vad)


def _features(frames: keras.KerasTensor, frame_counts: keras.KerasTensor) -> keras.KerasTensor:
    """<float32>[n, 10, 128, 1] in [-2, 2]: byte * 4 / 255 - 2, as `audioset.dequantize` has it."""
    features = keras.layers.Rescaling(4 / 255, offset=-2)(frames)
    heard = keras.ops.less(keras.ops.arange(CLIP_FRAMES), keras.ops.expand_dims(frame_counts, 1))
    heard = keras.ops.cast(keras.ops.expand_dims(heard, -1), "float32")
    return keras.ops.expand_dims(features * heard, -1)
