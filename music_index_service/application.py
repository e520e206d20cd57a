"""Puts the music index service together: its indexes, checked and warm, and the service on top."""

import gc
import sys
from collections.abc import Callable

from ambiance.artifacts import MUSIC_INDEX
from ambiance.errors import PreconditionError
from ambiance.limits import MAX_MUSIC_REQUEST_BYTES
from ambiance.server.artifact_choice import Choice
from ambiance.server.artifact_service import with_artifact_service
from ambiance.server.artifact_settings import choice_of, version_to_start
from ambiance.server.artifact_versions import ArtifactVersions
from ambiance.server.lifecycle import Application
from ambiance.server.versioned_artifact import VersionedArtifact
from music_index_service.live.catalogues import Catalogues
from music_index_service.live.model import IndexModel
from music_index_service.loading import Release
from music_index_service.preparation.preparation import ClipPreparation
from music_index_service.service import MusicIndexService
from music_index_service.settings import MusicIndexSettings
from music_index_service.snapshot import IndexSnapshot
from music_index_service.versions import load_rehearsed, servicer_of, versioned_index
from music_index_service.write_methods import WriteMethods

Serve = Callable[[Release], None]

# Seconds that a thread may hold the interpreter while another waits: by Python's 5 ms a search, which lets go
# of it whenever FAISS or numpy compute, would wait behind a write several times.
SWITCH_S = 5e-4

# Objects, and further such steps, after which garbage is looked for. A write of a thousand clips makes tens
# of thousands that all go when it is done: by Python's 700 a fifth of its time went into looking at them.
GARBAGE_STEPS = (20_000, 20, 20)


def load(settings: MusicIndexSettings) -> Application:
    """Load every index, and follow the versions of the released one while it is served.

    Raises:
        ArtifactError: if the released index is missing or damaged.
        PreconditionError: if clips are to be written, and this release or several workers can't.
        StorageError: if what was written can't be opened.
    """
    choice = choice_of(settings, MUSIC_INDEX)
    application, versioned = load_alone(settings, choice)
    versions = ArtifactVersions([versioned], choice, pinned(settings))
    return with_artifact_service(application, versions, settings.watch_seconds)


def pinned(settings: MusicIndexSettings) -> list[str]:
    """The kinds whose newer versions aren't followed; over Milvus a release is published there first."""
    return [MUSIC_INDEX] if settings.engine == "milvus" or settings.artifact_version is not None else []


def load_alone(
    settings: MusicIndexSettings, choice: Choice
) -> tuple[Application, VersionedArtifact[Release]]:
    """The application without the service of its versions, and the artifact that has them.

    Raises:
        as `load`.
    """
    wanted = version_to_start(settings.artifacts, MUSIC_INDEX, settings.artifact_version, choice)
    release = load_rehearsed(settings, wanted)
    service = MusicIndexService([release.index], settings.previous_seconds)
    serve, close = _open_data(settings, release, service)
    servicers = [servicer_of(service)]
    application = Application(servicers, close=close, max_request_bytes=MAX_MUSIC_REQUEST_BYTES)
    return application, versioned_index(settings, serve, release.index.version)


def _open_data(
    settings: MusicIndexSettings, release: Release, service: MusicIndexService
) -> tuple[Serve, Callable[[], None]]:
    """Serve what was written, and let more be written, if there is a folder for it.

    Returns what serves another version of the release, and what closes the data.
    """
    if settings.engine == "milvus":
        from music_index_service.milvus.application import open_milvus  # noqa: PLC0415  # brings pymilvus

        if settings.data is not None:
            raise PreconditionError("data: Milvus keeps what is written, with engine milvus there is none")
        return open_milvus(settings, release, service)
    if settings.data is None:
        return lambda other: service.swap(other.index), lambda: None
    if settings.workers > 1:
        raise PreconditionError(f"data: one process writes, got workers: {settings.workers}")
    sys.setswitchinterval(SWITCH_S)
    gc.set_threshold(*GARBAGE_STEPS)
    root = settings.artifacts
    model = IndexModel.of(release.index, release.placement)

    def publish(index: IndexSnapshot) -> None:
        service.swap(index, index.changed)

    catalogues = Catalogues(settings.data, root, model, publish, service.withdraw, settings.compaction_clips)
    service.write_with(WriteMethods(catalogues, ClipPreparation.load(release.artifact, root, model.labels)))

    def serve(other: Release) -> None:
        following = IndexModel.of(other.index, other.placement)
        preparation = ClipPreparation.load(other.artifact, root, following.labels)
        catalogues.rebase(following)
        service.write_with(WriteMethods(catalogues, preparation))

    return serve, catalogues.close
