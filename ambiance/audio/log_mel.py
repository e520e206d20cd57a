"""VGGish's front end: a waveform becomes log-mel examples, the pictures of sound that the network looks at.

The constants are those published with the network (TensorFlow's model garden, `research/audioset/vggish`).
"""

from functools import cache

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 16_000  # Hz, mono
WINDOW_SAMPLES = 400  # 25 ms, a periodic Hann window
HOP_SAMPLES = 160  # 10 ms
FFT_SAMPLES = 512  # the next power of two; zeros follow the window
MEL_BANDS = 64
LOWEST_HZ, HIGHEST_HZ = 125.0, 7_500.0  # edges of the first and of the last band
LOG_OFFSET = 0.01  # added before the logarithm, so that silence is finite
EXAMPLE_FRAMES = 96  # 0.96 s; examples don't overlap

# What the shortest sound needs: the last of 96 frames is a whole window long.
MIN_SAMPLES = WINDOW_SAMPLES + (EXAMPLE_FRAMES - 1) * HOP_SAMPLES  # 0.975 s

Floats = npt.NDArray[np.floating]


def log_mel_examples(waveform: Floats) -> npt.NDArray[np.float32]:
    """Examples <float32>[n, 96, 64] of a waveform <float>[samples] at 16 kHz in [-1, 1]:
    frames of 10 ms by mel bands.

    What is left behind the last whole example is left out; n is 0 below MIN_SAMPLES.
    """
    frames = 1 + (len(waveform) - WINDOW_SAMPLES) // HOP_SAMPLES
    examples = max(0, frames // EXAMPLE_FRAMES)
    if not examples:
        return np.empty((0, EXAMPLE_FRAMES, MEL_BANDS), np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(waveform, WINDOW_SAMPLES)
    used = windows[::HOP_SAMPLES][: examples * EXAMPLE_FRAMES]
    magnitudes = np.abs(np.fft.rfft(used * periodic_hann(WINDOW_SAMPLES), FFT_SAMPLES))
    log_mel = np.log(magnitudes @ mel_weights() + LOG_OFFSET)
    return log_mel.reshape(examples, EXAMPLE_FRAMES, MEL_BANDS).astype(np.float32)


def periodic_hann(length: int) -> npt.NDArray[np.float64]:
    """The Hann window <float64>[length] whose period is `length`, so that it doesn't end in 0."""
    return 0.5 - 0.5 * np.cos(2 * np.pi / length * np.arange(length))


def mel(hertz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Frequencies in HTK's mel scale."""
    return 1_127.0 * np.log1p(np.asarray(hertz, np.float64) / 700.0)


@cache
def mel_weights() -> npt.NDArray[np.float64]:
    """The weight <float64>[257, 64] of each Fourier bin in each band.

    They are triangles in mel, each from the centre of the band before to that of the next. The bin of 0 Hz
    has none.
    """
    bins = mel(np.linspace(0.0, SAMPLE_RATE / 2, FFT_SAMPLES // 2 + 1))[:, np.newaxis]
    edges = np.linspace(mel(LOWEST_HZ), mel(HIGHEST_HZ), MEL_BANDS + 2)
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0.0, np.minimum((bins - low) / (centre - low), (high - bins) / (high - centre)))
    weights[0] = 0.0
    weights.flags.writeable = False  # kept for everybody
    return weights
