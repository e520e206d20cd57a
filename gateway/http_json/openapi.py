"""/openapi.json: what can be called over HTTP, told from the table of routes and the protos."""

import re
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from ambiance.extras import installed_version
from ambiance.limits import MAX_BOOK_BYTES
from gateway.http_json import reading
from gateway.http_json.bodies import JSON
from gateway.http_json.comments import comments
from gateway.http_json.routes import SOUNDTRACK, UNARY, Route
from gateway.http_json.schemas import Schema, Schemas
from gateway.http_json.soundtrack import EVENTS

_ABOUT = """Music of the same emotion for a text: what the gateway answers over gRPC, in protobuf's JSON
mapping. Whole numbers of 64 bits are strings. A field at its default may be left out of a request; every
field is in a reply, but for those that aren't set. Errors are google.rpc.Status; a 429 says in Retry-After
when to come back."""

_ERROR: Schema = {
    "type": "object",
    "description": "A google.rpc.Status. For a bad request its details name each field and its offence.",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "code": {"type": "integer", "description": "The HTTP code."},
                "status": {"type": "string", "description": "The name of the google.rpc.Code."},
                "message": {"type": "string"},
                "details": {"type": "array", "items": {"type": "object"}},
            },
            "required": ["code", "status", "message", "details"],
        }
    },
    "required": ["error"],
}
_FAILS = {"description": "An error.", "content": {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
_TIMEOUT = {
    "name": "Grpc-Timeout",
    "in": "header",
    "description": "The deadline: digits and one of H, M, S, m, u, n, as in `5S` or `300m`. None: gRPC's.",
    "schema": {"type": "string", "pattern": "^[0-9]{1,8}[HMSmun]$"},
}
_NAME = {"name": "name", "in": "query", "description": "The file's name.", "schema": {"type": "string"}}
_IN_PATH = re.compile(r"{(\w+)}")


def document() -> dict[str, Any]:
    """The description, in OpenAPI 3.1."""
    schemas = Schemas()
    paths: dict[str, Any] = {}
    for route in (*UNARY, SOUNDTRACK):
        paths.setdefault(route.path, {})[route.verb.lower()] = _operation(route, schemas)
    paths[reading.PATH] = {"post": _READ}
    paths["/healthz"] = {"get": _health("isAlive", "Tells that the process lives.", fails=False)}
    paths["/readyz"] = {"get": _health("isReady", "Tells whether the process serves.", fails=True)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ambiance",
            "version": installed_version(),
            "description": _ABOUT,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": {**schemas.components, "Error": _ERROR}},
    }


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    rpc = route.rpc.descriptor
    text = comments()[rpc.full_name]
    operation: dict[str, Any] = {
        "operationId": rpc.name[0].lower() + rpc.name[1:],
        "tags": [rpc.containing_service.name],
        "summary": text.partition(". ")[0].partition("\n")[0].rstrip("."),
        "description": text.replace("\n", "\n\n"),
        "parameters": [_TIMEOUT],
        "responses": {"200": _answer(route, schemas), "default": _FAILS},
    }
    in_path = _IN_PATH.findall(route.path)
    if route.verb == "GET":
        operation["parameters"] += [
            _parameter(field, schemas, is_path=field.json_name in in_path) for field in rpc.input_type.fields
        ]
    else:
        body = schemas.reference(rpc.input_type)
        content = {JSON: {"schema": body, "example": dict(route.example)}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameter(field: FieldDescriptor, schemas: Schemas, *, is_path: bool) -> dict[str, Any]:
    schema = schemas.field(field)
    described = {"description": schema.pop("description")}
    where = {"in": "path", "required": True} if is_path else {"in": "query"}
    return {"name": field.json_name, **where, **described, "schema": schema}


def _answer(route: Route, schemas: Schemas) -> dict[str, Any]:
    reply = route.rpc.descriptor.output_type
    if route is not SOUNDTRACK:
        schema = schemas.reference(reply)
        return {"description": comments()[reply.full_name], "content": {JSON: {"schema": schema}}}
    start, cue, end = (schemas.field(field) for field in reply.fields)
    whole = {
        "type": "object",
        "description": "The soundtrack. It isn't whole without `end`: an `error` stands there then.",
        "properties": {
            "start": start,
            "cues": {"type": "array", "items": cue},
            "end": end,
            "error": _ERROR["properties"]["error"],
        },
    }
    events = (
        "For who accepts them: events `start`, `cue` and `end`, each with the JSON of its message as data,"
        " and `error` with an Error. A stream without `end` isn't whole."
    )
    return {
        "description": comments()[reply.full_name],
        "content": {
            JSON: {"schema": whole},
            EVENTS: {"schema": {"type": "string", "description": events}},
        },
    }


_TITLED = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "description": "The title of the file's text. Empty: it has none."},
        "text": {"type": "string", "description": "Its text, without markup."},
        "warnings": {
            "type": "array",
            "items": {"type": "string"},
            "description": "What of it couldn't be read, a sentence each.",
        },
    },
}
_READ = {
    "operationId": "readText",
    "tags": ["Files"],
    "summary": "Reads the text of a file",
    "description": f"Reads a text, a web page or an epub of at most {MAX_BOOK_BYTES:,} bytes; nothing"
    " is kept of it. Its kind is told by its name's ending, or by its Content-Type.",
    "parameters": [_NAME],
    "requestBody": {
        "required": True,
        "content": {kind: {} for kind in ("text/plain", "text/html", "application/epub+zip")},
    },
    "responses": {
        "200": {"description": "Title and text.", "content": {JSON: {"schema": _TITLED}}},
        "default": _FAILS,
    },
}


def _health(operation: str, summary: str, *, fails: bool) -> dict[str, Any]:
    text = {"content": {"text/plain": {"schema": {"type": "string"}}}}
    responses = {"200": {"description": "It does.", **text}}
    if fails:
        responses["503"] = {"description": "It doesn't.", **text}
    return {"operationId": operation, "tags": ["Health"], "summary": summary, "responses": responses}
