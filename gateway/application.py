"""Puts the gateway together from its parts."""

from functools import partial

import grpc

from ambiance.match.v1 import match_service_pb2_grpc
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.server.lifecycle import Application, Servicer
from gateway.backends import MusicBackend, TextBackend
from gateway.health import TIMEOUT_S, HealthWatch
from gateway.matching import Budget, Matcher
from gateway.service import SERVICE_NAME, DeadlinePolicy, MatchServicer
from gateway.settings import GatewaySettings


def build(settings: GatewaySettings) -> Application:
    """Wire the gateway. It starts without its backends and serves once it has seen both."""
    text, music = TextBackend(settings.text_target), MusicBackend(settings.music_target)
    matcher = Matcher(text, music, settings.default_space)
    deadlines = DeadlinePolicy(settings.default_deadline_seconds, settings.max_deadline_seconds)
    servicer = MatchServicer(matcher, deadlines)
    watch = HealthWatch(
        text, music, settings.default_space, settings.health_seconds, partial(rehearse, matcher)
    )

    def close() -> None:
        watch.close()
        text.close()
        music.close()

    def add_to(server: grpc.Server) -> None:
        match_service_pb2_grpc.add_MatchServiceServicer_to_server(servicer, server)

    return Application([Servicer(SERVICE_NAME, add_to)], watch_health=watch.start, close=close)


def rehearse(matcher: Matcher) -> None:
    """Match a sample text, so that everything is warm when the first caller comes.

    Raises:
        AmbianceError: as `Matcher.match`.
    """
    matcher.match(["a rehearsal"], SearchOptions(), Budget(TIMEOUT_S))
