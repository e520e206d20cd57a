"""Binds a server to every address of a host, or to none; alone, or beside other workers of its process.

0.0.0.0 is every IPv4 address, :: every address of both families.
"""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext, suppress

import grpc

from ambiance.errors import AmbianceError

ANY_IPV4 = "0.0.0.0"

# What a port is for, for messages, and the flag that sets it.
GRPC_USE, HTTP_USE = "gRPC (--port)", "HTTP (--http-port; none does without)"
FURTHER_GRPC_USE = "gRPC ({flag}; none does without)"

# A sibling that binds at the same moment takes milliseconds; it is looked for again after each pause.
SIBLING_PATIENCE_S = 2.0
SIBLING_PAUSE_S = 0.01


def listen(server: grpc.Server, host: str, port: int, use: str = GRPC_USE, *, shared: bool = False) -> int:
    """Bind a server to a port of every address of a host; returns the port, chosen by the system for 0.

    gRPC would resolve the host itself, and be content with one address of several: another process could
    hold the rest and share the calls in silence. `shared` says that other workers listen there as well.

    Raises:
        AmbianceError: naming the address that can't be listened on, and why.
    """
    for family, address in addresses(host):
        target = _target(family, address)
        patience_s = SIBLING_PATIENCE_S if shared else 0.0
        with _ipv6_withheld(port, patience_s) if address == ANY_IPV4 else nullcontext(port) as wanted:
            try:
                port = server.add_insecure_port(f"{target}:{wanted}")
            except RuntimeError as error:
                raise _refusal(target, wanted, _reason(family, address, wanted), use) from error
    return port


@contextmanager
def reserved(host: str, port: int, use: str = GRPC_USE) -> Iterator[int]:
    """Keep a port of every address of a host for servers that listen with SO_REUSEPORT; yields the port.

    The sockets here are bound and never listen, so no call reaches them.

    Raises:
        AmbianceError: naming the address that another process holds.
    """
    with ExitStack() as stack:
        for family, address in addresses(host):
            holder = stack.enter_context(socket.socket(family))
            try:
                port = _reserve(holder, address, port)
            except OSError as error:
                raise _refusal(_target(family, address), port, error.strerror or str(error), use) from error
        yield port


@contextmanager
def reserved_all(host: str, ports: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Keep several ports as `reserved` does, by the names of their settings; yields the ports by these.

    Raises:
        AmbianceError: naming the address that another process holds, and the flag.
    """
    with ExitStack() as stack:
        yield {name: stack.enter_context(reserved(host, port, use_of(name))) for name, port in ports.items()}


def bind_sockets(host: str, port: int, use: str, *, shared: bool = False) -> list[socket.socket]:
    """Bind a socket to a port of every address of a host, chosen by the system for 0. None listens yet.

    `shared` says that other workers listen there as well.

    Raises:
        AmbianceError: naming the address that can't be listened on, and why.
    """
    bound: list[socket.socket] = []
    for family, address in addresses(host):
        listener = socket.socket(family)
        bound.append(listener)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections may linger there
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            listener.bind((address, port))
        except OSError as error:
            for each in bound:
                each.close()
            raise _refusal(_target(family, address), port, error.strerror or str(error), use) from error
        port = int(listener.getsockname()[1])
    return bound


@contextmanager
def _ipv6_withheld(port: int, patience_s: float) -> Iterator[int]:
    """Hold a port of every IPv6 address while gRPC binds; yields the port, chosen by the system for 0.

    gRPC takes 0.0.0.0 for every address of both families, and is content with IPv4's where it can't have
    IPv6's. The socket here never listens. Among workers each needs one of its own, and so waits for those
    that bind at the same moment: Linux lets the second socket with SO_REUSEPORT past another's.
    """
    deadline = time.monotonic() + patience_s
    with ExitStack() as stack:
        with suppress(OSError):  # there is no IPv6
            holder = stack.enter_context(socket.socket(socket.AF_INET6))
            holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            while not _binds(holder, port) and time.monotonic() < deadline:
                time.sleep(SIBLING_PAUSE_S)
            port = int(holder.getsockname()[1]) or port
        yield port


def _binds(holder: socket.socket, port: int) -> bool:
    try:
        holder.bind(("::", port))
    except OSError:  # a sibling or another program holds the port
        return False
    return True


def _reserve(holder: socket.socket, address: str, port: int) -> int:
    """Bind as the only one, and only then let later sockets share the port.

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


def _refusal(target: str, port: int, reason: str, use: str = GRPC_USE) -> AmbianceError:
    return AmbianceError(f"can't listen on {target}:{port} for {use}: {reason}")


def use_of(setting: str) -> str:
    """What a port is for, and its flag, by the name of its setting."""
    further = FURTHER_GRPC_USE.format(flag=f"--{setting.replace('_', '-')}")
    return {"port": GRPC_USE, "http_port": HTTP_USE}.get(setting, further)


def near(host: str) -> str:
    """How this machine's programs dial a host that a server listens on, as it stands before a port."""
    return {ANY_IPV4: "127.0.0.1", "::": "localhost"}.get(host, f"[{host}]" if ":" in host else host)


def addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    """Every address of a host, with its family.

    Raises:
        AmbianceError: if there is none.
    """
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
