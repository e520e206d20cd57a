"""VGGish's front end: the published constants, and a slow one written from the description alone."""

import cmath
import math

import numpy as np
import pytest

from ambiance.audio.log_mel import MIN_SAMPLES, log_mel_examples, mel, mel_weights, periodic_hann

RATE = 16_000


def tone(hertz: float, seconds: float = 1.0, amplitude: float = 0.5) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


def centres() -> list[float]:
    """Centres of the 64 bands in Hz: evenly spaced in mel between 125 and 7,500 Hz, edges not counted."""
    low, high = 1127 * math.log(1 + 125 / 700), 1127 * math.log(1 + 7500 / 700)
    return [700 * (math.exp((low + (high - low) * (i + 1) / 65) / 1127) - 1) for i in range(64)]


def slow_log_mel(waveform: list[float], frame: int) -> list[float]:
    """One frame of 64 bands from the published description, with a Fourier sum and loops instead of numpy."""
    samples = waveform[frame * 160 : frame * 160 + 400]
    windowed = [x * (0.5 - 0.5 * math.cos(2 * math.pi * i / 400)) for i, x in enumerate(samples)]
    magnitudes = [
        abs(sum(x * cmath.exp(-2j * math.pi * k * i / 512) for i, x in enumerate(windowed)))
        for k in range(257)
    ]

    def to_mel(hertz: float) -> float:
        return 1127 * math.log(1 + hertz / 700)

    low, high = to_mel(125), to_mel(7500)
    edges = [low + (high - low) * i / 65 for i in range(66)]
    bands = []
    for left, centre, right in zip(edges, edges[1:], edges[2:], strict=False):
        total = 0.0
        for k in range(1, 257):  # the bin of 0 Hz has no weight
            place = to_mel(k * 8000 / 256)
            if left < place <= centre:
                total += magnitudes[k] * (place - left) / (centre - left)
            elif centre < place < right:
                total += magnitudes[k] * (right - place) / (right - centre)
        bands.append(math.log(total + 0.01))
    return bands


@pytest.mark.parametrize(
    ("samples", "examples"),
    [
        (0, 0),
        (399, 0),
        (15_599, 0),
        (15_600, 1),  # 400 + 95 x 160: 0.975 s
        (30_959, 1),
        (30_960, 2),  # 400 + 191 x 160
        (160_000, 10),  # ten seconds: 998 frames, ten examples, as AudioSet's clips have
        (16_000 * 60, 62),
    ],
)
def test_counts_of_examples_follow_from_window_and_hop(samples: int, examples: int) -> None:
    assert log_mel_examples(np.zeros(samples)).shape == (examples, 96, 64)


def test_the_shortest_sound_is_a_window_longer_than_95_hops() -> None:
    assert MIN_SAMPLES == 15_600


def test_silence_is_the_logarithm_of_the_offset() -> None:
    assert np.all(log_mel_examples(np.zeros(MIN_SAMPLES)) == np.float32(math.log(0.01)))


def test_equals_a_slow_implementation_written_from_the_published_description() -> None:
    noise = np.random.default_rng(5).uniform(-1, 1, 31_000) * np.linspace(0.001, 1, 31_000)
    examples = log_mel_examples(noise)
    for frame in (0, 1, 50, 95, 96, 191):
        expected = slow_log_mel(noise.tolist(), frame)
        np.testing.assert_allclose(examples[frame // 96, frame % 96], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("band", [0, 1, 7, 20, 33, 50, 62, 63])
def test_a_tone_is_loudest_in_the_band_of_its_frequency(band: int) -> None:
    frame = log_mel_examples(tone(centres()[band]))[0, 40]
    assert abs(int(frame.argmax()) - band) <= (
        1 if band < 3 else 0
    )  # the lowest bands are narrower than a bin
    assert frame.max() - np.median(frame) > 3


def test_what_is_below_125_and_above_7500_hertz_is_hardly_heard() -> None:
    # leaving the edges well behind: a window of 25 ms spreads a tone over some 80 Hz on each side
    for hertz in (20.0, 7_800.0):
        assert log_mel_examples(tone(hertz))[0, 40].max() < 0 < log_mel_examples(tone(1_000.0))[0, 40].max()


def test_a_tone_of_1000_hertz_by_hand() -> None:
    # 1 kHz is bin 32 (of 31.25 Hz) exactly. The window's sum is 200, and half of a tone goes to either sign
    # of its frequency: the bin holds 0.5 / 2 x 200 = 50. 1127 x ln(1 + 1000 / 700) = 1127 x 0.887303 = 999.99
    weights = mel_weights()
    assert weights.shape == (257, 64)
    spectrum = np.abs(np.fft.rfft(tone(1_000.0)[:400] * periodic_hann(400), 512))
    assert spectrum[32] == pytest.approx(50.0, abs=1e-3)
    assert mel(1_000.0) == pytest.approx(999.9907, abs=1e-3)
    position = (mel(1_000.0) - mel(125.0)) / (mel(7_500.0) - mel(125.0)) * 65  # in bands from the lower edge
    band = int(position)
    assert weights[32, band] == pytest.approx(position - band, abs=1e-9)  # the band that it nears
    assert weights[32, band - 1] == pytest.approx(1 - (position - band), abs=1e-9)  # the one that it leaves


def test_bands_lie_between_the_published_edges() -> None:
    weights = mel_weights()
    hertz = np.arange(257) * 31.25
    heard = hertz[weights.any(axis=1)]
    assert heard.min() > 125 >= heard.min() - 31.25
    assert heard.max() < 7_500 <= heard.max() + 31.25
    inside = (hertz >= centres()[0]) & (hertz <= centres()[-1])
    np.testing.assert_allclose(weights[inside].sum(axis=1), 1.0)  # neighbouring triangles share each bin
    assert not weights[0].any()


def test_the_window_is_periodic() -> None:
    window = periodic_hann(400)
    assert window[0] == 0.0
    assert window[200] == 1.0
    assert window[399] == window[1] > 0
