"""What the site generates: a mark in a page, `<!-- generated: protos ambiance.match.v1 -->`, is replaced by
what its generator makes of the rest of it. Nothing generated is kept beside the pages."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from generate.commands import commands, settings
from generate.http import description, routes
from generate.protos import package
from generate.values import values

_GENERATORS: Mapping[str, Callable[..., str]] = {
    "commands": commands,
    "settings": settings,
    "protos": package,
    "routes": routes,
    "values": values,
}
_MARK = re.compile(r"^<!-- generated: (\w+)((?: \S+)*) -->$", re.M)


def replace_marks(source: list[str]) -> None:
    """Replace the marks in a page, whose text is the only entry of a list, as Sphinx has it."""
    source[0] = _MARK.sub(lambda mark: _GENERATORS[mark[1]](*mark[2].split()), source[0])


def openapi_file(folder: Path) -> None:
    """Write openapi.json into a folder."""
    (folder / "openapi.json").write_text(json.dumps(description(), indent=1), encoding="utf-8")
