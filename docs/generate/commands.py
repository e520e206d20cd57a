"""The reference of the command line: what each command's `--help` says, as Markdown."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout, suppress
from unittest.mock import patch

from ambiance import cli
from ambiance.commands.serve import PROGRAMS

_WIDTH = {"COLUMNS": "92", "NO_COLOR": "1"}
_COMMAND = re.compile(r"^    ([a-z][a-z-]*)\b", re.M)
_MODULES = {"serve": "standalone", "migrate": "music_index_service.migrate"}


def commands() -> str:
    """Every command of `ambiance`."""
    overview = _help([])
    names = [name for name in _COMMAND.findall(overview) if name not in PROGRAMS]
    parts = [("ambiance", overview), *((f"ambiance {name}", _help([name])) for name in names)]
    return "\n".join(_section(title, text) for title, text in parts)


def settings(*programs: str) -> str:
    """The settings of processes, named by their modules or by their command."""
    with ThreadPoolExecutor() as pool:
        texts = list(pool.map(_help_of_process, (_MODULES.get(program, program) for program in programs)))
    titles = [f"ambiance {name}" if name in _MODULES else name for name in programs]
    return "\n".join(map(_section, titles, texts))


def _help(arguments: Sequence[str]) -> str:
    output = io.StringIO()
    with patch.dict(os.environ, _WIDTH), redirect_stdout(output), suppress(SystemExit):
        cli.main([*arguments, "--help"])
    return output.getvalue()


def _help_of_process(module: str) -> str:
    variables = {
        name: value for name, value in os.environ.items() if not name.startswith("AMBIANCE_")
    } | _WIDTH
    command = [sys.executable, "-m", module, "--help"]
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout


def _section(title: str, text: str) -> str:
    return f"## {title}\n\n```text\n{text.strip()}\n```\n"
