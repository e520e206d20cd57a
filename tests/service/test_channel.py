"""Which calls a channel repeats, known by name, and how soon it finds a server that is back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from time import sleep
from typing import Any

import grpc
import pytest

from ambiance.artifact.v1 import artifact_service_pb2
from ambiance.channel import (
    CHANNEL_OPTIONS,
    PEER_CHANNEL_OPTIONS,
    READ_METHODS,
    REPEATABLE_WRITE_METHODS,
)
from ambiance.match.v1 import match_service_pb2
from ambiance.music.v1 import music_index_service_pb2
from ambiance.text.v1 import text_service_pb2
from clusters import free_ports, wait_until

OURS = (artifact_service_pb2, match_service_pb2, text_service_pb2, music_index_service_pb2)
# Methods of ours that write, and answer otherwise when they are repeated.
UNREPEATABLE_METHODS = {
    "ambiance.artifact.v1.ArtifactService/ReloadArtifacts",
    "ambiance.music.v1.MusicIndexService/DeleteIndex",
}
TRIES = 4


class Refusing(grpc.GenericRpcHandler):
    """Answers every method with UNAVAILABLE and counts the calls."""

    def __init__(self) -> None:
        self.call_count = 0

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(self._refuse)

    def _refuse(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.call_count += 1
        context.abort(grpc.StatusCode.UNAVAILABLE, "not now")


@pytest.fixture
def refusing() -> Refusing:
    return Refusing()


@pytest.fixture
def channel(refusing: Refusing) -> Iterator[grpc.Channel]:
    """A channel as clients and the gateway have it."""
    server = grpc.server(ThreadPoolExecutor(2), handlers=[refusing])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=CHANNEL_OPTIONS) as channel:
        yield channel
    server.stop(0)


@pytest.mark.parametrize(
    ("method", "tries"),
    [
        ("/ambiance.match.v1.MatchService/MatchText", TRIES),
        ("/ambiance.text.v1.TextService/GetModel", TRIES),
        ("/ambiance.music.v1.MusicIndexService/ListIndexes", TRIES),
        ("/grpc.health.v1.Health/Check", TRIES),
        ("/ambiance.music.v1.MusicIndexService/UpsertClips", TRIES),
        ("/ambiance.music.v1.MusicIndexService/DeleteIndex", 1),
        ("/ambiance.other.v1.OtherService/Read", 1),
    ],
)
def test_only_what_is_known_to_bear_it_is_repeated(
    channel: grpc.Channel, refusing: Refusing, method: str, tries: int
) -> None:
    with pytest.raises(grpc.RpcError, match="not now"):
        channel.unary_unary(method)(b"", timeout=10)
    assert refusing.call_count == tries


def test_every_method_of_ours_is_known_to_bear_repeating_or_not_to() -> None:
    methods = {
        f"{service.full_name}/{method.name}"
        for module in OURS
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    known = (*READ_METHODS.items(), *REPEATABLE_WRITE_METHODS.items())
    repeated = {f"{service}/{name}" for service, names in known for name in names}
    assert {name for name in repeated if name.startswith("ambiance.")} == methods - UNREPEATABLE_METHODS


def test_every_connection_of_a_service_finds_a_restarted_peer_within_a_calls_retries() -> None:
    [port] = free_ports(1)
    with ExitStack() as stack:
        channels = [
            stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{port}", options=PEER_CHANNEL_OPTIONS))
            for _ in range(4)
        ]
        for channel in channels:  # one after another, so that their pauses end at different times
            assert not answers(channel)
        sleep(5)  # the pauses have grown as long as they may
        server = grpc.server(ThreadPoolExecutor(2), handlers=[Answering()])
        server.add_insecure_port(f"127.0.0.1:{port}")
        server.start()
        stack.callback(server.stop, 0)
        wait_until(lambda: any(answers(channel) for channel in channels))
        assert all(answers(channel) for channel in channels)


class Answering(grpc.GenericRpcHandler):
    """Answers every method with nothing."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(lambda request, context: b"")


def answers(channel: grpc.Channel) -> bool:
    try:
        channel.unary_unary("/ambiance.text.v1.TextService/GetModel")(b"", timeout=10)
    except grpc.RpcError:
        return False
    return True
