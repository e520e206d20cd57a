"""Puts the gateway together from its parts, in a process of its own or in one with both services."""

from functools import partial
from typing import Protocol

from ambiance.match.v1.match_service_pb2_grpc import add_MatchServiceServicer_to_server
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.server.lifecycle import Application, Servicer
from gateway import health
from gateway.backends import MusicBackend, TextBackend
from gateway.health import TIMEOUT_S, HealthWatch
from gateway.matching import Budget, Matcher, NeighborFinder, TextEncoder
from gateway.service import SERVICE_NAME, DeadlinePolicy, MatchServicer
from gateway.settings import GatewaySettings, MatchPolicy


class TextPeer(health.TextPeer, TextEncoder, Protocol):
    """The text service, wherever it is."""


class MusicPeer(health.MusicPeer, NeighborFinder, Protocol):
    """The music index service, wherever it is."""


def build(settings: GatewaySettings) -> Application:
    """Wire the gateway. It starts without its backends and serves once it has seen both."""
    text, music = TextBackend(settings.text_target), MusicBackend(settings.music_target)
    servicer, watch = wire(text, music, settings, settings.health_seconds)

    def close() -> None:
        watch.close()
        text.close()
        music.close()

    return Application([servicer], watch_health=watch.start, close=close)


def wire(
    text: TextPeer, music: MusicPeer, policy: MatchPolicy, health_seconds: float
) -> tuple[Servicer, HealthWatch]:
    """The match service on two peers, and what watches them every so many seconds once it is started."""
    matcher = Matcher(text, music, policy.default_space)
    watch = HealthWatch(text, music, policy.default_space, health_seconds, partial(rehearse, matcher))
    deadlines = DeadlinePolicy(policy.default_deadline_seconds, policy.max_deadline_seconds)
    add_to = partial(add_MatchServiceServicer_to_server, MatchServicer(matcher, deadlines))
    return Servicer(SERVICE_NAME, add_to), watch


def rehearse(matcher: Matcher) -> None:
    """Match a sample text, so that everything is warm when the first caller comes.

    Raises:
        AmbianceError: as `Matcher.match`.
    """
    matcher.match(["a rehearsal"], SearchOptions(), Budget(TIMEOUT_S))
