"""The gateway process: its parts are put together here, and nowhere else."""

import sys
from collections.abc import Sequence

import grpc

from ambiance.match.v1 import match_service_pb2_grpc
from ambiance.rpc.server import Application, Servicer, run
from ambiance.rpc.settings import load_settings
from gateway.backends import MusicBackend, TextBackend
from gateway.health import HealthWatch
from gateway.matching import Matcher
from gateway.service import SERVICE_NAME, DeadlinePolicy, MatchServicer
from gateway.settings import GatewaySettings

PROGRAM = "ambiance-gateway"


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM; returns the exit status."""
    settings = load_settings(GatewaySettings, PROGRAM, argv)
    return run(PROGRAM, settings, lambda _: build(settings))


def build(settings: GatewaySettings) -> Application:
    """Wire the gateway. It starts without its backends and serves once it has seen both."""
    text, music = TextBackend(settings.text_target), MusicBackend(settings.music_target)
    matcher = Matcher(text, music, settings.default_space)
    deadlines = DeadlinePolicy(settings.default_deadline_seconds, settings.max_deadline_seconds)
    servicer = MatchServicer(matcher, deadlines)
    watch = HealthWatch(text, music, settings.default_space, settings.health_seconds)

    def close() -> None:
        watch.close()
        text.close()
        music.close()

    def add_to(server: grpc.Server) -> None:
        match_service_pb2_grpc.add_MatchServiceServicer_to_server(servicer, server)

    return Application([Servicer(SERVICE_NAME, add_to)], watch_health=watch.start, close=close)


if __name__ == "__main__":
    sys.exit(main())
