"""Puts the standalone process together: both services as their own processes load them, and the gateway's
parts on top, which call them directly."""

import shlex
import sys
from functools import partial
from pathlib import Path
from shutil import which

from ambiance.artifacts import MUSIC_INDEX, TEXT_ENCODER
from ambiance.errors import PreconditionError
from ambiance.server.artifact_service import with_artifact_service
from ambiance.server.artifact_settings import choice_of
from ambiance.server.artifact_versions import ArtifactVersions, Plan
from ambiance.server.lifecycle import Application, Servicer
from ambiance.server.listening import near
from gateway.application import http_beside, wire
from gateway.lineages import misfit
from music_index_service.application import load_alone as load_music
from music_index_service.settings import MusicIndexSettings
from standalone.backends import MusicPeer, TextPeer
from standalone.settings import StandaloneSettings
from text_service.application import load_alone as load_text
from text_service.settings import AnswerPolicy, TextServiceSettings

# How long a thread may keep the interpreter while gRPC's own thread waits to admit or refuse calls. Where one
# process does everything Python's default of 5 ms is too long: of 2,200 calls/s two in five ran into their
# deadline, neither answered nor refused; with this and 2 threads, one in a hundred. The services as processes
# of their own gain nothing from it.
SWITCH_S = 5e-4


def load(settings: StandaloneSettings) -> Application:
    """Load both services, of versions that can be matched with each other, and follow both while they serve.

    Raises:
        ArtifactError: if a model or an index is missing or damaged.
        PreconditionError: if they don't share the default space.
    """
    sys.setswitchinterval(SWITCH_S)
    choice = choice_of(settings, TEXT_ENCODER, MUSIC_INDEX)
    # `model_construct` reads no environment: the services' own variables are meant for their own processes
    text, text_artifact = load_text(
        TextServiceSettings.model_construct(
            artifacts=settings.artifacts,
            artifact_version=settings.text_version,
            interpreters=settings.interpreters,
            **{name: getattr(settings, name) for name in AnswerPolicy.model_fields},
        ),
        choice,
    )
    music, music_artifact = load_music(
        MusicIndexSettings.model_construct(
            artifacts=settings.artifacts,
            artifact_version=settings.music_version,
            data=settings.data,
            workers=settings.workers,
        ),
        choice,
    )
    asked = {TEXT_ENCODER: settings.text_version, MUSIC_INDEX: settings.music_version}
    pinned = [kind for kind, version in asked.items() if version is not None]
    # the index first: it goes on answering texts that were read by the model of the version before
    versions = ArtifactVersions(
        [music_artifact, text_artifact], choice, pinned, partial(_misfit, settings.default_space)
    )

    def close() -> None:
        text.close()
        music.close()

    application = Application(
        [_match_servicer(settings, text, music, versions), *text.servicers, *music.servicers],
        close=close,
        max_request_bytes=max(text.max_request_bytes, music.max_request_bytes),
        beside=http_beside(settings),
        next_step=partial(_next_step, settings.host),
    )
    return with_artifact_service(application, versions, settings.watch_seconds)


def _misfit(space: str, plan: Plan) -> str | None:
    """Why a text encoder and an index can't be served together."""
    text, music = (
        (f"{kind} {plan[kind].version}", plan[kind].spaces) for kind in (TEXT_ENCODER, MUSIC_INDEX)
    )
    return misfit(space, text, music)


def _next_step(host: str, port: int, http_port: int | None = None) -> str:
    """What to tell the user next, with a command that this machine's shell can run."""
    program = "ambiance"
    if which(program) is None:  # it is in a virtual environment that isn't active
        path = Path(sys.executable).with_name(program)
        program = shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))
    ask = f'Ask it: {program} match --target {near(host)}:{port} "I am so happy".'
    page = "" if http_port is None else f"Read with music at http://{near(host)}:{http_port}/. "
    return f"Ambiance is up. {page}{ask} Stop it: Ctrl-C."


def _match_servicer(
    settings: StandaloneSettings, text: Application, music: Application, versions: ArtifactVersions
) -> Servicer:
    # what changes here changes in pairs that fit, so one look is enough: nothing starts the watch
    servicer, watch = wire(TextPeer(text), MusicPeer(music), settings, health_seconds=1.0)
    if watch.look():
        versions.follow()  # the newest don't fit each other: earlier ones may
        if trouble := watch.look():
            raise PreconditionError(trouble)
    return servicer
