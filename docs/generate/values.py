"""The reference of plain values, whose fields are told of in comments behind them, as Markdown."""

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module

from generate.protos import escaped


def values(module_name: str, *names: str) -> str:
    """The public classes and types of a module, or those that are named: what each is and holds."""
    source = inspect.getsource(import_module(module_name))
    lines = source.splitlines()
    found = [node for node in ast.parse(source).body if (name := _name(node)) and not name.startswith("_")]
    chosen = [node for node in found if not names or _name(node) in names]
    assert len(chosen) >= len(names), f"{module_name} doesn't hold all of {names}"
    return "\n".join(
        line
        for node in chosen
        for line in (_class(node, lines) if isinstance(node, ast.ClassDef) else _alias(node))
    )


def _name(node: ast.stmt) -> str:
    """What a class or a type is called; empty for anything else."""
    if isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) == "TypeAlias":
        return ast.unparse(node.target)
    return node.name if isinstance(node, ast.ClassDef) else ""


def _alias(node: ast.stmt) -> Iterator[str]:
    assert isinstance(node, ast.AnnAssign)
    assert node.value
    yield f"## {ast.unparse(node.target)}\n\n`{ast.unparse(node.value)}`\n"


def _class(node: ast.ClassDef, lines: list[str]) -> Iterator[str]:
    yield f"## {node.name}\n\n{ast.get_docstring(node) or ''}\n"
    rows = [row for statement in node.body if (row := _row(statement, lines))]
    if rows:
        yield "| | | |\n| --- | --- | --- |"
        yield from rows
        yield ""


def _row(statement: ast.stmt, lines: list[str]) -> str | None:
    """A field with its type, a value of an enum, or a property."""
    if isinstance(statement, ast.AnnAssign):
        name, about = ast.unparse(statement.target), _comment(statement, lines)
        kind = ast.unparse(statement.annotation)
    elif isinstance(statement, ast.Assign):
        name, about = ast.unparse(statement.targets[0]), _comment(statement, lines)
        kind = ast.unparse(statement.value)
    elif isinstance(statement, ast.FunctionDef) and statement.decorator_list and statement.returns:
        if ast.unparse(statement.decorator_list[0]) != "property":
            return None
        name, about = statement.name, ast.get_docstring(statement) or ""
        kind = ast.unparse(statement.returns)
    else:
        return None
    return f"| `{name}` | `{kind}` | {escaped(' '.join(about.split()))} |".replace(" | None`", r" \| None`")


def _comment(statement: ast.stmt, lines: list[str]) -> str:
    """What is said of a field: behind it, or in the lines right above it."""
    end = statement.end_lineno or statement.lineno
    behind = lines[end - 1][statement.end_col_offset or 0 :].partition("#")[2]
    if behind:
        return behind
    above: list[str] = []
    for line in reversed(lines[: statement.lineno - 1]):
        if not line.strip().startswith("#"):
            break
        above.insert(0, line.strip().removeprefix("#"))
    return " ".join(above)
