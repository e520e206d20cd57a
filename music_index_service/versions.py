"""The released music index as an artifact whose versions change while it is served."""

from collections.abc import Callable
from functools import partial

from ambiance.artifacts import MUSIC_INDEX
from ambiance.music.v1.music_index_service_pb2_grpc import add_MusicIndexServiceServicer_to_server
from ambiance.server.direct_calls import REHEARSAL_S, DirectMethods
from ambiance.server.lifecycle import Servicer
from ambiance.server.versioned_artifact import VersionedArtifact
from music_index_service.loading import Release, load_release
from music_index_service.service import DEFAULT_INDEX, SERVICE_NAME, MusicIndexService
from music_index_service.settings import MusicIndexSettings


def servicer_of(service: MusicIndexService) -> Servicer:
    """The service under its full name, ready to register."""
    return Servicer(SERVICE_NAME, partial(add_MusicIndexServiceServicer_to_server, service))


def load_rehearsed(settings: MusicIndexSettings, version: int | None) -> Release:
    """Load a version of the released index and search it, so that no caller pays for what is lazy.

    Raises:
        ArtifactError: as `load_release`.
    """
    release = load_release(DEFAULT_INDEX, settings.artifacts, version)
    service = MusicIndexService([release.index])
    methods = DirectMethods([servicer_of(service)])
    for request in service.requests_to_rehearse():
        methods.call(f"{SERVICE_NAME}/FindNeighbors", request, REHEARSAL_S)
    return release


def versioned_index(
    settings: MusicIndexSettings, serve: Callable[[Release], None], serving: int
) -> VersionedArtifact[Release]:
    """The released index of a service, which serves that version of it, and `serve` another."""
    return VersionedArtifact(
        settings.artifacts, MUSIC_INDEX, serving, partial(load_rehearsed, settings), serve
    )
