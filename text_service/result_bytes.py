"""The scores and vectors of results as bytes of protobuf's, which a message takes in whole.

Adding sixty submessages one by one would take as long as the model. What surrounds the numbers is the same in
every reply, so it is serialized once; and protobuf reads parts of a message that follow each other as one.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS, FACETS, SCENES
from ambiance.text.v1.text_service_pb2 import EncodedText
from ambiance.type.v1.affect_pb2 import EmotionScore, FacetWeight, SceneScore
from ambiance.type.v1.space_pb2 import Vector
from text_service.reader import Ranked, Reading
from text_service.windows import EMBEDDING_OUTPUT

_FLOAT, _FLOATS = struct.Struct("<f"), np.dtype("<f4")  # as protobuf writes them
_SOME = 1.0  # stands for a number: protobuf leaves out a 0


def _around(message: EncodedText, width: int = 1) -> tuple[bytes, bytes]:
    """What lies before and behind the `width` numbers of a serialized message."""
    before, _, after = message.SerializeToString().partition(_FLOAT.pack(_SOME) * width)
    return before, after


_BEFORE_EMOTIONS = [
    _around(EncodedText(emotions=[EmotionScore(emotion=name, score=_SOME)]))[0] for name in EMOTIONS.names
]
_BEFORE_SCENES = [_around(EncodedText(scenes=[SceneScore(scene=name, score=_SOME)]))[0] for name in SCENES]
_BEFORE_FACETS = [_around(EncodedText(facets=[FacetWeight(facet=name, weight=_SOME)]))[0] for name in FACETS]


def result_bytes(reading: Reading, lineages: Mapping[str, str]) -> Iterator[bytes]:
    """For each text read, an EncodedText of its emotions, scenes, facets, vectors and embedding, as bytes.

    Args:
        reading: of n texts.
        lineages: of the spaces whose vectors are wanted, by name and in order.
    """
    columns: list[Iterable[bytes]] = [
        _scores(_BEFORE_EMOTIONS, reading.emotions),
        _scores(_BEFORE_SCENES, reading.scenes),
        _scores(_BEFORE_FACETS, reading.facets),
    ]
    for space, lineage in lineages.items():
        before, after = _around_vector(space, lineage, reading.outputs[space].shape[1])
        columns += [repeat(before), _rows(reading.outputs[space]), repeat(after)]
    if (embedding := reading.outputs.get(EMBEDDING_OUTPUT)) is not None:
        columns += [repeat(_before_embedding(embedding.shape[1])), _rows(embedding)]
    return map(b"".join, zip(*columns, strict=False))  # some repeat without end


def _scores(before: list[bytes], ranked: Ranked) -> Iterator[bytes]:
    """Scores in their order, each behind what comes before a score of its label."""
    count = ranked.scores.shape[1]
    values = struct.iter_unpack(f"{_FLOAT.size}s" * count, _little_endian(ranked.scores))
    parts: list[bytes] = [b""] * (2 * count)
    for labels, scores in zip(ranked.labels.tolist(), values, strict=True):
        parts[::2] = [before[label] for label in labels]
        parts[1::2] = scores
        yield b"".join(parts)


def _rows(values: NDArray[np.float32]) -> list[bytes]:
    data, size = _little_endian(values), _FLOAT.size * values.shape[1]
    return [data[start : start + size] for start in range(0, len(data), size)]


def _little_endian(values: NDArray[np.float32]) -> bytes:
    return values.astype(_FLOATS, copy=False).tobytes()


@cache
def _before_embedding(width: int) -> bytes:
    return _around(EncodedText(embedding=[_SOME] * width), width)[0]


@cache
def _around_vector(space: str, lineage: str, width: int) -> tuple[bytes, bytes]:
    vector = Vector(space=space, values=[_SOME] * width, lineage=lineage)
    return _around(EncodedText(vectors=[vector]), width)
