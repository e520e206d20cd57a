"""The calls that list and change the versions that services answer from; others: `ambiance.wire.calls`."""

from collections.abc import Iterable

from ambiance.arguments import require_integer, require_utf8
from ambiance.artifact.v1 import artifact_service_pb2 as messages
from ambiance.artifact.v1.artifact_service_pb2_grpc import ArtifactServiceStub
from ambiance.errors import InvalidInputError
from ambiance.results import ArtifactVersion, VersionStatus
from ambiance.validation import shown
from ambiance.wire import replies
from ambiance.wire.calls import GATEWAY, MUSIC_INDEX_SERVICE, TEXT_SERVICE, Call, Peer

MAX_VERSION = 2**63 - 1  # of an int64

# The services that answer from released artifacts, by kind, in the order in which these change: an index goes
# on answering texts that were read by the model of the version before.
PEERS = {
    kind: Peer(peer.name, peer.target_field, ArtifactServiceStub)
    for kind, peer in (("music_index", MUSIC_INDEX_SERVICE), ("text_encoder", TEXT_SERVICE))
}


def addresses(gateway: str, text_service: str, music_index_service: str) -> dict[Peer, str]:
    """The address of every peer that a client calls."""
    return {
        GATEWAY: gateway,
        TEXT_SERVICE: text_service,
        MUSIC_INDEX_SERVICE: music_index_service,
        PEERS["text_encoder"]: text_service,
        PEERS["music_index"]: music_index_service,
    }


def list_versions() -> list[Call[list[VersionStatus]]]:
    """ListVersions of each service."""
    request = messages.ListVersionsRequest()
    return [Call(peer, "ListVersions", request, replies.versions) for peer in PEERS.values()]


def reload_artifacts(kind: str, version: int) -> list[Call[list[ArtifactVersion]]]:
    """ReloadArtifacts of the service that serves a kind; of each, one after the other, for an empty kind.

    Raises:
        InvalidInputError: if there is no such kind, or a version can't have that number.
    """
    require_utf8({"kind": kind})
    if kind and kind not in PEERS:
        raise InvalidInputError.of("kind", f"{' or '.join(PEERS)}, got {shown(kind)}")
    number = require_integer("version", version)
    if not 0 <= number <= MAX_VERSION:
        sign = "a negative one" if number < 0 else "a larger one"
        raise InvalidInputError.of("version", f"0 to {MAX_VERSION:,}, got {sign}")
    if number and not kind:
        raise InvalidInputError.of("version", f"needs a kind, got {number:,} without one")
    request = messages.ReloadArtifactsRequest(kind=kind, version=number)
    peers = [PEERS[kind]] if kind else PEERS.values()
    return [Call(peer, "ReloadArtifacts", request, replies.serving) for peer in peers]


def merged_versions(answers: Iterable[list[VersionStatus]]) -> list[VersionStatus]:
    """What the services say, ordered by kind and version. One that serves both kinds was asked twice."""
    found = {status.version: status for answer in answers for status in answer}
    return [found[version] for version in sorted(found)]


def merged_serving(answers: Iterable[list[ArtifactVersion]]) -> list[ArtifactVersion]:
    """What the services serve, by kind; of one that serves both, the last answer counts."""
    found = {version.kind: version for answer in answers for version in answer}
    return [found[kind] for kind in sorted(found)]
