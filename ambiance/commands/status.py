"""The command `ambiance status`: which services answer, and what they answer from."""

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ambiance.channel import GATEWAY_PORT, MUSIC_INDEX_SERVICE_PORT, TEXT_SERVICE_PORT
from ambiance.errors import AmbianceError
from ambiance.targets import resolvable

if TYPE_CHECKING:
    from ambiance import Client

DEADLINE_S = 2.0
SERVING = "SERVING"
EXIT_OK, EXIT_DOWN = 0, 1
_DESCRIPTION = """
Asks gateway, text service and music index service for their health, and the two for what they serve.
`ambiance serve` answers for all three. Exit status: 0 if all of them serve, 1 if any doesn't.
"""
# Name, flag of its address, default port, kind of artifact that it serves.
_SERVICES = (
    ("gateway", "target", GATEWAY_PORT, ""),
    ("text service", "text_target", TEXT_SERVICE_PORT, "text_encoder"),
    ("music index service", "music_target", MUSIC_INDEX_SERVICE_PORT, "music_index"),
)


class _Status(NamedTuple):
    """What one service says."""

    service: str
    target: str
    health: str  # SERVING, or what stands in the way
    versions: list[str]  # of what it serves


def add_status(commands: "argparse._SubParsersAction[Any]", show: Callable[[str], None]) -> None:
    """Add the command, which prints with `show`."""

    def status(arguments: argparse.Namespace) -> int:
        told = _told(arguments)
        show(_as_json(told) if arguments.json else "\n".join(map(_line, told)))
        return EXIT_OK if all(each.health == SERVING for each in told) else EXIT_DOWN

    about = "which services answer, and what they serve"
    parser = commands.add_parser("status", help=about, description=_DESCRIPTION, allow_abbrev=False)
    parser.set_defaults(command=status)
    for name, target, port, _ in _SERVICES:
        flag, default = f"--{target.replace('_', '-')}", f"localhost:{port}"
        parser.add_argument(flag, default=default, help=f"host:port of the {name} (%(default)s)")
    parser.add_argument("--deadline", type=float, default=DEADLINE_S, help="seconds to wait (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _told(arguments: argparse.Namespace) -> list[_Status]:
    from ambiance import Client  # noqa: PLC0415  # a wrong flag is told without gRPC
    from ambiance.health import health_of  # noqa: PLC0415

    targets = {target: getattr(arguments, target) for _, target, _, _ in _SERVICES}
    for name, address in targets.items():
        resolvable(address, f"--{name.replace('_', '-')}")
    with Client(**targets, deadline_s=arguments.deadline) as client:
        return [
            _Status(
                name,
                targets[target],
                health := health_of(targets[target], arguments.deadline),
                _serving(client, kind) if kind and health == SERVING else [],
            )
            for name, target, _, kind in _SERVICES
        ]


def _serving(client: "Client", kind: str) -> list[str]:
    """The version that the service of a kind answers from; what is wrong, if it can't say."""
    from ambiance.wire import version_calls  # noqa: PLC0415

    [call] = [call for call in version_calls.list_versions() if call.peer is version_calls.PEERS[kind]]
    try:
        statuses = client.send(call)
    except AmbianceError as error:
        return [str(error)]
    serving = [each.version for each in statuses if each.serving and each.version.kind == kind]
    return [f"{kind} {version.version}" for version in serving]


def _line(status: _Status) -> str:
    health = status.health.lower() if status.health == SERVING else status.health
    return f"{status.service:<19}  {status.target:<21}  {health:<7}  {', '.join(status.versions)}".rstrip()


def _as_json(told: list[_Status]) -> str:
    objects = [each._asdict() | {"serving": each.health == SERVING} for each in told]
    return json.dumps({"services": objects}, ensure_ascii=False, indent=2)
