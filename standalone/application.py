"""Puts the standalone process together: both services as their own processes load them, and the gateway's
parts on top, which call them directly."""

import shlex
import sys
from functools import partial
from pathlib import Path
from shutil import which

from ambiance.errors import PreconditionError
from ambiance.server.lifecycle import Application, Servicer
from ambiance.server.listening import ANY_IPV4
from gateway.application import wire
from music_index_service.application import load as load_music
from music_index_service.settings import MusicIndexSettings
from standalone.backends import MusicPeer, TextPeer
from standalone.settings import StandaloneSettings
from text_service.application import load as load_text
from text_service.settings import AnswerPolicy, TextServiceSettings

# How long a thread may keep the interpreter while gRPC's own thread waits to admit or refuse calls. Where one
# process does everything Python's default of 5 ms is too long: of 2,200 calls/s two in five ran into their
# deadline, neither answered nor refused; with this and 2 threads, one in a hundred. The services as processes
# of their own gain nothing from it.
SWITCH_S = 5e-4


def load(settings: StandaloneSettings) -> Application:
    """Load both services and check that one can be matched with the other.

    Raises:
        ArtifactError: if a model or an index is missing or damaged.
        PreconditionError: if they don't share the default space.
    """
    sys.setswitchinterval(SWITCH_S)
    # `model_construct` reads no environment: the services' own variables are meant for their own processes
    text = load_text(
        TextServiceSettings.model_construct(
            artifacts=settings.artifacts,
            artifact_version=settings.text_version,
            interpreters=settings.interpreters,
            **{name: getattr(settings, name) for name in AnswerPolicy.model_fields},
        )
    )
    music = load_music(
        MusicIndexSettings.model_construct(
            artifacts=settings.artifacts, artifact_version=settings.music_version
        )
    )
    servicers = [_match_servicer(settings, text, music), *text.servicers, *music.servicers]

    def close() -> None:
        text.close()
        music.close()

    max_request_bytes = max(text.max_request_bytes, music.max_request_bytes)
    return Application(
        servicers,
        close=close,
        max_request_bytes=max_request_bytes,
        next_step=partial(_next_step, settings.host),
    )


def _next_step(host: str, port: int) -> str:
    """What to tell the user next, with a command that this machine's shell can run."""
    program = "ambiance"
    if which(program) is None:  # it is in a virtual environment that isn't active
        path = Path(sys.executable).with_name(program)
        program = shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))
    near = {ANY_IPV4: "127.0.0.1", "::": "localhost"}.get(host, f"[{host}]" if ":" in host else host)
    return f'Ambiance is up. Ask it: {program} match --target {near}:{port} "I am so happy". Stop it: Ctrl-C.'


def _match_servicer(settings: StandaloneSettings, text: Application, music: Application) -> Servicer:
    # nothing in this process changes its health, so one look is enough: nothing starts the watch
    servicer, watch = wire(TextPeer(text), MusicPeer(music), settings, health_seconds=1.0)
    if trouble := watch.look():
        raise PreconditionError(trouble)
    return servicer
