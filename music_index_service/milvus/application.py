"""Serves the indexes of a Milvus server: what `application` does where clips lie on this machine."""

from collections.abc import Callable

from ambiance.errors import PreconditionError
from music_index_service.loading import Release
from music_index_service.milvus.following import FollowedIndexes
from music_index_service.milvus.indexes import RELEASED_INDEX, MilvusIndexes
from music_index_service.milvus.model import Model
from music_index_service.milvus.publishing import publish
from music_index_service.milvus.release import ReleasedIndex
from music_index_service.milvus.schema import VectorIndex
from music_index_service.milvus.server import Server
from music_index_service.preparation.preparation import ClipPreparation
from music_index_service.service import MusicIndexService
from music_index_service.settings import MusicIndexSettings
from music_index_service.write_methods import WriteMethods


def open_milvus(
    settings: MusicIndexSettings, release: Release, service: MusicIndexService
) -> tuple[Callable[[Release], None], Callable[[], None]]:
    """Serve every index that Milvus holds; the release is put there first if there is none.

    Returns what is asked to serve another version of the release, and what closes the connection.

    Raises:
        UnavailableError: if Milvus doesn't answer.
        PreconditionError: if Milvus holds another version of the release than the one that is loaded.
    """
    indexes = indexes_of(settings, release)
    if indexes.current(RELEASED_INDEX) is None:
        publish(indexes, RELEASED_INDEX, ReleasedIndex(release.index.segments[0]))
    followed = FollowedIndexes(indexes, service.swap, service.withdraw)
    preparation = ClipPreparation.load(release.artifact, settings.artifacts, indexes.model.labels)
    service.write_with(WriteMethods(followed, preparation))

    def serve(other: Release) -> None:
        raise PreconditionError(
            f"version {other.index.version} of the music index: publish it to {indexes.server.name} with "
            "python -m music_index_service.milvus, and start the services anew"
        )

    return serve, followed.close


def indexes_of(settings: MusicIndexSettings, release: Release) -> MilvusIndexes:
    """The indexes of the Milvus server that settings name, on the model of a release."""
    lists = VectorIndex(settings.milvus_index, settings.milvus_lists, settings.milvus_probes)
    return MilvusIndexes(Server(settings.milvus_uri, settings.milvus_token), Model.of(release), lists)
