"""Recordings and weights of VGGish's shape, made anew: the published weights can't be part of a test."""

from pathlib import Path
from typing import Any

import numpy as np

from ambiance.audio.architecture import Architecture
from ambiance.audio.weights import expected_shapes, write_weights

# The published network but thinner, so that a test takes a moment: 128 numbers come out all the same.
NARROW = Architecture(groups=((4,), (6,), (8, 8), (8, 8)), hidden=32)


def tone(hertz: float = 440.0, seconds: float = 12.0, rate: int = 16_000, channels: int = 1) -> Any:
    """A tone <float32>[samples, channels] at half of full scale."""
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[:, np.newaxis], channels, axis=1).astype(np.float32)


def write_recording(path: Path, sound: Any, rate: int = 16_000, **tags: str) -> Path:
    """A recording in the format of its name, with tags."""
    import soundfile

    kind = {"format": "OGG", "subtype": "VORBIS"} if path.suffix in (".ogg", ".oga") else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with soundfile.SoundFile(path, "w", rate, sound.shape[1], **kind) as file:
        for name, value in tags.items():
            setattr(file, name, value)
        for start in range(0, len(sound), rate):  # libvorbis keeps a whole write on the stack
            file.write(sound[start : start + rate])
    return path


def random_arrays(architecture: Architecture = NARROW, seed: int = 0) -> dict[str, Any]:
    """Weights of a network that lets differences through: their size keeps that of what passes."""
    random = np.random.default_rng(seed)
    arrays: dict[str, Any] = {}
    for name, shape in expected_shapes(architecture).items():
        scale = (2 / np.prod(shape[:-1])) ** 0.5 if len(shape) > 1 else 0.01
        arrays[name] = (scale * random.standard_normal(shape, dtype=np.float32)).astype(np.float32)
    return arrays


def random_weights(path: Path, architecture: Architecture = NARROW, seed: int = 0) -> Path:
    """A file of such weights, as `make vggish` writes it."""
    write_weights(path, random_arrays(architecture, seed), architecture)
    return path
