"""A result's bytes are those of the message that is filled field by field."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from ambiance.affect import EMOTIONS, FACETS, SCENES
from ambiance.text.v1.text_service_pb2 import EncodedText
from text_service.evidence import Evidence
from text_service.reader import Ranked, Reading
from text_service.result_bytes import result_bytes

LINEAGES = {"vad": "vad-1", "mood": "mood-1"}


def numbers(width: int, least: float = 0) -> st.SearchStrategy[NDArray[np.float32]]:
    """<float32>[3, width], zeros among them."""
    return arrays.arrays(np.float32, (3, width), elements=st.floats(least, 1, width=32))


def ranked(width: int, least: float = 0) -> st.SearchStrategy[Ranked]:
    orders = st.lists(st.permutations(range(width)), min_size=3, max_size=3)
    return st.builds(lambda labels, scores: Ranked(np.array(labels), scores), orders, numbers(width, least))


READINGS = st.builds(
    Reading,
    ranked(len(EMOTIONS.names)),
    ranked(len(SCENES)),
    ranked(len(FACETS), least=-2),
    st.just([Evidence(0.5)] * 3),
    st.just([False] * 3),
    st.fixed_dictionaries({"vad": numbers(3), "mood": numbers(5)}, optional={"embedding": numbers(4)}),
)


def field_by_field(reading: Reading, row: int) -> EncodedText:
    result = EncodedText()
    for label, score in zip(reading.emotions.labels[row], reading.emotions.scores[row], strict=True):
        result.emotions.add(emotion=EMOTIONS.names[label], score=score)
    for label, score in zip(reading.scenes.labels[row], reading.scenes.scores[row], strict=True):
        result.scenes.add(scene=SCENES[label], score=score)
    for label, weight in zip(reading.facets.labels[row], reading.facets.scores[row], strict=True):
        result.facets.add(facet=FACETS[label], weight=weight)
    for space, lineage in LINEAGES.items():
        result.vectors.add(space=space, values=reading.outputs[space][row], lineage=lineage)
    if "embedding" in reading.outputs:
        result.embedding.extend(reading.outputs["embedding"][row])
    return result


@given(READINGS)
def test_the_bytes_are_those_of_the_message(reading: Reading) -> None:
    found = [EncodedText.FromString(data) for data in result_bytes(reading, LINEAGES)]
    assert found == [field_by_field(reading, row) for row in range(3)]
