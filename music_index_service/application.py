"""Puts the music index service together: its indexes, checked and warm, and the service on top."""

from collections.abc import Callable
from functools import partial

from ambiance.errors import PreconditionError
from ambiance.limits import MAX_MUSIC_REQUEST_BYTES
from ambiance.music.v1.music_index_service_pb2_grpc import add_MusicIndexServiceServicer_to_server
from ambiance.server.direct_calls import REHEARSAL_S, DirectMethods
from ambiance.server.lifecycle import Application, Servicer
from music_index_service.live.catalogues import Catalogues
from music_index_service.live.model import IndexModel
from music_index_service.loading import Release, load_release
from music_index_service.service import DEFAULT_INDEX, SERVICE_NAME, MusicIndexService
from music_index_service.settings import MusicIndexSettings
from music_index_service.write_methods import WriteMethods


def load(settings: MusicIndexSettings) -> Application:
    """Load every index and search it, so that the first caller doesn't pay for what is lazy.

    Raises:
        ArtifactError: if the released index is missing or damaged.
        PreconditionError: if clips are to be written, and this release or several workers can't.
        StorageError: if what was written can't be opened.
    """
    release = load_release(DEFAULT_INDEX, settings.artifacts, settings.artifact_version)
    service = MusicIndexService([release.index])
    close = _open_data(settings, release, service)
    servicer = Servicer(SERVICE_NAME, partial(add_MusicIndexServiceServicer_to_server, service))
    methods = DirectMethods([servicer])
    for request in service.requests_to_rehearse():
        methods.call(f"{SERVICE_NAME}/FindNeighbors", request, REHEARSAL_S)
    return Application([servicer], close=close, max_request_bytes=MAX_MUSIC_REQUEST_BYTES)


def _open_data(
    settings: MusicIndexSettings, release: Release, service: MusicIndexService
) -> Callable[[], None]:
    """Serve what was written, and let more be written, if there is a folder for it; returns what closes it."""
    if settings.data is None:
        return lambda: None
    if settings.workers > 1:
        raise PreconditionError(f"data: one process writes, got workers: {settings.workers}")
    from music_index_service.preparation.preparation import ClipPreparation  # noqa: PLC0415  # brings LiteRT

    model = IndexModel.of(release.index, release.placement)
    catalogues = Catalogues(settings.data, settings.artifacts, model, service.swap, service.withdraw)
    preparation = ClipPreparation.load(settings.artifacts, model)
    service.write_with(WriteMethods(catalogues, preparation.prepare))
    return catalogues.close
