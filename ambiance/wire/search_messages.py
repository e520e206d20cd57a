"""The options of a search, from what a caller of the clients wrote to the message that is sent."""

from dataclasses import fields
from typing import Any

from ambiance.arguments import require_flag, require_integer, require_items, require_number, require_utf8
from ambiance.attribute_conditions import AttributeCondition
from ambiance.clip_filter import ClipFilter
from ambiance.errors import InvalidInputError
from ambiance.limits import MAX_K
from ambiance.music.v1 import clip_filter_pb2
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.search_arguments import SearchArguments
from ambiance.wire.clip_messages import attribute_message, scores, text_list

MAX_INT32 = 2**31 - 1
MAX_SEED = 2**64 - 1


def search_options(
    k: int,
    *,
    index: str = "",
    seed: int = 0,
    filter: ClipFilter | None = None,
    include_unlistenable: bool = False,
    include_unavailable: bool = False,
    max_distance: float | None = None,
    min_separation: float = 0.0,
    **caps: int,
) -> SearchOptions:
    """The options of a search for k clips, checked as far as a message can't hold them.

    Raises:
        InvalidInputError: naming the argument of the client's method that can't be sent.
        TypeError: if there is no option of that name.
    """
    require_utf8({"index": index})
    if unknown := caps.keys() - SearchArguments.__annotations__:
        raise TypeError(f"no option of a search is called {', '.join(sorted(unknown))}")
    return SearchOptions(
        k=int32("k", k, f"1 to {MAX_K:,}"),
        index=index,
        seed=_seed(seed),
        filter=_filter_message(filter),
        include_unlistenable=require_flag("include_unlistenable", include_unlistenable),
        include_unavailable=require_flag("include_unavailable", include_unavailable),
        max_distance=None if max_distance is None else require_number("max_distance", max_distance),
        min_separation=require_number("min_separation", min_separation),
        **{cap: int32(cap, most, "at least 1, or 0 for any number") for cap, most in caps.items()},
    )


def int32(field: str, value: int, limit: str) -> int:
    """An integer, unless the message has no room for it; within it the service checks its limit.

    Raises:
        InvalidInputError: if it isn't one, or is too large.
    """
    integer = require_integer(field, value)
    if abs(integer) > MAX_INT32:
        raise InvalidInputError.of(field, f"{limit}, got {_shown(integer)}")
    return integer


def _seed(value: int) -> int:
    """Refuse what the message has no room for."""
    seed = require_integer("seed", value)
    if not 0 <= seed <= MAX_SEED:
        raise InvalidInputError.of("seed", f"0 to {MAX_SEED:,}, got {_shown(seed)}")
    return seed


def _shown(integer: int) -> str:
    """An integer for a message; Python refuses to write out the very largest."""
    bits = integer.bit_length()
    return f"{integer:,}" if bits <= 128 else f"one of {bits:,} bits"


def _filter_message(conditions: ClipFilter | None) -> clip_filter_pb2.ClipFilter | None:
    if conditions is None:
        return None
    if not isinstance(conditions, ClipFilter):
        raise InvalidInputError.of("filter", f"a ClipFilter, got {type(conditions).__name__}")
    values: dict[str, Any] = {}
    for name in (field.name for field in fields(conditions)):
        read = scores if name.endswith("_scores") else _conditions if name == "attributes" else text_list
        values[name] = read(f"filter.{name}", getattr(conditions, name))
    return clip_filter_pb2.ClipFilter(**values)


def _conditions(field: str, given: Any) -> list[clip_filter_pb2.AttributeCondition]:
    if isinstance(given, AttributeCondition):
        raise InvalidInputError.of(field, "a list of conditions, got a single condition")
    items = require_items(field, given, "conditions")
    return [_condition(f"{field}[{i}]", condition) for i, condition in enumerate(items)]


def _condition(field: str, condition: AttributeCondition) -> clip_filter_pb2.AttributeCondition:
    if not isinstance(condition, AttributeCondition):
        raise InvalidInputError.of(field, f"an AttributeCondition, got {type(condition).__name__}")
    require_utf8({f"{field}.name": condition.name})
    values = require_items(f"{field}.values", condition.values, "values")
    bounds = {name: getattr(condition, name) for name in ("least", "most")}
    given = {
        name: require_number(f"{field}.{name}", bound) for name, bound in bounds.items() if bound is not None
    }
    return clip_filter_pb2.AttributeCondition(
        name=condition.name,
        values=[attribute_message(f"{field}.values[{i}]", value) for i, value in enumerate(values)],
        range=clip_filter_pb2.NumberRange(**given) if given else None,
    )
