"""Tells the environment variables of a process's settings from those that Kubernetes sets for Services.

Kubernetes tells every container of every Service beside it, in variables that begin with the Service's name:
for one named ambiance-gateway in AMBIANCE_GATEWAY_PORT=tcp://10.0.0.1:50051 and others.
"""

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches

_LINK = re.compile(r"(tcp|udp|sctp)://").match
_LINK_NAME = re.compile(
    r"(|.*_)(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
).fullmatch


def is_service_link(value: str) -> bool:
    """Whether a port's variable holds what Kubernetes tells of a Service of that name."""
    return _LINK(value) is not None


def unknown_names(
    environment: Mapping[str, str], prefix: str, known: Collection[str]
) -> dict[str, str | None]:
    """Variables with the prefix that no setting reads, each with the known one that is most like it.

    What Kubernetes tells of Services isn't among them. `known` are names without the prefix.
    """
    found = {}
    for name, value in sorted(environment.items()):
        rest = name.upper().removeprefix(prefix)
        if rest == name.upper() or rest in known or _LINK_NAME(rest) or is_service_link(value):
            continue
        near = get_close_matches(rest, known, n=1)
        found[name] = f"{prefix}{near[0]}" if near else None
    return found
