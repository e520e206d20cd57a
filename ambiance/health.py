"""The health of a server, as grpc.health.v1 tells it."""

from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from ambiance.channel import CHANNEL_OPTIONS
from ambiance.targets import resolvable


def health_of(target: str, deadline_s: float, service: str = "") -> str:
    """ "SERVING" if it is, else the status that it gives, or the code and message of a call that failed."""
    with grpc.insecure_channel(resolvable(target), options=CHANNEL_OPTIONS) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            status = stub.Check(request, timeout=deadline_s).status
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(status))
