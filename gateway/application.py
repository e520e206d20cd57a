"""Puts the gateway together from its parts, in a process of its own or in one with both services."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from prometheus_client import CollectorRegistry

from ambiance.errors import AmbianceError
from ambiance.extras import install_hint
from ambiance.limits import DEFAULT_SOUNDTRACK_DEADLINE_S
from ambiance.match.v1.match_service_pb2_grpc import add_MatchServiceServicer_to_server
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.server.lifecycle import Application, Servicer, SideServer
from ambiance.server.listening import near
from gateway import health
from gateway.backends import MusicBackend, TextBackend
from gateway.health import TIMEOUT_S, HealthWatch
from gateway.matching import Budget, Matcher, NeighborFinder, TextEncoder
from gateway.service import SERVICE_NAME, DeadlinePolicy, MatchServicer
from gateway.settings import GatewaySettings, HttpServerSettings, MatchPolicy, listed
from gateway.soundtrack.composer import Composer


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

    beside = http_beside(settings, settings.music_target)
    return Application([servicer], watch_health=watch.start, close=close, beside=beside)


def http_beside(
    settings: HttpServerSettings, music_target: str | None = None
) -> Callable[[Mapping[str, int], CollectorRegistry], SideServer] | None:
    """What makes the HTTP server of a process, if it is to have one.

    `music_target` is the address of the music index service; None if this process answers for it as well.

    Raises:
        AmbianceError: if what it needs isn't installed.
    """
    if settings.http_port is None:
        return None
    try:
        from gateway.http_json.server import HttpServer  # noqa: PLC0415  # what it needs is for HTTP alone
    except ModuleNotFoundError as error:
        hint = f"which the extra http brings: {install_hint('http')}; or --http-port none"
        raise AmbianceError(f"--http-port needs {error.name}, {hint}") from error

    def beside(ports: Mapping[str, int], registry: CollectorRegistry) -> SideServer:
        own = f"{near(settings.host)}:{ports['port']}"
        return HttpServer(
            (settings.host, ports["http_port"]),
            {"MatchService": own, "MusicIndexService": music_target or own},
            [*listed(settings.http_allowed_hosts), settings.host],
            listed(settings.http_cors_origin),
            registry,
            shared=settings.workers > 1,
        )

    return beside


def wire(
    text: TextPeer, music: MusicPeer, policy: MatchPolicy, health_seconds: float
) -> tuple[Servicer, HealthWatch]:
    """The match service on two peers, and what watches them every so many seconds once it is started."""
    matcher = Matcher(text, music, policy.default_space)
    watch = HealthWatch(text, music, policy.default_space, health_seconds, partial(rehearse, matcher))
    deadlines = DeadlinePolicy(policy.default_deadline_seconds, policy.max_deadline_seconds)
    soundtrack_deadlines = DeadlinePolicy(DEFAULT_SOUNDTRACK_DEADLINE_S, policy.max_soundtrack_seconds)
    composer = Composer(text, music, policy.default_space)
    servicer = MatchServicer(matcher, composer, deadlines, soundtrack_deadlines)
    add_to = partial(add_MatchServiceServicer_to_server, servicer)
    return Servicer(SERVICE_NAME, add_to), watch


def rehearse(matcher: Matcher) -> None:
    """Match a sample text, so that everything is warm when the first caller comes.

    Raises:
        AmbianceError: as `Matcher.match`.
    """
    matcher.match(["a rehearsal"], SearchOptions(), Budget(TIMEOUT_S))
