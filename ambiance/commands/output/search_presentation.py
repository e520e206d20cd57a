"""How the command line shows people clips like given ones, and paths."""

from collections.abc import Iterable, Iterator

from ambiance.commands.output.presentation import answer_lines, gist, notice_lines
from ambiance.commands.output.style import Style
from ambiance.results import EncodedText, SearchResult


def similar_for_people(clip_ids: Iterable[str], results: Iterable[SearchResult], style: Style) -> str:
    """For each clip what is like it, and the index that answered."""
    return "\n".join(_similar_lines(clip_ids, results, style))


def found_for_people(result: SearchResult, style: Style) -> str:
    """The clips near a vector, and the index that answered."""
    index = style.faint(f"index {result.index.kind} {result.index.version}")
    return "\n".join([*answer_lines(result, style), index])


def path_for_people(start: EncodedText, end: EncodedText, result: SearchResult, style: Style) -> str:
    """What the texts tell of, the clips from one to the other, and the versions that made the answer."""
    return "\n".join(_path_lines(start, end, result, style))


def _similar_lines(clip_ids: Iterable[str], results: Iterable[SearchResult], style: Style) -> Iterator[str]:
    for clip_id, result in zip(clip_ids, results, strict=True):
        yield style.strong(f"like {clip_id}")
        yield from answer_lines(result, style)
        yield style.faint(f"index {result.index.kind} {result.index.version}")


def _path_lines(start: EncodedText, end: EncodedText, result: SearchResult, style: Style) -> Iterator[str]:
    yield from notice_lines([start, end], style)
    yield style.strong(f"from {gist(start)}")
    yield style.strong(f"to {gist(end)}")
    yield from answer_lines(result, style)
    model, index = start.model, result.index
    yield style.faint(f"model {model.kind} {model.version}, index {index.kind} {index.version}")
