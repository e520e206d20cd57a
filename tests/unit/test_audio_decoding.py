"""Recordings of every format that is read, and of every kind that is broken, through the real decoder."""

import contextlib
import os
from pathlib import Path

import numpy as np
import pytest

from ambiance.audio.decoding import Recording, Tags
from ambiance.audio.errors import AudioError
from ambiance.audio.listening import Heard, listen
from ambiance.audio.log_mel import log_mel_examples
from vggish_files import tone, write_recording

FORMATS = ["wav", "flac", "mp3", "ogg"]


def decoded(path: Path) -> np.ndarray:
    with Recording(path) as recording:
        return np.concatenate(list(recording.blocks()))


def frequency(sound: np.ndarray) -> float:
    """Where the spectrum of a second from the middle is highest, in Hz."""
    middle = len(sound) // 2
    return float(np.abs(np.fft.rfft(sound[middle - 8_000 : middle + 8_000])).argmax())


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_every_format_comes_out_as_16_khz_mono(tmp_path: Path, suffix: str, rate: int) -> None:
    sound = decoded(write_recording(tmp_path / f"a.{suffix}", tone(1_000, 3, rate, channels=2), rate))
    assert abs(len(sound) - 48_000) < 2_000  # mp3 and ogg may add a little
    assert sound.dtype == np.float32
    assert frequency(sound) == pytest.approx(1_000, abs=1)
    assert sound[10_000:30_000].std() == pytest.approx(0.5 / 2**0.5, rel=0.04)  # lossy formats differ


@pytest.mark.parametrize(("rate", "channels"), [(192_000, 1), (44_100, 8), (192_000, 8), (11_025, 1)])
def test_uncommon_rates_and_channels(tmp_path: Path, rate: int, channels: int) -> None:
    sound = decoded(write_recording(tmp_path / "a.wav", tone(440, 2, rate, channels), rate))
    assert abs(len(sound) - 32_000) <= 2
    assert frequency(sound) == pytest.approx(440, abs=1)


def test_channels_are_averaged(tmp_path: Path) -> None:
    both = np.hstack([tone(440, 2), -tone(440, 2)])
    assert np.abs(decoded(write_recording(tmp_path / "a.wav", both))).max() < 1e-4


def test_what_resampling_must_cut_off_is_cut_off(tmp_path: Path) -> None:
    # 12 kHz can't be told at 16 kHz: without a filter it would come out as 4 kHz
    sound = decoded(write_recording(tmp_path / "a.wav", tone(12_000, 2, 48_000), 48_000))
    assert np.abs(sound[2_000:-2_000]).max() < 1e-3


@pytest.mark.parametrize("suffix", FORMATS)
def test_blocks_join_without_a_gap(tmp_path: Path, suffix: str) -> None:
    import soundfile

    path = write_recording(tmp_path / f"a.{suffix}", tone(440, 5))
    whole, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(decoded(path), whole, atol=1e-6)


@pytest.mark.parametrize("suffix", FORMATS)
def test_tags_are_read(tmp_path: Path, suffix: str) -> None:
    tags = {"title": "Títle 日本", "artist": "Künstler", "album": "Álbum"}
    path = write_recording(tmp_path / f"a.{suffix}", tone(seconds=1), **tags)
    with Recording(path) as recording:
        assert recording.tags == Tags(**tags)


def hear(examples: np.ndarray) -> np.ndarray:
    """Stands in for the network: what it hears is how loud each example is."""
    return np.repeat(examples.mean(axis=(1, 2), keepdims=True)[:, 0], 128, axis=1).astype(np.uint8)


def heard(path: Path, seconds: float = 10.0) -> Heard:
    return listen(path, seconds, hear)


