"""The limits that field comments promise are the constants that the services check."""

import re
from pathlib import Path

import pytest

from ambiance import limits

PROTOS = Path(__file__).parents[2] / "protos" / "ambiance"


@pytest.mark.parametrize(
    ("proto", "message", "field", "figures"),
    [
        ("text", "EncodeTextsRequest", "texts", [1, limits.MAX_TEXTS, 1, limits.MAX_TEXT_CHARACTERS]),
        ("music", "FindNeighborsRequest", "queries", [1, limits.MAX_QUERIES]),
        ("music", "FindNeighborsRequest", "k", [1, limits.MAX_K, 0, limits.DEFAULT_K, limits.MAX_HITS]),
        ("music", "BatchGetClipsRequest", "clip_ids", [1, limits.MAX_CLIP_IDS]),
        ("music", "ListClipsRequest", "page_size", [1, limits.MAX_PAGE_SIZE, 0, limits.DEFAULT_PAGE_SIZE]),
        ("match", "MatchTextRequest", "text", [1, limits.MAX_TEXT_CHARACTERS]),
        ("match", "MatchTextRequest", "k", [1, limits.MAX_K, 0, limits.DEFAULT_K]),
        ("match", "MatchTextsRequest", "texts", [1, limits.MAX_TEXTS, 1, limits.MAX_TEXT_CHARACTERS]),
        ("match", "MatchTextsRequest", "k", [1, limits.MAX_K, 0, limits.DEFAULT_K, limits.MAX_HITS]),
    ],
)
def test_a_limit_in_a_comment_is_the_limit(proto: str, message: str, field: str, figures: list[int]) -> None:
    source = next((PROTOS / proto / "v1").glob("*_service.proto")).read_text()
    body = re.search(rf"message {message} {{(.*?)\n}}", source, re.S)
    assert body is not None
    comment = re.search(rf"((?:  //.*\n)+)  [\w. ]+ {field} = \d+;", body[1])
    assert comment is not None
    assert [int(figure.replace(",", "")) for figure in re.findall(r"\d[\d,]*", comment[1])] == figures
