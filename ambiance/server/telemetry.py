"""Metrics and logs of a process. Metrics carry the names that gRPC dashboards already know."""

import logging
from time import perf_counter

from grpc import StatusCode
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.process_collector import ProcessCollector
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

# From a tenth of a millisecond, as an echo takes, to the default deadline of a soundtrack.
LATENCY_BUCKETS_S = (
    1e-4,
    2e-4,
    5e-4,
    1e-3,
    2e-3,
    5e-3,
    1e-2,
    2e-2,
    5e-2,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    15,
    50,
    120,
)

SERVING_GAUGE = "ambiance_serving"

_OK, _REFUSED = StatusCode.OK.name, StatusCode.RESOURCE_EXHAUSTED.name


class RpcMetrics:
    """Counts and times every call, by service, method and status code."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("grpc_service", "grpc_method")
        self._handled = Counter(
            "grpc_server_handled",
            "Calls answered, whatever the status.",
            (*labels, "grpc_code"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "grpc_server_handling_seconds",
            "Time from a call's admission to its answer, its wait for a thread included, in seconds.",
            labels,
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self._queue_seconds = Histogram(
            "grpc_server_queue_seconds",
            "Time from a call's admission until a thread took it up, in seconds.",
            labels,
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        # Set, not asked for when read: with several workers whoever reads is another process.
        self.queue_length = Gauge(
            "grpc_server_queue_length",
            "Calls that were let in and wait for a thread now.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._in_flight = Gauge(
            "grpc_server_in_flight",
            "Calls being answered now.",
            labels,
            registry=self.registry,
            multiprocess_mode="livesum",  # for several workers, see `ambiance.server.worker_metrics`
        )
        self.serving = Gauge(
            SERVING_GAUGE,
            "1 while health checks are answered with SERVING, by one worker at least, else 0.",
            registry=self.registry,
            multiprocess_mode="livemax",
        )

    def method(self, path: str) -> "MethodMetrics":
        """The metrics of one method, given as "/package.Service/Method"."""
        _, service, name = path.split("/")
        labels = (service, name)
        by_method = (self._seconds, self._queue_seconds)
        seconds, queue_seconds = (histogram.labels(*labels) for histogram in by_method)
        return MethodMetrics(self._handled, labels, seconds, queue_seconds, self._in_flight.labels(*labels))


class MethodMetrics:
    """Metrics of one method with its labels looked up once, since a lookup costs more than an increment."""

    def __init__(
        self,
        handled: Counter,
        labels: tuple[str, str],
        seconds: Histogram,
        queue_seconds: Histogram,
        in_flight: Gauge,
    ) -> None:
        self._handled, self._labels = handled, labels
        self._seconds, self._queue_seconds, self._in_flight = seconds, queue_seconds, in_flight
        # OK's counter exists from the start: its lookup costs the first call nothing, and rates begin at 0.
        self._by_code = {_OK: handled.labels(*labels, _OK)}

    def started(self, waited_s: float) -> None:
        """Note that a thread took a call up that had waited so many seconds for one."""
        self._queue_seconds.observe(waited_s)
        self._in_flight.inc()

    def finished(self, admitted: float, code: str) -> None:
        """Note that a call, let in at `admitted` by `perf_counter`, was answered with this status code."""
        self._seconds.observe(perf_counter() - admitted)
        self._in_flight.dec()
        self._count(code)

    def refused(self) -> None:
        """Note that a call was refused because no permit was free. That takes too little time to record."""
        self._count(_REFUSED)

    def _count(self, code: str) -> None:
        counter = self._by_code.get(code)
        if counter is None:
            counter = self._by_code[code] = self._handled.labels(*self._labels, code)
        counter.inc()


class PlainFormatter(logging.Formatter):
    """One line per record: time, level, logger and message, then its extra fields as name=value."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's name
        """The base class's line, followed by the extra fields."""
        fields = [f"{name}={value!r}" for name, value in vars(record).items() if name not in RESERVED_ATTRS]
        return " ".join([super().formatMessage(record), *fields])


def configure_logging(level: str, style: str) -> None:
    """Send logs to standard error, one JSON object or one plain line each."""
    handler = logging.StreamHandler()
    json = JsonFormatter(
        ["asctime", "levelname", "name", "message"],
        rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
    )
    handler.setFormatter(json if style == "json" else PlainFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
