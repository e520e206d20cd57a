"""How the music index service is put together."""

from pathlib import Path
from typing import Any

import pytest

from ambiance.artifacts import MUSIC_INDEX
from music_index_service.application import pinned
from music_index_service.settings import MusicIndexSettings


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [({}, []), ({"artifact_version": 6}, [MUSIC_INDEX]), ({"engine": "milvus"}, [MUSIC_INDEX])],
)
def test_what_is_asked_for_and_what_milvus_holds_is_not_left_for_a_newer_version(
    settings: dict[str, Any], kinds: list[str]
) -> None:
    assert pinned(MusicIndexSettings(artifacts=Path("artifacts"), **settings)) == kinds
