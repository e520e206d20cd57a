"""JSON schemas of messages, in protobuf's JSON mapping, with the protos' comments."""

from collections.abc import Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from gateway.http_json.comments import comments

Schema = dict[str, Any]

_SCALARS: Mapping[int, Schema] = {
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "minimum": 0, "maximum": 2**32 - 1},
    FieldDescriptor.CPPTYPE_INT64: {"type": "string", "format": "int64"},
    FieldDescriptor.CPPTYPE_UINT64: {"type": "string", "format": "uint64"},
    FieldDescriptor.CPPTYPE_FLOAT: {"type": "number", "format": "float"},
    FieldDescriptor.CPPTYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.CPPTYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.CPPTYPE_STRING: {"type": "string"},
}


class Schemas:
    """The schemas that a document refers to: those that were asked for, and what they are made of."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def reference(self, kind: Descriptor | EnumDescriptor) -> Schema:
        """A reference to the schema of a message or an enum."""
        if kind.name not in self.components:
            self.components[kind.name] = {}  # so that a message may hold itself
            schema = self._message(kind) if isinstance(kind, Descriptor) else _enum(kind)
            self.components[kind.name] = schema
        return {"$ref": f"#/components/schemas/{kind.name}"}

    def field(self, field: FieldDescriptor) -> Schema:
        """The schema of a field, with its comment."""
        described = {"description": text} if (text := comments().get(field.full_name)) else {}
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            value = self._one(field.message_type.fields_by_name["value"])
            return {"type": "object", "additionalProperties": value, **described}
        if field.is_repeated:
            return {"type": "array", "items": self._one(field), **described}
        return {**self._one(field), **described}

    def _message(self, kind: Descriptor) -> Schema:
        return {
            "type": "object",
            "description": comments()[kind.full_name],
            "properties": {field.json_name: self.field(field) for field in kind.fields},
        }

    def _one(self, field: FieldDescriptor) -> Schema:
        """The schema of a field's value, or of one of its values."""
        if field.message_type is not None:
            return self.reference(field.message_type)
        if field.enum_type is not None:
            return self.reference(field.enum_type)
        if field.type == FieldDescriptor.TYPE_BYTES:
            return {"type": "string", "contentEncoding": "base64"}
        return dict(_SCALARS[field.cpp_type])


def _enum(kind: EnumDescriptor) -> Schema:
    told = [f"- `{name}`: {comments()[f'{kind.full_name}.{name}']}" for name in kind.values_by_name]
    return {
        "type": "string",
        "description": "\n".join([comments()[kind.full_name], "", *told]),
        "enum": list(kind.values_by_name),
    }
