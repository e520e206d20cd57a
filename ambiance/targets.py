"""Addresses of services as callers write them, checked before any channel takes them: gRPC would dial port
34463 for 99999, and ask a name server about "http://host".

Free of grpc, so that the command line and the settings can tell of a wrong one at once.
"""

import os
import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from ambiance.arguments import require_utf8
from ambiance.errors import InvalidInputError
from ambiance.validation import shown

MAX_PORT = 65_535
MAX_PATH_BYTES = 107  # of a Unix socket, by the kernel

_NEEDED = "a host:port is needed"
_SCHEME = re.compile(r"(dns|ipv4|ipv6|unix-abstract|unix):(.*)", re.DOTALL)
_NAME_SERVER = re.compile(r"//[^/]*/|/")  # between dns: and the name to look up; usually empty
_NAME = re.compile(r"[0-9A-Za-z._-]{1,253}")


def resolvable(target: str, field: str = "target") -> str:
    """The target with the dns scheme, without which one connection would pin one of several backends.

    A target is a host:port, an [IPv6]:port, or what gRPC knows by the schemes dns:, ipv4:, ipv6:, unix: and
    unix-abstract:.

    Raises:
        InvalidInputError: if it is anything else; `field` is its name in the message.
    """
    require_utf8({field: target})
    if not target:
        raise InvalidInputError.of(field, f"is empty; {_NEEDED}")
    if offence := target_offence(target):
        raise InvalidInputError.of(field, f"{offence}, got {shown(target)}")
    return target if _SCHEME.match(target) else f"dns:///{target}"


def target_offence(target: str) -> str | None:
    """What is wrong with a target that isn't empty, as it stands before ", got" in a message, if anything."""
    scheme = _SCHEME.fullmatch(target)
    if scheme is None:
        if "://" in target:
            return "no scheme but dns:, ipv4:, ipv6:, unix: or unix-abstract:"
        return _offence_of_address(
            target, _is_host, "a name, an IPv4 address, or an IPv6 address in brackets"
        )
    kind, rest = scheme.groups()
    if kind == "dns":
        name = rest[asked.end() :] if (asked := _NAME_SERVER.match(rest)) else rest
        return _offence_of_address(name, _is_host, "a name, or an IPv6 address in brackets")
    if kind == "ipv4":
        return _offence_of_list(rest, _is_ipv4, "an IPv4 address")
    if kind == "ipv6":
        return _offence_of_list(rest, _is_bracketed_ipv6, "an IPv6 address in brackets")
    return _offence_of_path(rest)


def _offence_of_list(addresses: str, is_host: Callable[[str], bool], needed: str) -> str | None:
    offences = (_offence_of_address(address, is_host, needed) for address in addresses.split(","))
    return next(filter(None, offences), None)


def _offence_of_address(address: str, is_host: Callable[[str], bool], needed: str) -> str | None:
    host, colon, port = address.rpartition(":")
    if not colon or address.endswith("]"):
        return f"has no port; {_NEEDED}"
    if not is_host(host):
        return f"the host is {needed}"
    if not (port.isascii() and port.isdecimal() and len(port) <= 5 and 1 <= int(port) <= MAX_PORT):
        return f"the port is 1 to {MAX_PORT:,}"
    return None


def _offence_of_path(path: str) -> str | None:
    length = len(os.fsencode(path.removeprefix("//")))
    if not 1 <= length <= MAX_PATH_BYTES or "\0" in path:
        return f"the path of a Unix socket is 1 to {MAX_PATH_BYTES} bytes, none of them 0"
    return None


def _is_host(host: str) -> bool:
    return bool(_NAME.fullmatch(host)) or _is_bracketed_ipv6(host)


def _is_ipv4(host: str) -> bool:
    return _is_address(IPv4Address, host)


def _is_bracketed_ipv6(host: str) -> bool:
    return host.startswith("[") and host.endswith("]") and _is_address(IPv6Address, host[1:-1])


def _is_address(kind: Callable[[str], object], host: str) -> bool:
    try:
        kind(host)
    except AddressValueError:
        return False
    return True
