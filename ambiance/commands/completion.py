"""The command `ambiance completion`: what a shell completes the command line with."""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ambiance.extras import Extra

SHELLS = ("bash", "zsh", "fish")
_FILES = {"FILE"}  # what stands for a file among arguments that aren't read as paths
_DESCRIPTION = """
Prints a script. bash: eval "$(ambiance completion bash)" in ~/.bashrc. zsh: ambiance completion zsh >
_ambiance in a folder of $fpath. fish: ambiance completion fish > ~/.config/fish/completions/ambiance.fish.
"""


def add_completion(
    commands: "argparse._SubParsersAction[Any]",
    show: Callable[[str], None],
    whole: Callable[[], argparse.ArgumentParser],
) -> None:
    """Add the command, which prints with `show` a script for the `whole` command line."""

    def completion(arguments: argparse.Namespace) -> int:
        with Extra("completion", "ambiance completion"):
            import shtab  # noqa: PLC0415

            parser = whole()
            for action in _actions(parser):
                if action.type is Path or action.metavar in _FILES:
                    action.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab's way to be told
            show(shtab.complete(parser, shell=arguments.shell))
        return 0

    about = "a script that lets a shell complete this command line"
    parser = commands.add_parser("completion", help=about, description=_DESCRIPTION, allow_abbrev=False)
    parser.set_defaults(command=completion)
    parser.add_argument("shell", choices=SHELLS, help="whose script is printed")


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Every flag and argument of a command line and of its commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
