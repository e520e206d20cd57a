"""The searches that begin with a clip, or lead from one vector to another: from a request to hits.

They know an index by `index_port`, and its clips by handles.
"""

import numpy as np

from ambiance.affect import MOOD_SPACE
from ambiance.artifacts import Space
from ambiance.errors import InvalidInputError, Violation
from ambiance.limits import DEFAULT_STEPS, MAX_QUERIES, MAX_STEPS
from ambiance.music.v1 import music_index_service_pb2 as messages
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.search_options import CAPS, check_limits, check_options
from ambiance.validation import OPTIONS_PREFIX, check_count, check_each, raise_violations, shown
from music_index_service.index_port import Answers, Index
from music_index_service.searching.path import find_path
from music_index_service.searching.queries import as_matrix, common_space
from music_index_service.searching.selection import Hits, Limits, select_each


def limits_of(options: SearchOptions) -> Limits:
    """The limits that checked options ask for."""
    artist, album, track, video = (getattr(options, field) for field in CAPS)
    farthest = options.max_distance if options.HasField("max_distance") else None
    return Limits(farthest, (artist, album, track, video), options.min_separation)


def find_similar(request: messages.FindSimilarRequest, index: Index) -> tuple[Space, Answers, list[Hits]]:
    """The clips like each of those that are asked for, none of which is its own hit.

    The query is the clip's own vector, in every space: what is near to it is alike. In "mood" a query of the
    kind that a text makes, of what is evident of the clip, would be answered by the most extreme clips of its
    kind. On the released index ten neighbours share a label with the clip as often (.20; by chance .04), but
    the cosine of their facets is .79 where it is .89, and some clip stands in one answer of seven.

    Raises:
        InvalidInputError: if the request breaks its limits, or the index doesn't hold the space.
        NotFoundError: if the index doesn't hold a clip.
    """
    clip_ids, options = request.clip_ids, request.options
    check_count("clip_ids", len(clip_ids), MAX_QUERIES)
    check_each("clip_ids", clip_ids, lambda path, name: None if name else Violation(path, "is empty"))
    k = check_options(options, len(clip_ids))
    space = _held(request.space or MOOD_SPACE, index)
    own = np.array(index.handles_of(clip_ids), np.int64)
    answers = index.answers(space.name, options)
    queries = answers.vectors(own)
    limits = limits_of(options)
    return space, answers, select_each(queries, answers.find, answers, k, options.seed, limits, own.tolist())


def find_path_of(request: messages.FindPathRequest, index: Index) -> tuple[Space, Answers, Hits]:
    """The clips of a path, and the squared distance of each from its point on the way.

    Raises:
        InvalidInputError: if the request breaks its limits, or the index doesn't hold the space.
        PreconditionError: if a vector has another lineage than its space.
    """
    steps, options = resolve_steps(request), request.options
    ends, names = (request.start, request.end), ("start", "end")
    space = common_space(ends, index.spaces, names)
    start, end = as_matrix(ends, space, index.name, names)
    answers = index.answers(space.name, options)
    return space, answers, find_path(start, end, steps, answers.find, answers, limits_of(options))


def resolve_steps(request: messages.FindPathRequest) -> int:
    """The steps of a request, whose options are checked, too; 0 is DEFAULT_STEPS.

    Raises:
        InvalidInputError: naming field, limit and offence.
    """
    steps, options = request.steps, request.options
    if steps != 0 and not 2 <= steps <= MAX_STEPS:
        limit = f"2 to {MAX_STEPS}, or 0 for {DEFAULT_STEPS}"
        raise InvalidInputError.of("steps", f"{limit}, got {steps:,}")
    raise_violations(
        Violation(f"{OPTIONS_PREFIX}{field}", f"must be 0 for a path, got {given:,}")
        for field in ("k", "seed")
        if (given := getattr(options, field))
    )
    check_limits(options)
    return steps or DEFAULT_STEPS


def _held(name: str, index: Index) -> Space:
    if name not in index.spaces:
        raise InvalidInputError.of(
            "space", f"unknown: {shown(name)}; the index holds {', '.join(index.spaces)}"
        )
    return index.spaces[name]
