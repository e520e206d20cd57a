"""Where a server listens: every address of a host, or none."""

import socket

import grpc

from ambiance.errors import AmbianceError


def listen(server: grpc.Server, host: str, port: int) -> int:
    """Bind a server to a port of every address of a host; returns the port, chosen by the system for 0.

    gRPC would resolve the host itself, and be content with one address of several: another process could
    hold the rest and share the calls in silence.

    Raises:
        AmbianceError: naming the address that can't be listened on, and why.
    """
    for family, address in _addresses(host):
        target = f"[{address}]" if family is socket.AF_INET6 else address
        try:
            port = server.add_insecure_port(f"{target}:{port}")
        except RuntimeError as error:
            reason = _reason(family, address, port)
            raise AmbianceError(f"can't listen on {target}:{port} for gRPC (--port): {reason}") from error
    return port


def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise AmbianceError(f"can't listen on {host} (--host): {error.strerror or error}") from error
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _reason(family: socket.AddressFamily, address: str, port: int) -> str:
    """What the system says of an address that gRPC couldn't bind, and doesn't say why."""
    with socket.socket(family) as probe:
        try:
            probe.bind((address, port))
        except OSError as error:
            return error.strerror or str(error)
    return "gRPC doesn't say why"
