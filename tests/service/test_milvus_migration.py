"""`ambiance migrate`: an index goes from a folder to Milvus and back, whole, or it is said what differs."""
# ruff: noqa: E402

import json
from pathlib import Path

import pytest

from milvus_servers import LocalMilvus, require_milvus

require_milvus()

from milvus_clips import ARTIFACTS, metadata, model, own_clip, released
from music_index_service.live.live_index import ATTRIBUTE_TYPES
from music_index_service.migrate.__main__ import main
from music_index_service.milvus.indexes import MilvusIndexes
from music_index_service.milvus.server import Server
from music_index_service.store.store import Change, State, Store


def move(source: str, target: str, index: str) -> int:
    return main(["--from", source, "--to", target, "--index", index, "--artifacts", str(ARTIFACTS)])


def written(number: int, seed: int) -> Change:
    known = metadata({"n": float(seed), "of": '"us"'}, title=f"日本{seed}")
    clip = own_clip(f"clip-{number}", seed, metadata=known)
    return Change(clip.id, State.WRITTEN, clip.SerializeToString(deterministic=True))


def held(path: Path) -> list[tuple[str, State, bytes]]:
    with Store.open(path) as store:
        return sorted((kept.clip_id, kept.state, kept.document) for kept in store.since(-1))


@pytest.mark.parametrize("index", ["own", "default"])
def test_an_index_comes_back_as_it_went(
    index: str, milvus: LocalMilvus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "data" / index / "clips.sqlite"
    with Store.open(path) as store:
        store.commit(
            [written(number, number) for number in range(1_200)], {ATTRIBUTE_TYPES: '{"n": "number"}'}
        )
        store.commit([written(3, 9), Change("clip-4", State.DELETED)])
        if index == "default":
            ids = [released().catalog.clip_id(row) for row in range(3)]
            store.commit([Change(ids[0], State.DELETED), Change(ids[1], State.UNAVAILABLE)])
    before, place = held(path), f"milvus:{milvus.uri}"

    assert move(f"data:{tmp_path / 'data'}", place, index) == 0
    assert f"{index}: both ends hold 1,199 clips, " in capsys.readouterr().out
    indexes = MilvusIndexes(Server(milvus.uri), model())
    there = indexes.open(index)
    assert len(there) == 1_199 + (len(released()) - 1 if index == "default" else 0)
    assert there.get(["clip-4"]) == [None]
    if index == "default":
        assert there.get([ids[0]]) == [None]
        assert not there.is_available(there.handle_of(ids[1]))

    assert move(f"data:{tmp_path / 'data'}", place, index) == 0, "what was carried over is left as it is"
    assert move(place, f"data:{tmp_path / 'back'}", index) == 0
    assert held(tmp_path / "back" / index / "clips.sqlite") == before
    with Store.open(tmp_path / "back" / index / "clips.sqlite") as store:
        assert json.loads(store.setting(ATTRIBUTE_TYPES) or "")["n"] == "number"

    there.delete(["clip-5"])
    assert move(f"data:{tmp_path / 'data'}", place, index) == 1
    assert "the target holds something already: 1,198 clips" in capsys.readouterr().err
    indexes.server.close()


def test_what_is_not_there_is_named(
    milvus: LocalMilvus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert move(f"data:{tmp_path}", f"milvus:{milvus.uri}", "nobody") == 1
    assert "no 'nobody' in" in capsys.readouterr().err
    assert move(f"milvus:{milvus.uri}", f"data:{tmp_path}", "nobody") == 1
    assert f"no 'nobody' in Milvus at {milvus.uri}" in capsys.readouterr().err
    assert move("milvus:http://127.0.0.1:1", f"data:{tmp_path}", "any") == 1
    assert "Milvus at http://127.0.0.1:1 doesn't answer" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SystemExit):
        move("folder", f"data:{tmp_path}", "any")
