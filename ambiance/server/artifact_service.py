"""ambiance.artifact.v1.ArtifactService, of every process that answers from released artifacts."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import grpc

from ambiance.artifact.v1 import artifact_service_pb2 as messages
from ambiance.artifact.v1 import artifact_service_pb2_grpc
from ambiance.server.artifact_versions import ArtifactVersions
from ambiance.server.artifact_watch import ArtifactWatch
from ambiance.server.lifecycle import Application, Servicer
from ambiance.server.messages import space_message
from ambiance.server.versioned_artifact import VersionStatus
from ambiance.type.v1.space_pb2 import ArtifactVersion

SERVICE_NAME = messages.DESCRIPTOR.services_by_name["ArtifactService"].full_name

# A load takes as long as it takes: this bounds the wait of a caller that names no deadline.
LONGEST_RELOAD_S = 3_600.0


class ArtifactServicer(artifact_service_pb2_grpc.ArtifactServiceServicer):
    """Implements ambiance.artifact.v1.ArtifactService."""

    def __init__(self, versions: ArtifactVersions) -> None:
        """Take what changes versions."""
        self._versions = versions

    def ListVersions(  # noqa: N802  # gRPC's name, as below
        self, request: messages.ListVersionsRequest, context: grpc.ServicerContext
    ) -> messages.ListVersionsResponse:
        """List every version in the folder."""
        return messages.ListVersionsResponse(versions=map(_status_message, self._versions.statuses()))

    def ReloadArtifacts(  # noqa: N802
        self, request: messages.ReloadArtifactsRequest, context: grpc.ServicerContext
    ) -> messages.ReloadArtifactsResponse:
        """Answer from another version."""
        timeout_s = min(context.time_remaining(), LONGEST_RELOAD_S)
        serving = self._versions.reload(request.kind, request.version, timeout_s)
        return messages.ReloadArtifactsResponse(serving=_version_messages(serving))


def _version_messages(serving: Mapping[str, int]) -> list[ArtifactVersion]:
    return [ArtifactVersion(kind=kind, version=version) for kind, version in serving.items()]


def _status_message(status: VersionStatus) -> messages.VersionStatus:
    return messages.VersionStatus(
        version=ArtifactVersion(kind=status.kind, version=status.version),
        serving=status.serving,
        spaces=map(space_message, status.manifest.spaces) if status.manifest else (),
        trouble=status.trouble,
    )


def with_artifact_service(
    application: Application, versions: ArtifactVersions, watch_seconds: float
) -> Application:
    """The application with this service beside its own, and a watch while it serves."""
    watch = ArtifactWatch(versions, watch_seconds)
    add = partial(artifact_service_pb2_grpc.add_ArtifactServiceServicer_to_server, ArtifactServicer(versions))

    def start() -> None:
        application.start()
        watch.start()

    def close() -> None:
        watch.close()
        application.close()

    versions.obey()  # what a sibling was told while this process was loading
    servicers = [*application.servicers, Servicer(SERVICE_NAME, add)]
    return replace(application, servicers=servicers, start=start, close=close)
