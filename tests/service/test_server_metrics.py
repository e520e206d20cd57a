"""The HTTP side of a process: two paths, for two methods."""

import http.client
from collections.abc import Callable

import pytest

from ambiance.server.lifecycle import HealthReporter
from ambiance.server.metrics_server import serve_metrics
from ambiance.server.telemetry import RpcMetrics

Ask = Callable[[str, str], tuple[int, bytes, http.client.HTTPMessage]]


@pytest.fixture
def metrics() -> RpcMetrics:
    return RpcMetrics()


@pytest.fixture
def ask(metrics: RpcMetrics) -> Ask:
    port = serve_metrics(metrics.registry, "127.0.0.1", 0)

    def ask(method: str, path: str) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read(), response.headers

    return ask


def test_metrics_have_a_path_of_their_own(ask: Ask) -> None:
    status, page, headers = ask("GET", "/metrics")
    assert (status, headers.get_content_type()) == (200, "text/plain")
    assert b"process_resident_memory_bytes" in page
    assert b"ambiance_serving 0.0" in page
    for path in ("/", "/metric", "/metrics/", "/favicon.ico", "/healthz/x"):
        status, page, _ = ask("GET", path)
        assert (status, page) == (404, b"there are /metrics and /healthz\n")


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/nowhere"])
def test_head_is_get_without_the_page(ask: Ask, path: str) -> None:
    status, page, headers = ask("GET", path)
    head_status, nothing, head_headers = ask("HEAD", path)
    assert (head_status, nothing) == (status, b"")
    assert head_headers.get_content_type() == headers.get_content_type()
    assert int(headers["Content-Length"]) == len(page)
    assert int(head_headers["Content-Length"]) > 0


@pytest.mark.parametrize("path", ["/metrics", "/healthz"])
def test_other_methods_are_refused(ask: Ask, path: str) -> None:
    status, _, headers = ask("POST", path)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_health_is_what_health_checks_say(ask: Ask, metrics: RpcMetrics) -> None:
    reporter = HealthReporter([], metrics.serving.set)
    assert ask("GET", "/healthz")[:2] == (503, b"not serving\n")
    reporter.report(serving=True)
    assert ask("GET", "/healthz")[:2] == (200, b"serving\n")
    reporter.drain()
    reporter.report(serving=True)
    assert ask("GET", "/healthz")[0] == 503
