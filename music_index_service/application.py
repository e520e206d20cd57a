"""Puts the music index service together: the released index, checked and warm, and the service on top."""

from functools import partial

from ambiance.limits import MAX_MUSIC_REQUEST_BYTES
from ambiance.music.v1.music_index_service_pb2_grpc import add_MusicIndexServiceServicer_to_server
from ambiance.server.direct_calls import REHEARSAL_S, DirectMethods
from ambiance.server.lifecycle import Application, Servicer
from music_index_service.loading import load_index
from music_index_service.service import DEFAULT_INDEX, SERVICE_NAME, MusicIndexService
from music_index_service.settings import MusicIndexSettings


def load(settings: MusicIndexSettings) -> Application:
    """Load the released index and search it, so that the first caller doesn't pay for what is lazy.

    Raises:
        ArtifactError: if the index is missing or damaged.
    """
    index = load_index(DEFAULT_INDEX, settings.artifacts, settings.artifact_version)
    service = MusicIndexService([index])
    servicer = Servicer(SERVICE_NAME, partial(add_MusicIndexServiceServicer_to_server, service))
    methods = DirectMethods([servicer])
    for request in service.requests_to_rehearse():
        methods.call(f"{SERVICE_NAME}/FindNeighbors", request, REHEARSAL_S)
    return Application([servicer], max_request_bytes=MAX_MUSIC_REQUEST_BYTES)
