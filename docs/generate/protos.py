"""The reference of a package of protos, from its descriptors and comments, as Markdown."""

import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc  # type: ignore[import-untyped]

PROTOS = Path(__file__).resolve().parents[2] / "protos"

_SCALARS = {
    number: name.removeprefix("TYPE_").lower()
    for name, number in Field.Type.items()
    if name not in ("TYPE_MESSAGE", "TYPE_ENUM", "TYPE_GROUP")
}


def package(name: str) -> str:
    """Every service, message and enum of a package, each with an anchor of its full name."""
    files = [file for file in _described().file if file.package == name]
    assert files, f"no protos of package {name}"
    kinds = ("service", "message_type", "enum_type")
    return "\n".join(
        line for kind in kinds for file in files for line in _Page(file).section(kind)
    )  # services first, whatever file they stand in


class _Page:
    """The Markdown of one file."""

    def __init__(self, file: FileDescriptorProto) -> None:
        self._file = file
        self._comments = {
            tuple(place.path): place.leading_comments.strip()
            for place in file.source_code_info.location
            if place.leading_comments
        }

    def section(self, kind: str) -> Iterator[str]:
        number = FileDescriptorProto.DESCRIPTOR.fields_by_name[kind].number
        write = {"service": self._service, "message_type": self._message, "enum_type": self._enum}[kind]
        for i, each in enumerate(getattr(self._file, kind)):
            yield from write(each, (number, i), f"{self._file.package}.{each.name}")

    def _service(self, service: Any, path: tuple[int, ...], name: str) -> Iterator[str]:
        yield from self._heading(2, service.name, path, name)
        for i, method in enumerate(service.method):
            stream = "stream of " if method.server_streaming else ""
            calls = f"{_link(method.input_type)} → {stream}{_link(method.output_type)}"
            yield from self._heading(3, method.name, (*path, 2, i), f"{name}.{method.name}", calls)

    def _message(self, message: Any, path: tuple[int, ...], name: str) -> Iterator[str]:
        yield from self._heading(2, message.name, path, name)
        maps = {entry.name: entry for entry in message.nested_type if entry.options.map_entry}
        if message.field:
            yield "| field | type | |\n| --- | --- | --- |"
        for i, field in enumerate(message.field):
            about = _cell(self._comments.get((*path, 2, i), ""))
            if field.HasField("oneof_index") and not field.proto3_optional:
                about = f"{about} *One of `{message.oneof_decl[field.oneof_index].name}`.*"
            yield f"| `{field.name}` | {_type(field, maps)} | {about} |"
        yield ""
        for i, nested in enumerate(message.nested_type):
            if nested.name not in maps:
                yield from self._message(nested, (*path, 3, i), f"{name}.{nested.name}")
        for i, nested in enumerate(message.enum_type):
            yield from self._enum(nested, (*path, 4, i), f"{name}.{nested.name}")

    def _enum(self, enum: Any, path: tuple[int, ...], name: str) -> Iterator[str]:
        yield from self._heading(2, enum.name, path, name)
        yield "| value | number | |\n| --- | --- | --- |"
        for i, value in enumerate(enum.value):
            about = _cell(self._comments.get((*path, 2, i), ""))
            yield f"| `{value.name}` | {value.number} | {about} |"
        yield ""

    def _heading(
        self, level: int, title: str, path: tuple[int, ...], name: str, below: str = ""
    ) -> Iterator[str]:
        yield f"({name.lower()})=\n{'#' * level} {title}\n\n{below}\n"
        comment = self._comments.get(path, "")
        yield "\n".join(escaped(line.strip()) for line in comment.splitlines()) + "\n"


def escaped(text: str) -> str:
    """A comment as Markdown that shows it as it is."""
    return text.replace("<", "&lt;").replace("*", r"\*")


def _cell(text: str) -> str:
    return escaped(" ".join(text.split())).replace("|", r"\|")


def _type(field: Any, maps: dict[str, Any]) -> str:
    entry = maps.get(field.type_name.rpartition(".")[2])
    if entry is not None:
        key, value = entry.field
        return f"map of {_one(key)} to {_one(value)}"
    label = "repeated " if field.label == Field.LABEL_REPEATED else "optional " * field.proto3_optional
    return label + _one(field)


def _one(field: Any) -> str:
    return _SCALARS.get(field.type) or _link(field.type_name)


def _link(type_name: str) -> str:
    full = type_name.removeprefix(".")
    short = full.rpartition(".")[2]
    return f"[{short}](#{full.lower()})" if full.startswith("ambiance.") else f"`{full}`"


@cache
def _described() -> FileDescriptorSet:
    """The descriptors of all protos, with their comments."""
    sources = sorted(str(path.relative_to(PROTOS)) for path in PROTOS.rglob("*.proto"))
    with tempfile.NamedTemporaryFile() as file:
        flags = [f"--proto_path={PROTOS}", "--include_source_info", f"--descriptor_set_out={file.name}"]
        if protoc.main([sys.executable, *flags, *sources]):
            raise RuntimeError("protoc can't read the protos")
        return FileDescriptorSet.FromString(Path(file.name).read_bytes())
