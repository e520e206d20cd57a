"""Where a server listens: every address of a host, or none; alone, or with other workers of its process."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

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
        target = _target(family, address)
        try:
            port = server.add_insecure_port(f"{target}:{port}")
        except RuntimeError as error:
            raise _refusal(target, port, _reason(family, address, port)) from error
    return port


@contextmanager
def reserved(host: str, port: int) -> Iterator[int]:
    """Keep a port of every address of a host for servers that listen with SO_REUSEPORT; yields the port.

    The sockets here are bound and never listen, so no call reaches them.

    Raises:
        AmbianceError: naming the address that another process holds.
    """
    with ExitStack() as stack:
        for family, address in _addresses(host):
            holder = stack.enter_context(socket.socket(family))
            try:
                port = _reserve(holder, address, port)
            except OSError as error:
                raise _refusal(_target(family, address), port, error.strerror or str(error)) from error
        yield port


def _reserve(holder: socket.socket, address: str, port: int) -> int:
    """Bind alone, whoever else would share, and only then open the port to those who come later.

    REUSEADDR gets past connections that linger from an earlier run. Left on, it would let a second process
    reserve the port in the time before the first worker listens.
    """
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((address, port))
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
    return int(holder.getsockname()[1])


def _target(family: socket.AddressFamily, address: str) -> str:
    return f"[{address}]" if family is socket.AF_INET6 else address


def _refusal(target: str, port: int, reason: str) -> AmbianceError:
    return AmbianceError(f"can't listen on {target}:{port} for gRPC (--port): {reason}")


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
