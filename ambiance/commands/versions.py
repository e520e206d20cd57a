"""The commands `ambiance versions` and `ambiance reload`: what services answer from, and the change of it."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ambiance.channel import DEFAULT_DEADLINE_S, MUSIC_INDEX_SERVICE_PORT, TEXT_SERVICE_PORT
from ambiance.errors import AmbianceError, InvalidInputError, PreconditionError
from ambiance.results import VersionStatus

if TYPE_CHECKING:
    from ambiance import Client

# In the order in which they change: an index goes on answering texts that were read by the model before.
KINDS = ("music_index", "text_encoder")
NEWEST = 0
RELOAD_DEADLINE_S = 120.0


def add_versions(commands: "argparse._SubParsersAction[Any]", show: Callable[[str], None]) -> None:
    """Add both commands, which print with `show`."""

    def versions(arguments: argparse.Namespace) -> int:
        with _client(arguments) as client:
            show(_listed(client.list_versions(), as_json=arguments.json))
        return 0

    def reload(arguments: argparse.Namespace) -> int:
        wanted = _wanted(arguments.versions)
        with _client(arguments) as client:
            _reload(client, wanted)
            show(_listed(client.list_versions(), as_json=arguments.json))
        return 0

    about = "the versions of model and index that the services have, and those that they answer from"
    parser = commands.add_parser("versions", help=about, description=about, allow_abbrev=False)
    parser.set_defaults(command=versions)
    _add_flags(parser, DEFAULT_DEADLINE_S)

    about = "answer from other versions, without a call lost"
    more = f"{about}. A kind without a number goes to its newest and follows it, as both do if none is named."
    parser = commands.add_parser("reload", help=about, description=more, allow_abbrev=False)
    parser.set_defaults(command=reload)
    which = "music_index or text_encoder, each with the number of a version to stay at, if need be"
    parser.add_argument("versions", metavar="KIND [VERSION]", nargs="*", help=which)
    _add_flags(parser, RELOAD_DEADLINE_S)


def _add_flags(parser: argparse.ArgumentParser, deadline_s: float) -> None:
    for name, port, whose in (
        ("--text-target", TEXT_SERVICE_PORT, "text service"),
        ("--music-target", MUSIC_INDEX_SERVICE_PORT, "music index service"),
    ):
        address = f"localhost:{port}"
        parser.add_argument(name, default=address, help=f"host:port of the {whose} (%(default)s)")
    parser.add_argument("--deadline", type=float, default=deadline_s, help="seconds to wait (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _client(arguments: argparse.Namespace) -> "Client":
    from ambiance import Client  # noqa: PLC0415  # a wrong flag is told without gRPC

    return Client(
        text_target=arguments.text_target,
        music_target=arguments.music_target,
        deadline_s=arguments.deadline,
    )


def _wanted(words: Sequence[str]) -> dict[str, int]:
    """Kind -> number of its version, 0 for the newest, as the command line names them.

    Raises:
        InvalidInputError: if a word is neither a kind nor the number behind one.
    """
    wanted: dict[str, int] = {}
    for before, word in zip([None, *words], words, strict=False):
        if word in KINDS:
            wanted[word] = NEWEST
        elif before in KINDS and word.isdecimal() and int(word) > 0:
            wanted[before] = int(word)
        else:
            place = "the number of a version, or " if before in KINDS else ""
            raise InvalidInputError.of("KIND [VERSION]", f"{place}{' or '.join(KINDS)}, got {word!a}")
    return wanted or dict.fromkeys(KINDS, NEWEST)


def _reload(client: "Client", wanted: Mapping[str, int]) -> None:
    """Change versions, the index first; if the second can't be changed, the first is changed back.

    Raises:
        PreconditionError: if what would be served then doesn't go together; nothing is changed.
        AmbianceError: as `Client.reload_artifacts`.
    """
    statuses = client.list_versions()
    planned = {kind: _planned(statuses, kind, wanted.get(kind)) for kind in KINDS}
    _require_one_lineage(list(planned.values()))
    serving = {each.version.kind: each.version.version for each in statuses if each.serving}
    changed: list[str] = []
    for kind in (kind for kind in KINDS if kind in wanted):
        newest = planned[kind]
        try:
            if wanted[kind] == NEWEST and newest is not None:  # that one or none: an earlier one may not fit
                client.reload_artifacts(kind, newest.version.version)
            client.reload_artifacts(kind, wanted[kind])
        except AmbianceError as error:
            if not changed:
                raise
            client.reload_artifacts(changed[0], serving[changed[0]])
            back = f"{changed[0]} stays at {serving[changed[0]]} again"
            raise PreconditionError(f"{kind}: {error}; {back}") from error
        changed.append(kind)


def _planned(statuses: Sequence[VersionStatus], kind: str, version: int | None) -> VersionStatus | None:
    """What would be served of a kind; None for what the service is going to refuse."""
    of_kind = [each for each in statuses if each.version.kind == kind]
    if version is None:
        fitting = [each for each in of_kind if each.serving]
    elif version == NEWEST:
        fitting = [each for each in of_kind if not each.trouble]
    else:
        fitting = [each for each in of_kind if each.version.version == version]
    return fitting[-1] if fitting else None


def _require_one_lineage(planned: Sequence[VersionStatus | None]) -> None:
    """Require that texts as the model would read them can be matched with the index.

    Raises:
        PreconditionError: naming both versions, and the lineages of the space that they don't share.
    """
    index, model = planned
    if index is None or model is None:
        return
    searched = {space.name: space.lineage for space in index.spaces}
    for space in model.spaces:
        if searched.get(space.name, space.lineage) != space.lineage:
            sides = (f"{each.version.kind} {each.version.version}" for each in (index, model))
            lineages = f"the lineages of {space.name} are {searched[space.name]} and {space.lineage}"
            how = "name versions of both kinds that share them: ambiance versions lists them"
            raise PreconditionError(f"{' and '.join(sides)} don't go together: {lineages}; {how}")


def _listed(statuses: Sequence[VersionStatus], *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"versions": list(map(_status_object, statuses))}, ensure_ascii=False, indent=2)
    return "\n".join(map(_line, statuses))


def _status_object(status: VersionStatus) -> dict[str, Any]:
    spaces = [
        {"name": space.name, "dimension": space.dimension, "lineage": space.lineage}
        for space in status.spaces
    ]
    version = status.version._asdict()
    return {**version, "serving": status.serving, "spaces": spaces, "trouble": status.trouble}


def _line(status: VersionStatus) -> str:
    state = "serving" if status.serving else "damaged" if status.trouble else ""
    spaces = ", ".join(f"{space.name} {space.lineage}" for space in status.spaces)
    line = f"{status.version.kind:<12}  {status.version.version:>4}  {state:<7}  {spaces}"
    return f"{line}{'  ' * bool(spaces)}{status.trouble}".rstrip()
