"""VGGish's layers as published: their names, shapes and order. Free of Keras."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from ambiance.audio.log_mel import EXAMPLE_FRAMES, MEL_BANDS
from ambiance.audio.postprocessing import DIMENSION

KERNEL = 3  # convolutions are 3 x 3, at stride 1, padded to the same size
POOL = 2  # each group of them ends in a maximum over 2 x 2, at stride 2
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Architecture:
    """The widths of the layers; those by default are the published ones. Tests make it narrower."""

    groups: tuple[tuple[int, ...], ...] = ((64,), (128,), (256, 256), (512, 512))
    hidden: int = 4_096
    embedding: int = DIMENSION

    def layers(self) -> Iterator[tuple[str, Shape]]:
        """Name and shape of the weights of each layer, in order; its biases have the last dimension of it.

        A convolution's shape is (height, width, channels in, channels out), a dense layer's (in, out). The
        names are the last parts of those in the publisher's checkpoint.
        """
        channels = 1
        for number, widths in enumerate(self.groups, start=1):
            for name, width in zip(group_names(f"conv{number}", len(widths)), widths, strict=True):
                yield name, (KERNEL, KERNEL, channels, width)
                channels = width
        shrunk = POOL ** len(self.groups)
        flat = (EXAMPLE_FRAMES // shrunk) * (MEL_BANDS // shrunk) * channels
        yield "fc1_1", (flat, self.hidden)
        yield "fc1_2", (self.hidden, self.hidden)
        yield "fc2", (self.hidden, self.embedding)

    def parameter_count(self) -> int:
        """Weights and biases of all layers."""
        return sum(prod(shape) + shape[-1] for _, shape in self.layers())


def group_names(group: str, count: int) -> list[str]:
    """Names of the layers of a group: that of the group if it has only one."""
    return [group] if count == 1 else [f"{group}_{number}" for number in range(1, count + 1)]


PUBLISHED = Architecture()
