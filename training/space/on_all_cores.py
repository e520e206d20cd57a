"""Goes through blocks of a large library on all cores, as numpy lets them."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

_Vectors = NDArray[np.float32]


def on_all_cores(function: Callable[[_Vectors], _Vectors], blocks: Iterable[_Vectors]) -> list[_Vectors]:
    """What a function says of each block, in their order; each call has one thread of its own."""
    with threadpool_limits(1), ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return list(pool.map(function, blocks))
