"""Writes to a service from a process of its own, so that it doesn't hold up who searches beside it."""

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import numpy as np

from ambiance.music.v1 import music_index_service_pb2 as messages
from ambiance.music.v1.music_index_service_pb2_grpc import MusicIndexServiceStub
from churn.catalogue import LikeReleased, as_input, clip_id

_BATCH = 50
_DELETED_SHARE = 0.2


@contextmanager
def churning(
    target: str, index: str, artifacts: Path, clips: int, changes: int, seconds: float
) -> Iterator[None]:
    """Change that many clips of an index in that time: write most again, add a few, delete the others."""
    arguments = (target, index, artifacts, clips, changes, seconds)
    writer = multiprocessing.get_context("spawn").Process(target=_churn, args=arguments)
    writer.start()
    try:
        yield
    finally:
        writer.join()
    if writer.exitcode:
        raise RuntimeError("the writer failed, see above")


def _churn(target: str, index: str, artifacts: Path, clips: int, changes: int, seconds: float) -> None:
    drawn, rng = LikeReleased(artifacts, seed=1), np.random.default_rng(1)
    stub = MusicIndexServiceStub(grpc.insecure_channel(target))
    began, batches = time.monotonic(), changes // _BATCH
    for number in range(batches):
        ids = [clip_id(each) for each in rng.integers(0, clips + changes, _BATCH).tolist()]
        ids = list(dict.fromkeys(ids))
        gone = round(_DELETED_SHARE * len(ids))
        stub.DeleteClips(messages.DeleteClipsRequest(index=index, clip_ids=ids[:gone]))
        inputs = [as_input(clip) for clip in drawn.draw(ids[gone:])]
        _require_written(stub.UpsertClips(messages.UpsertClipsRequest(index=index, clips=inputs)))
        time.sleep(max(0.0, began + (number + 1) * seconds / batches - time.monotonic()))


def write_rates(target: str, artifacts: Path, index: str, clips: int, writers: int = 2) -> dict[str, float]:
    """Clips a second that some threads write in batches of 1,000; and how long one clip takes of 8 at once.

    The requests are made before: what a caller does to make them is measured by `ambiance import`.
    """
    drawn = LikeReleased(artifacts, seed=2)
    stub = MusicIndexServiceStub(grpc.insecure_channel(target))
    stub.CreateIndex(messages.CreateIndexRequest(name=index))
    batches = []
    for start in range(0, clips, 1_000):
        inputs = map(as_input, drawn.draw([clip_id(each) for each in range(start, start + 1_000)]))
        batches.append(messages.UpsertClipsRequest(index=index, clips=inputs))
    singles = [
        messages.UpsertClipsRequest(index=index, clips=[as_input(clip)])
        for clip in drawn.draw([f"single-{number}" for number in range(2_000)])
    ]

    def write(request: messages.UpsertClipsRequest) -> float:
        began = time.monotonic()
        _require_written(stub.UpsertClips(request))
        return time.monotonic() - began

    with ThreadPoolExecutor(writers) as pool:
        began = time.monotonic()
        list(pool.map(write, batches))
        rate = clips / (time.monotonic() - began)
    with ThreadPoolExecutor(8) as pool:
        seconds = list(pool.map(write, singles))
    p50, p99 = np.quantile(seconds, [0.5, 0.99]).tolist()
    return {"clips/s": round(rate), "single clip, ms p50": 1e3 * p50, "single clip, ms p99": 1e3 * p99}


def _require_written(response: messages.UpsertClipsResponse) -> None:
    if refused := [result for result in response.results if result.violations]:
        raise RuntimeError(f"refused: {refused[0]}")
