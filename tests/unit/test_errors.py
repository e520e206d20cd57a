"""Domain errors as callers handle them: sent between processes, copied, and read by their fields."""

import copy
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from ambiance.errors import AmbianceError, InvalidInputError, OverloadedError, Violation

# How to build those that take more than a message.
BUILDERS: dict[type[AmbianceError], Callable[[], AmbianceError]] = {
    InvalidInputError: lambda: InvalidInputError([Violation("texts[0]", "is empty"), Violation("k", "1")]),
    OverloadedError: lambda: OverloadedError("all 64 permits are taken", 0.25),
}


def every_class(base: type[AmbianceError] = AmbianceError) -> Iterator[type[AmbianceError]]:
    yield base
    for derived in base.__subclasses__():
        yield from every_class(derived)


def through_pickle(protocol: int) -> Callable[[Any], Any]:
    return lambda error: pickle.loads(pickle.dumps(error, protocol))


def refuse() -> None:
    raise OverloadedError("all 64 permits are taken", 0.25)


@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, *map(through_pickle, range(pickle.HIGHEST_PROTOCOL + 1))],
    ids=["copy", "deepcopy", *(f"pickle{i}" for i in range(pickle.HIGHEST_PROTOCOL + 1))],
)
@pytest.mark.parametrize("kind", list(every_class()), ids=lambda kind: kind.__name__)
def test_a_copy_says_the_same(kind: type[AmbianceError], copied: Callable[[Any], Any]) -> None:
    error = BUILDERS.get(kind, lambda: kind("index: no 'x'"))()
    error.add_note("while matching")
    twin = copied(error)
    assert type(twin) is kind
    assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args)
    assert vars(twin) == vars(error)


def test_a_refusal_leaves_a_process_pool_whole() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        for _ in range(2):
            with pytest.raises(OverloadedError, match="all 64 permits are taken") as caught:
                pool.submit(refuse).result()
            assert caught.value.retry_after_s == 0.25
