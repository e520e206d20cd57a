"""Numbers of clips that were found in Milvus."""

import gc

import pytest

pytest.importorskip("pymilvus", reason="needs pymilvus, of the extra dev")

from music_index_service.milvus.handles import Handles
from music_index_service.milvus.server import Row


def row(clip_id: str, sequence: int = 0, space: int = 0) -> Row:
    """What Milvus answers of a clip, but for its document."""
    vector = [float(space), float(sequence)]
    return {"clip_id": clip_id, "sequence": sequence, "space": space, "vector": vector}


def test_rows_of_several_spaces_are_one_clip() -> None:
    handles = Handles()
    one, other = handles.of([row("a", space=0), row("b", space=0)])
    assert one.handle != other.handle
    assert one.vector(1) is None
    assert handles.of([row("a", space=1)]) == [one]
    assert (one.vector(0), one.vector(1)) == ([0.0, 0.0], [1.0, 0.0])


def test_what_was_written_since_is_another_clip() -> None:
    handles = Handles()
    before, after = handles.of([row("a", sequence=1), row("a", sequence=2)])
    assert before.handle != after.handle
    assert (handles.clip(before.handle), handles.clip(after.handle)) == (before, after)


def test_a_clip_that_somebody_holds_keeps_its_number_however_many_came_since() -> None:
    handles = Handles(remembered=2)
    (held,) = handles.of([row("held")])
    handles.of([row(f"{i}") for i in range(10)])
    assert handles.clip(held.handle) is held
    assert handles.of([row("held")]) == [held]


def test_what_nobody_holds_is_remembered_for_a_while_alone() -> None:
    handles = Handles(remembered=2)
    first, last = (clip.handle for clip in handles.of([row("first"), row("second"), row("last")])[::2])
    gc.collect()
    assert handles.clip(last).id == "last"
    with pytest.raises(KeyError):
        handles.clip(first)
