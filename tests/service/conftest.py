"""A real server in this process, on a port of the system's choice, for every test of a service's face."""

from collections.abc import Iterator
from contextlib import ExitStack

import grpc
import pytest

from ambiance.server.lifecycle import Application, HealthReporter, create_server
from ambiance.server.settings import ServerSettings
from ambiance.server.telemetry import RpcMetrics
from milvus_servers import LocalMilvus, require_milvus
from support import Serve


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start an application behind the whole server kit; returns a channel to it. Both end with the test."""
    with ExitStack() as stack:

        def start(application: Application, **settings: object) -> grpc.Channel:
            values = ServerSettings(**{"port": 0, "metrics_port": 0, **settings})  # type: ignore[arg-type]
            reporter = HealthReporter([servicer.name for servicer in application.servicers])
            server, port, _ = create_server(application, values, RpcMetrics(), reporter)
            server.start()
            application.start()
            stack.callback(lambda: server.stop(None).wait())
            if application.watch_health is None:
                reporter.report(serving=True)
            else:
                application.watch_health(reporter)
            stack.callback(application.close)
            channel = grpc.insecure_channel(f"127.0.0.1:{port}")
            stack.callback(channel.close)
            channel.target = f"127.0.0.1:{port}"  # type: ignore[attr-defined]  # for clients that dial themselves
            return channel

        yield start


@pytest.fixture(scope="module")
def milvus(milvus_of_session: LocalMilvus) -> LocalMilvus:
    """A real Milvus that holds nothing of other modules; skips where it isn't installed."""
    milvus_of_session.empty()
    return milvus_of_session


@pytest.fixture(scope="session")
def milvus_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalMilvus]:
    """A real Milvus that the whole session asks: it takes seconds to start."""
    require_milvus()
    with LocalMilvus(tmp_path_factory.mktemp("milvus-server")) as server:
        yield server
