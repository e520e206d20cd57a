"""Checks of what a request names clips and pages by, the same whatever keeps the clips."""

from collections.abc import Sequence

from ambiance.errors import InvalidInputError, NotFoundError, Violation
from ambiance.limits import DEFAULT_PAGE_SIZE, MAX_CLIP_IDS, MAX_PAGE_SIZE
from ambiance.validation import check_count, check_each, shown
from music_index_service.catalog.page_token import PageToken

MAX_NAMED_CLIPS = 5  # unknown clips that one message names


def check_id(clip_id: str) -> None:
    """Require an id.

    Raises:
        InvalidInputError: if it is empty.
    """
    if not clip_id:
        raise InvalidInputError.of("clip_id", "is required")


def check_ids(clip_ids: Sequence[str]) -> None:
    """Require some ids.

    Raises:
        InvalidInputError: if there is none, there are too many, or one is empty.
    """
    check_count("clip_ids", len(clip_ids), MAX_CLIP_IDS)
    check_each("clip_ids", clip_ids, lambda field, text: None if text else Violation(field, "is empty"))


def unknown_clips(field: str, index: str, clip_ids: Sequence[str]) -> NotFoundError:
    """What is said where an index has no clips of these ids: it names the first."""
    named = ", ".join(map(shown, clip_ids[:MAX_NAMED_CLIPS]))
    more = f" and {len(clip_ids) - MAX_NAMED_CLIPS:,} more" if len(clip_ids) > MAX_NAMED_CLIPS else ""
    return NotFoundError(f"{field}: the index {index} has no clip {named}{more}")


def page_size(size: int) -> int:
    """Clips of a page; 0 is the default.

    Raises:
        InvalidInputError: if it is out of range.
    """
    if size < 0 or size > MAX_PAGE_SIZE:
        limit = f"1 to {MAX_PAGE_SIZE:,}, or 0 for {DEFAULT_PAGE_SIZE}"
        raise InvalidInputError.of("page_size", f"{limit}, got {size:,}")
    return size or DEFAULT_PAGE_SIZE


def first_clip(token: str, version: int, index: str) -> str:
    """The id that a page begins with, of a version of an index.

    Raises:
        InvalidInputError: if the token isn't of that.
    """
    try:
        first = PageToken.decode(token)
    except ValueError as error:
        raise InvalidInputError.of("page_token", "not a token that ListClips returned") from error
    if (first.version, first.index) != (version, index):
        found = f"it is of version {first.version} of {shown(first.index)}"
        held = f"version {version} of {index} is loaded; start from the first page"
        raise InvalidInputError.of("page_token", f"{found}, {held}")
    return first.clip_id
