"""The reference of the routes over HTTP, from the description that the gateway serves, as Markdown."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from gateway.http_json import openapi
from gateway.http_json.calls import Rpc
from gateway.http_json.routes import SOUNDTRACK, UNARY
from generate.protos import escaped

_RPCS: dict[tuple[str, str], Rpc] = {
    (route.verb.lower(), route.path): route.rpc for route in (*UNARY, SOUNDTRACK)
}


@cache
def description() -> dict[str, Any]:
    """The description, in OpenAPI 3.1."""
    return openapi.document()


def routes() -> str:
    """Every route: its rpc, its parameters, its body and its answer."""
    return "\n".join(
        line
        for path, operations in description()["paths"].items()
        for verb, operation in operations.items()
        for line in _route(verb, path, operation)
    )


def _route(verb: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f"## {verb.upper()} {path}\n"
    yield escaped(operation.get("description") or f"{operation['summary']}.") + "\n"
    rpc = _RPCS.get((verb, path))
    if rpc is not None:
        method = rpc.descriptor
        service = method.containing_service
        yield f"As the rpc [{service.name}.{method.name}](#{method.full_name.lower()}).\n"
        if verb == "post":
            yield f"- Body: {_message(method.input_type)}"
        yield f"- Answer: {_message(method.output_type)}\n"
    rows = list(map(_parameter, _of_its_own(operation)))
    if rows:
        yield "\n".join(["| parameter | in | |", "| --- | --- | --- |", *rows]) + "\n"


def _of_its_own(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Its parameters, but for the header that every rpc takes, which the page tells of."""
    return [each for each in operation.get("parameters", ()) if each["in"] != "header"]


def _message(kind: Any) -> str:
    return f"[{kind.name}](#{kind.full_name.lower()})"


def _parameter(parameter: dict[str, Any]) -> str:
    about = escaped(" ".join(parameter.get("description", "").split())).replace("|", r"\|")
    return f"| `{parameter['name']}` | {parameter['in']} | {about} |"
