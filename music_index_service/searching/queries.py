"""Checks the queries of a search and puts them into one matrix."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Space
from ambiance.errors import PreconditionError, Violation
from ambiance.validation import raise_violations, shown

# Largest size of a component: its square still fits float32. A VAD vector's lie in [0, 1].
MAX_COMPONENT = 1e18


class Query(Protocol):
    """A vector of a named space; `ambiance.type.v1.Vector` is one."""

    @property
    def space(self) -> str:
        """Name of its space."""

    @property
    def lineage(self) -> str:
        """Lineage of its space; empty skips the comparison."""

    @property
    def values(self) -> Sequence[float]:
        """Components."""


def paths(count: int) -> list[str]:
    """Where so many queries of a search stand in its request."""
    return [f"queries[{i}]" for i in range(count)]


def common_space(
    queries: Sequence[Query], held: Mapping[str, Space], fields: Sequence[str] | None = None
) -> Space:
    """The one space that all queries are in, of those held by name; `fields` are their paths in the request.

    Raises:
        InvalidInputError: naming the queries that are elsewhere.
    """
    fields = paths(len(queries)) if fields is None else fields
    first = queries[0].space

    def violation(field: str, query: Query) -> Violation | None:
        name = query.space
        if name not in held:
            found = f"unknown: {shown(name)}" if name else "is required"
            return Violation(f"{field}.space", f"{found}; the index holds {', '.join(held)}")
        if name != first:
            others = f"{shown(first)} in {fields[0]}, {shown(name)} here"
            return Violation(f"{field}.space", f"all queries are of one space, got {others}")
        return None

    raise_violations(map(violation, fields, queries))
    return held[first]


def as_matrix(
    queries: Sequence[Query], space: Space, index: str, fields: Sequence[str] | None = None
) -> NDArray[np.float32]:
    """<float32>[n, dimension] the components of all queries to an index of that name, one row each.

    Raises:
        InvalidInputError: if one has another dimension, or a component that isn't finite or is too large.
        PreconditionError: if one has another lineage.
    """
    fields = paths(len(queries)) if fields is None else fields
    components = [query.values for query in queries]
    dimension = space.dimension
    if any(len(values) != dimension for values in components):
        raise_violations(_dimension_violation(*each, space) for each in zip(fields, components, strict=True))
    rows = [values[:] for values in components]  # each in one slice: component by component is slow
    matrix = np.array(rows, np.float32)
    fitting = np.abs(matrix) <= MAX_COMPONENT  # false for a NaN, too
    if not fitting.all():
        unfit = np.argwhere(~fitting).tolist()
        raise_violations(_component_violation(f"{fields[i]}.values[{j}]", rows[i][j]) for i, j in unfit)
    for field, query in zip(fields, queries, strict=True):
        _check_lineage(field, query.lineage, space, index)
    return matrix


def _dimension_violation(field: str, values: Sequence[float], space: Space) -> Violation | None:
    if len(values) == space.dimension:
        return None
    needed = f"{space.dimension} components in the space {space.name}"
    return Violation(f"{field}.values", f"{needed}, got {len(values) or 'none'}")


def _component_violation(field: str, value: float) -> Violation:
    return Violation(field, f"finite, from {-MAX_COMPONENT:g} to {MAX_COMPONENT:g}, got {value:g}")


def _check_lineage(field: str, lineage: str, space: Space, index: str) -> None:
    if lineage and lineage != space.lineage:
        held = f"the index {index} holds {space.name} of lineage {space.lineage}"
        raise PreconditionError(f"{field}.lineage: {held}, got {shown(lineage)}")
