"""One /metrics for several workers: each writes to memory-mapped files, and the parent sums these."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

_DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client reads it when a worker imports it

# Worker's number -> id of its process; None while it has none.
ProcessIds = Callable[[], Mapping[int, int | None]]


@contextmanager
def shared_metrics() -> Iterator[str]:
    """A folder for the metrics of workers that are spawned until the block ends."""
    with TemporaryDirectory(prefix="ambiance-metrics-") as directory:
        os.environ[_DIRECTORY] = directory
        try:
            yield directory
        finally:
            del os.environ[_DIRECTORY]


def summed(directory: str, process_ids: ProcessIds) -> CollectorRegistry:
    """A registry with the workers' counts added up, and the memory and the like of each running process."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, directory)  # type: ignore[no-untyped-call]
    registry.register(_Processes(process_ids))
    return registry


def forget_calls_in_flight(directory: str, process_id: int) -> None:
    """Drop the gauges of a worker that has ended; what it counted stays counted."""
    mark_process_dead(process_id, directory)  # type: ignore[no-untyped-call]


class _Processes(Collector):
    """Memory, processor time and files of each worker, told apart by the label `worker`."""

    def __init__(self, process_ids: ProcessIds) -> None:
        self._process_ids = process_ids

    def collect(self) -> Iterable[Metric]:
        """One family per measure, a sample per worker."""
        families: dict[str, Metric] = {}
        for number, process_id in self._process_ids().items():
            if process_id is None:
                continue
            collector = ProcessCollector(pid=partial(int, process_id), registry=None)
            for family in collector.collect():
                labelled = [sample._replace(labels={"worker": str(number)}) for sample in family.samples]
                held = families.setdefault(family.name, family)
                held.samples = labelled if held is family else [*held.samples, *labelled]
        return families.values()
