"""The protos' comments, which generated code doesn't hold: the package's build keeps them beside it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from gateway.http_json.problems import json_path

# Paragraphs stand between empty lines, and each status code begins one.
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?= ?[A-Z_]{6,}:)")
_FIELD_NAME = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b")


@cache
def comments() -> Mapping[str, str]:
    """What the protos say of each service, method, message, field and value, by its full name.

    Paragraphs are lines; fields are named as JSON names them.
    """
    protos = FileDescriptorSet.FromString((files("ambiance.match") / "protos.binpb").read_bytes())
    found = {name: text for file in protos.file for name, text in _of_file(file)}
    fields = {name.rpartition(".")[2] for name in found}
    return {name: _renamed(text, fields) for name, text in found.items()}


def _of_file(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    for location in file.source_code_info.location:
        if location.leading_comments:
            yield f"{file.package}.{_name(file, location.path)}", _paragraphs(location.leading_comments)


def _name(file: Any, path: Sequence[int]) -> str:
    """The name of what a path of field numbers and indexes leads to, without the package."""
    names, at = [], file
    for number, index in zip(path[::2], path[1::2], strict=False):
        at = getattr(at, at.DESCRIPTOR.fields_by_number[number].name)[index]
        names.append(at.name)
    return ".".join(names)


def _paragraphs(comment: str) -> str:
    return "\n".join(" ".join(part.split()) for part in _PARAGRAPH.split(comment.strip()))


def _renamed(text: str, fields: set[str]) -> str:
    return _FIELD_NAME.sub(lambda found: json_path(found[0]) if found[0] in fields else found[0], text)
