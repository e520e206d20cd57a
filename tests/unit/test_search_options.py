"""ambiance.search_options: options are refused by field, limit and offence before anything is searched."""

from typing import Any

import pytest

from ambiance.errors import InvalidInputError
from ambiance.limits import DEFAULT_K, MAX_SEPARATION
from ambiance.music.v1.clip_filter_pb2 import AttributeCondition, ClipFilter
from ambiance.music.v1.search_options_pb2 import SearchOptions
from ambiance.search_options import CAPS, check_limits, check_options

NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    "options",
    [
        {},
        dict.fromkeys(CAPS, 2**31 - 1),
        {"max_distance": 1e-38},
        {"max_distance": 3e38, "min_separation": MAX_SEPARATION},
        {"min_separation": 1e-30},
    ],
)
def test_options_within_the_limits_pass(options: dict[str, Any]) -> None:
    assert check_options(SearchOptions(k=7, **options), 1) == 7
    assert check_options(SearchOptions(**options), 1) == DEFAULT_K


@pytest.mark.parametrize(
    ("options", "field", "what"),
    [
        *(({cap: -1}, cap, "at least 1, or 0 for any number, got -1") for cap in CAPS),
        ({"max_distance": 0}, "max_distance", "finite and above 0, got 0"),
        ({"max_distance": -0.5}, "max_distance", "finite and above 0, got -0.5"),
        ({"max_distance": NAN}, "max_distance", "finite and above 0, got nan"),
        ({"max_distance": INFINITY}, "max_distance", "finite and above 0, got inf"),
        ({"min_separation": -1e-9}, "min_separation", "0 to 3.4, got -1e-09"),
        ({"min_separation": 3.41}, "min_separation", "0 to 3.4, got 3.41"),
        ({"min_separation": NAN}, "min_separation", "0 to 3.4, got nan"),
        ({"k": 1_001}, "k", "1 to 1,000, or 0 for 10, got 1,001"),
    ],
)
def test_an_option_beyond_its_limit_is_named(options: dict[str, Any], field: str, what: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_options(SearchOptions(**options), 1)
    assert str(caught.value) == f"options.{field}: {what}"


def test_a_filter_is_checked_too() -> None:
    conditions = ClipFilter(attributes=[AttributeCondition(name="year")])
    with pytest.raises(InvalidInputError, match=r"^options\.filter\.attributes\[0\]: values, or a range"):
        check_limits(SearchOptions(filter=conditions))
