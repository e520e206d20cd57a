"""What answers while an index of one lineage takes the place of one of another."""

import gc
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass

from ambiance.artifacts import Space
from ambiance.type.v1.space_pb2 import Vector
from clusters import wait_until
from music_index_service.succession import Succession


@dataclass
class Held:
    """Something with spaces."""

    held_spaces: Mapping[str, Space]


def held(mood: str) -> Held:
    lineages = {"vad": "vad-1", "mood": mood}
    return Held(
        {n: Space(name=n, dimension=3, metric="squared_l2", lineage=of) for n, of in lineages.items()}
    )


def query(lineage: str, space: str = "mood") -> list[Vector]:
    return [Vector(space=space, lineage=lineage)]


def test_the_one_before_answers_queries_of_its_lineage_and_no_others() -> None:
    first, second = held("mood-1"), held("mood-2")
    succession = Succession(first, keep_s=60)
    assert succession.answering(query("mood-2")) is first  # which refuses it
    succession.swap(second)
    assert succession.answering(query("mood-1")) is first
    for asked in (query("mood-2"), query("mood-3"), query(""), query("vad-1", "vad"), query("mood-1", "vad")):
        assert succession.answering(asked) is second


def test_only_one_of_other_lineages_is_kept() -> None:
    first, second, third = held("mood-1"), held("mood-2"), held("mood-3")
    succession = Succession(first, keep_s=60)
    succession.swap(held("mood-1"))
    assert succession.previous is None  # of the same lineages
    succession.swap(second)
    succession.swap(again := held("mood-2"))
    assert succession.previous is not None
    succession.swap(third)
    assert (succession.previous, succession.current) == (again, third)
    gone = weakref.ref(second)
    del second
    gc.collect()
    assert gone() is None


def test_it_is_let_go_once_nobody_has_asked_for_it_for_so_long() -> None:
    succession = Succession(held("mood-1"), keep_s=0.4)
    gone = weakref.ref(succession.current)
    succession.swap(held("mood-2"))

    def answers() -> bool:
        return succession.answering(query("mood-1")).held_spaces["mood"].lineage == "mood-1"

    for _ in range(10):
        assert answers()
        assert gone() is not None
        time.sleep(0.1)
    wait_until(lambda: gone() is None, 5)
    assert not answers()


def test_none_is_kept_for_no_time() -> None:
    succession = Succession(held("mood-1"), keep_s=0)
    succession.swap(held("mood-2"))
    assert succession.previous is None
