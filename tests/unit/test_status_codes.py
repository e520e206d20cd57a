"""ambiance.status_codes: whatever a caller writes, the status that tells of it fits gRPC's trailers."""

from base64 import b64encode
from collections.abc import Callable
from types import SimpleNamespace
from urllib.parse import quote

import grpc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ambiance.errors import AmbianceError, InvalidInputError, NotFoundError, PreconditionError, Violation
from ambiance.status_codes import from_rpc_error, to_status
from ambiance.validation import check_each, shown

TRAILERS_BYTES = 8 * 1024
OTHER_TRAILERS_BYTES = 256  # names of the two trailers below, grpc-status, and what HTTP/2 counts for each

LONGEST = "\U0001f600" * 10_000


def wire_bytes(error: AmbianceError) -> int:
    status = to_status(error)
    details = sum(len(b64encode(value)) for _, value in status.trailing_metadata)
    return len(quote(status.details)) + details


def checked(words: list[str]) -> AmbianceError:
    """What a check raises that quotes a caller's words in each offence."""
    with pytest.raises(InvalidInputError) as raised:
        check_each(
            "queries", words, lambda field, word: Violation(f"{field}.space", f"unknown: {shown(word)}")
        )
    return raised.value


@settings(max_examples=50)
@given(st.lists(st.text(), min_size=1, max_size=10), st.sampled_from([1, 40, 2_000]))
@example([LONGEST] * 12, 1)
@pytest.mark.parametrize(
    "build",
    [
        checked,
        lambda words: InvalidInputError(Violation(word, word) for word in words),
        lambda words: NotFoundError(f"index: no {'; '.join(words)}"),
        lambda words: PreconditionError(f"lineage: {'; '.join(words)}"),
    ],
)
def test_the_status_of_any_words_fits(
    build: Callable[[list[str]], AmbianceError], words: list[str], times: int
) -> None:
    assert wire_bytes(build([word * times for word in words])) <= TRAILERS_BYTES - OTHER_TRAILERS_BYTES


def test_where_in_its_sources_grpc_gave_up_is_left_out() -> None:
    trace = "empty address list\n=== Source Location Trace: ===\nsrc/core/util/status_helper.cc:68\n"
    call = SimpleNamespace(code=lambda: grpc.StatusCode.UNAVAILABLE, details=lambda: trace)
    assert str(from_rpc_error(call, "gateway")) == "gateway: empty address list"  # type: ignore[arg-type]


def test_a_service_that_is_another_one_is_told_so() -> None:
    call = SimpleNamespace(code=lambda: grpc.StatusCode.UNIMPLEMENTED, details=lambda: "Method not found!")
    told = from_rpc_error(call, "music index service at localhost:50051")  # type: ignore[arg-type]
    assert str(told).startswith("music index service at localhost:50051: no such method: another")
