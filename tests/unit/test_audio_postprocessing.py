"""The published postprocessing: principal components, cut to [-2, 2], eight bits rounded down."""

import numpy as np
import pytest

from ambiance.audio.postprocessing import Postprocessor, quantized


@pytest.mark.parametrize(
    ("component", "byte"),
    [
        (-9.0, 0),
        (-2.0, 0),
        (-1.99, 0),  # 0.64: rounded down
        (0.0, 127),  # 127.5
        (1.0, 191),  # 191.25
        (1.99, 254),  # 254.36
        (2.0, 255),
        (7.0, 255),
    ],
)
def test_components_become_bytes_as_published(component: float, byte: int) -> None:
    assert quantized(np.array([[component]])).tolist() == [[byte]]


def test_bytes_read_back_are_at_most_a_step_lower() -> None:
    components = np.linspace(-2, 2, 1_001)
    back = quantized(components).astype(float) * 4 / 255 - 2  # as the music encoder reads them
    assert np.all((components - back >= -1e-12) & (components - back < 4 / 255))


def test_the_means_go_before_the_components() -> None:
    random = np.random.default_rng(0)
    vectors, means, embeddings = (
        random.normal(size=(128, 128)),
        random.normal(size=128),
        random.normal(size=(3, 128)),
    )
    heard = Postprocessor(vectors, means)(embeddings)
    for row, embedding in zip(heard, embeddings, strict=True):
        for byte, vector in zip(row, vectors, strict=True):
            component = sum(v * (e - m) for v, e, m in zip(vector, embedding, means, strict=True))
            assert byte == int((min(2.0, max(-2.0, component)) + 2) * 255 / 4)