@pytest.mark.parametrize(
    ("length", "ends"),
    [
        (0.98, [0.98]),
        (9.0, [9.0]),
        (10.0, [10.0]),
        (14.9, [10.0]),  # the rest is shorter than half a window
        (15.0, [10.0, 15.0]),
        (31.0, [10.0, 20.0, 30.0]),
    ],
)
def test_windows_follow_each_other(tmp_path: Path, length: float, ends: list[float]) -> None:
    found = heard(write_recording(tmp_path / "a.wav", tone(seconds=length)))
    assert [window.end_seconds for window in found.windows] == pytest.approx(ends)
    assert [window.start_seconds for window in found.windows] == [10.0 * i for i in range(len(ends))]
    assert found.duration_seconds == pytest.approx(length)
    assert len(found.windows[0].frames) == int((min(length, 10) * 100 - 1.5) // 96)


def test_a_window_is_heard_by_itself_whatever_the_blocks(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.9, 0.9, (16_000 * 7, 1)).astype(np.float32)
    path = write_recording(tmp_path / "a.flac", noise)
    seen: list[np.ndarray] = []

    def keep(examples: np.ndarray) -> np.ndarray:
        seen.append(examples)
        return hear(examples)

    found = listen(path, 2.5, keep)
    whole = decoded(path)
    parts = [log_mel_examples(whole[start : start + 40_000]) for start in (0, 40_000, 80_000)]
    np.testing.assert_array_equal(np.concatenate(seen), np.concatenate(parts))
    assert [len(window.frames) for window in found.windows] == [len(part) for part in parts] == [2, 2, 2]


def test_windows_keep_their_frames_however_many_are_heard_at_once(tmp_path: Path) -> None:
    steps = np.concatenate([tone(440, 4) * loudness for loudness in np.linspace(0.1, 1, 60)])
    path = write_recording(tmp_path / "a.wav", steps.astype(np.float32))
    seen: list[int] = []

    def keep(examples: np.ndarray) -> np.ndarray:
        seen.append(len(examples))
        return np.repeat(np.exp(examples.max(axis=(1, 2)))[:, np.newaxis], 128, axis=1).astype(np.uint8)

    windows = listen(path, 4, keep).windows
    assert seen == [160, 80]  # four to a window
    loudness = [window.frames.mean() for window in windows]
    assert len(windows) == 60
    assert loudness == sorted(loudness)
    assert loudness[-1] > 5 * loudness[0]


def test_silent_windows_are_left_out_and_counted(tmp_path: Path) -> None:
    sound = np.concatenate([tone(seconds=10), np.zeros((160_000, 1), np.float32), tone(seconds=10)])
    found = heard(write_recording(tmp_path / "a.wav", sound))
    assert [window.start_seconds for window in found.windows] == [0.0, 20.0]
    assert found.silent_count == 1


def broken(folder: Path, kind: str) -> Path:
    path = folder / "a.wav"
    if kind == "empty":
        path.touch()
    elif kind == "junk":
        path.write_bytes(os.urandom(5_000))
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "gone":
        pass
    elif kind == "nan":
        import soundfile

        sound = tone(seconds=2)
        sound[1_000] = np.nan
        soundfile.write(path, sound, 16_000, subtype="FLOAT")
    elif kind == "too slow":
        import soundfile

        soundfile.write(path, tone(seconds=2), 10)
    elif kind == "many channels":
        write_recording(path, tone(seconds=2, channels=65))
    else:
        lengths = {"short": 0.97, "silent": 3.0, "no samples": 0.0}
        write_recording(path, tone(seconds=lengths[kind]) * (kind != "silent"))
    return path


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("empty", "is empty"),
        ("junk", "isn't sound that is read: Format not recognised"),
        ("pipe", "isn't a file"),
        ("folder", "isn't a file"),
        ("gone", "No such file or directory"),
        ("nan", "holds a sample that isn't a finite number"),
        ("too slow", "sample rate: 1,000 to 768,000 Hz, got 10"),
        ("many channels", "channels: at most 64, got 65"),
        ("short", "at least 0.975 s of sound, got 0.97 s"),
        ("no samples", "at least 0.975 s of sound, got 0 s"),
        ("silent", "is silent"),
    ],
)
def test_what_cannot_be_heard_says_why(tmp_path: Path, kind: str, reason: str) -> None:
    with pytest.raises(AudioError) as caught:
        heard(broken(tmp_path, kind))
    assert str(caught.value) == reason


@pytest.mark.parametrize("suffix", ["flac", "mp3"])
def test_a_file_that_breaks_off_is_told(tmp_path: Path, suffix: str) -> None:
    path = write_recording(tmp_path / f"a.{suffix}", tone(seconds=20, rate=44_100), 44_100)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioError, match=r"breaks off|can't be decoded"):
        heard(path)


def test_a_file_of_random_bytes_never_does_more_than_fail(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    for suffix in FORMATS:
        data = write_recording(tmp_path / f"a.{suffix}", tone(seconds=3)).read_bytes()
        for _ in range(10):
            damaged = bytearray(data)
            for place in random.integers(0, len(data), 20):
                damaged[place] = random.integers(0, 256)
            path = tmp_path / f"b.{suffix}"
            path.write_bytes(damaged)
            with contextlib.suppress(AudioError):
                assert heard(path).windows


@pytest.mark.parametrize("change", ["grows", "is replaced", "is deleted"])
def test_a_file_that_changes_while_it_is_read_is_told(tmp_path: Path, change: str) -> None:
    path = write_recording(tmp_path / "a.wav", tone(seconds=12))

    def meanwhile(examples: np.ndarray) -> np.ndarray:
        if change == "grows":
            with path.open("ab") as file:
                file.write(b"more")
        elif change == "is replaced":
            write_recording(tmp_path / "b.wav", tone(seconds=12)).rename(path)
        else:
            path.unlink(missing_ok=True)
        return hear(examples)

    with pytest.raises(AudioError, match="changed while it was read"):
        listen(path, 10, meanwhile)


def test_names_that_are_not_utf8_are_read(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9.wav")
    write_recording(tmp_path / "a.wav", tone(seconds=2)).rename(path)
    assert heard(path).windows


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    good, junk = write_recording(tmp_path / "b.wav", tone(seconds=2)), broken(tmp_path, "junk")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        heard(good)
        with pytest.raises(AudioError):
            heard(junk)
    assert len(os.listdir("/proc/self/fd")) == before
