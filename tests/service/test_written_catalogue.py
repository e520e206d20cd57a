"""Clips that are written to the real index service: what is answered, found, matched and refused."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from relay import relay

from ambiance import Client, ClipFilter, ClipInput, cli
from ambiance.affect import FACETS
from ambiance.errors import InvalidInputError, NotFoundError, PreconditionError
from ambiance.music.v1 import clip_input_pb2
from ambiance.music.v1 import music_index_service_pb2 as messages
from ambiance.music.v1.music_index_service_pb2_grpc import MusicIndexServiceStub
from ambiance.results import ShortfallReason, Vector
from ambiance.server.lifecycle import Application
from ambiance.write_results import WriteResult
from clip_inputs import bearing, clip, frames
from clusters import wait_until
from gateway.application import build
from gateway.settings import GatewaySettings
from music_index_service.application import load
from music_index_service.live.live_index import LiveIndex
from music_index_service.settings import MusicIndexSettings
from support import Serve
from text_encoders import RELEASED
from text_service.application import load as load_text
from text_service.settings import TextServiceSettings

# Corners of the unit cube that no released clip comes near.
HERE, THERE = (1.0, 1.0, 0.0), (0.0, 0.0, 1.0)


@pytest.fixture
def application(tmp_path: Path) -> Callable[[], Application]:
    """Load the service on a data folder of the test's."""
    return lambda: load(MusicIndexSettings(artifacts=RELEASED, data=tmp_path / "data"))


@pytest.fixture
def target(application: Callable[[], Application], serve: Serve) -> str:
    return serve(application()).target  # type: ignore[attr-defined, no-any-return]


@pytest.fixture
def client(target: str) -> Iterator[Client]:
    with Client(music_target=target) as client:
        yield client


@pytest.fixture
def stub(target: str) -> Iterator[MusicIndexServiceStub]:
    """For requests that the client wouldn't send."""
    with grpc.insecure_channel(target) as channel:
        yield MusicIndexServiceStub(channel)


def song(clip_id: str, vad: Sequence[float] = HERE, **fields: Any) -> ClipInput:
    return ClipInput(clip_id, facets=dict.fromkeys(FACETS, 0.5), vad=vad, **fields)


def outcomes(results: Sequence[WriteResult]) -> list[str]:
    return [str(result.outcome) for result in results]


def found(client: Client, index: str = "", k: int = 3, **options: Any) -> list[str]:
    [result] = client.search([Vector("vad", HERE)], k, index=index, **options)
    return [near.clip.id for near in result.neighbors]


def nearest(client: Client, place: Vector) -> str:
    return client.search([place], 1)[0].neighbors[0].clip.id


def released(client: Client) -> tuple[str, Vector]:
    """A released clip, and the place where it is the nearest."""
    vad = client.search([Vector("vad", (0.5, 0.5, 0.5))], 1)[0].neighbors[0].clip.vad
    place = Vector("vad", (vad.valence, vad.arousal, vad.dominance))
    return nearest(client, place), place


def sizes(client: Client) -> dict[str, int]:
    return {index.name: index.clip_count for index in client.list_indexes()}


def test_a_write_is_found_by_the_next_search_and_a_deletion_is_not(client: Client) -> None:
    for number in range(20):
        clip_id = f"song-{number}"
        assert outcomes(client.upsert_clips([song(clip_id)])) == ["created"]
        assert clip_id in found(client, k=100)
        assert client.get_clip(clip_id).id == clip_id
        if number % 2:
            assert outcomes(client.delete_clips([clip_id])) == ["deleted"]
            assert clip_id not in found(client, k=100)
            with pytest.raises(NotFoundError, match=clip_id):
                client.get_clip(clip_id)


def test_writers_at_once_find_their_own_writes(target: str) -> None:
    def write(writer: int) -> list[str]:
        with Client(music_target=target) as client:
            missed = []
            for number in range(10):
                client.upsert_clips([song(f"{writer}-{number}")])
                missed += {f"{writer}-{number}"} - set(found(client, k=200))
        return missed

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(write, range(8))) == [[]] * 8


def test_a_clip_comes_back_as_it_was_written(client: Client) -> None:
    attributes = {"tempo": 92.5, "licence": "CC-BY", "instrumental": True}
    written = song(
        "a",
        labels=["Lullaby", "Rock music"],
        start_seconds=1.5,
        end_seconds=9.0,
        title="Wiegenlied \N{SNOWMAN}",
        artist="Clara",
        album="Lieder",
        track_id="op-49-4",
        uri="https://example.org/a.ogg",
        duration_seconds=120.0,
        attributes=attributes,
    )
    client.upsert_clips([written])
    kept = client.get_clip("a")
    assert [each for each in client.list_clips(page_size=1000) if each.id == "a"] == [kept]
    told = kept.metadata
    assert (told.title, told.artist, told.album) == (written.title, "Clara", "Lieder")
    assert (told.track_id, told.uri, told.duration_seconds) == ("op-49-4", written.uri, 120.0)
    assert dict(told.attributes) == attributes
    assert (set(kept.labels), kept.start_seconds, kept.end_seconds) == (set(written.labels), 1.5, 9.0)
    assert (kept.vad.valence, kept.vad.arousal, kept.vad.dominance) == HERE
    assert {score.facet: score.score for score in kept.facets} == dict.fromkeys(FACETS, 0.5)
    assert kept.available
    assert outcomes(client.upsert_clips([song("a")])) == ["updated"]  # it is replaced as a whole
    assert (client.get_clip("a").metadata.title, client.get_clip("a").labels) == ("", ())


def asked(index: str, k: int) -> messages.FindNeighborsRequest:
    request = messages.FindNeighborsRequest()
    request.queries.add(space="vad", values=HERE)
    request.options.index, request.options.k = index, k
    return request


def test_filters_tell_written_clips_apart(client: Client, stub: MusicIndexServiceStub) -> None:
    client.create_index("songs")
    client.upsert_clips(
        [
            song("a", labels=["Lullaby"], attributes={"tempo": 60}),
            song("b", labels=["Rock music"], attributes={"tempo": 140}),
            song("c"),
        ],
        index="songs",
    )
    request = asked("songs", 3)
    request.options.filter.attributes.add(name="tempo", range={"most": 100})
    response = stub.FindNeighbors(request)
    assert [each.clip.id for each in response.results[0].neighbors] == ["a"]
    assert response.filter_effect.clip_count == 1
    assert found(client, "songs", filter=ClipFilter(labels=["rock music"])) == ["b"]
    assert found(client, "songs", filter=ClipFilter(without_clip_ids=["b"])) == ["a", "c"]


def test_an_index_of_ones_own_stands_beside_the_released_one(client: Client) -> None:
    made = client.create_index("songs")
    assert (made.created, made.index.writable, made.index.clip_count) == (True, True, 0)
    assert not client.create_index("songs").created
    assert found(client, "songs") == []
    client.upsert_clips([song("a"), song("b", THERE)], index="songs")
    assert found(client, "songs") == ["a", "b"]
    assert "a" not in found(client, k=100)
    assert sizes(client)["songs"] == 2
    assert sizes(client)["default"] > 10_000
    client.upsert_clips([song("a", THERE)])
    assert client.get_clip("a", index="songs").vad != client.get_clip("a").vad
    assert client.delete_index("songs") == 2
    with pytest.raises(NotFoundError, match="'songs'"):
        client.delete_index("songs")
    with pytest.raises(NotFoundError, match="'songs'"):
        client.upsert_clips([song("a")], index="songs")
    assert set(sizes(client)) == {"default"}
    client.create_index("songs")
    assert found(client, "songs") == []  # nothing of the one before


def test_what_is_written_is_there_after_a_restart(
    application: Callable[[], Application], serve: Serve
) -> None:
    first = application()
    with Client(music_target=serve(first).target) as client:  # type: ignore[attr-defined]
        gone, place = released(client)
        client.create_index("songs")
        client.upsert_clips([song("a"), song("b"), song("c")], index="songs")
        client.delete_clips(["b"], index="songs")
        client.report_unavailable(["c"], index="songs")
        client.delete_clips([gone])
        before = sizes(client)
        clips = list(client.list_clips(index="songs"))
    first.close()
    with Client(music_target=serve(application()).target) as client:  # type: ignore[attr-defined]
        assert sizes(client) == before
        assert list(client.list_clips(index="songs")) == clips
        assert [(each.id, each.available) for each in clips] == [("a", True), ("c", False)]
        assert found(client, "songs") == ["a"]
        assert nearest(client, place) != gone


def test_released_clips_are_replaced_deleted_and_marked(client: Client) -> None:
    clip_id, place = released(client)
    count = sizes(client)["default"]
    assert outcomes(client.report_unavailable([clip_id, "nobody's"])) == ["updated", "not_found"]
    assert outcomes(client.report_unavailable([clip_id])) == ["unchanged"]
    assert not client.get_clip(clip_id).available
    assert nearest(client, place) != clip_id
    assert outcomes(client.report_unavailable([clip_id], available=True)) == ["updated"]
    assert nearest(client, place) == clip_id
    assert outcomes(client.upsert_clips([song(clip_id)])) == ["updated"]
    assert nearest(client, place) != clip_id
    assert found(client, k=1) == [clip_id]
    assert outcomes(client.delete_clips([clip_id, clip_id])) == ["deleted", "deleted"]
    assert clip_id not in found(client, k=1000)
    assert outcomes(client.delete_clips([clip_id])) == ["not_found"]
    assert sizes(client)["default"] == count - 1
    with pytest.raises(PreconditionError, match="released"):
        client.delete_index("default")


def test_unavailable_clips_are_answered_to_who_asks_for_them(
    client: Client, stub: MusicIndexServiceStub
) -> None:
    client.create_index("songs")
    client.upsert_clips([song("a", title="A"), song("b", available=False)], index="songs")
    client.report_unavailable(["a"], index="songs")
    kept = client.get_clip("a", index="songs")
    assert (kept.available, kept.metadata.title) == (False, "A")
    request = asked("songs", 2)
    [answer] = stub.FindNeighbors(request).results
    assert not answer.neighbors
    assert answer.shortfall_reason == messages.SHORTFALL_REASON_TOO_FEW_AVAILABLE
    request.options.include_unavailable = True
    [answer] = stub.FindNeighbors(request).results
    assert [each.clip.id for each in answer.neighbors] == ["a", "b"]


def refused(results: Sequence[messages.WriteResult]) -> dict[str, str]:
    """Field and first words of what is wrong, of the clips that were refused."""
    return {
        violation.field: violation.description
        for result in results
        if result.outcome == messages.WRITE_OUTCOME_REFUSED
        for violation in result.violations
    }


def test_a_clip_that_is_refused_keeps_no_other_from_being_written(
    client: Client, stub: MusicIndexServiceStub
) -> None:
    client.create_index("songs")
    client.upsert_clips([song("first", attributes={"tempo": 90})], index="songs")
    wrong = {
        "clips[1].id": clip("white space"),
        "clips[2].labels[0]": clip("c", labels=["Lulaby"]),
        "clips[3].metadata.title": clip("d", metadata=bearing({}, title="x" * 10_000_000)),
        "clips[4].metadata.attributes['tempo']": clip("e", metadata=bearing({"tempo": "fast"})),
        "clips[5].end_seconds": clip("f", start_seconds=9, end_seconds=1),
        "clips[6].vggish_frames": clip("g", vggish_frames=b"x" * 127),
        "clips[7].youtube_id": clip("h", youtube_id="short"),
        "clips[8].facets[0].score": clip("i", facets=[{"facet": name, "score": 7} for name in FACETS]),
        "clips[9]": clip_input_pb2.ClipInput(id="j", vad={"valence": 0.5}),
        "clips[10].id": clip("twice", youtube_id="aaaaaaaaaaa"),
    }
    good = [clip("a", vggish_frames=frames(4)), clip("twice", youtube_id="bbbbbbbbbbb"), clip("z")]
    request = messages.UpsertClipsRequest(index="songs", clips=[good[0], *wrong.values(), *good[1:]])
    response = stub.UpsertClips(request)
    assert [result.clip_id for result in response.results] == [each.id for each in request.clips]
    found_wrong = refused(response.results)
    assert found_wrong.keys() >= wrong.keys(), found_wrong
    assert max(map(len, found_wrong.values())) < 500
    refused_count = sum(each.outcome == messages.WRITE_OUTCOME_REFUSED for each in response.results)
    assert refused_count == len(wrong)
    assert [each.id for each in client.list_clips(index="songs")] == ["a", "first", "twice", "z"]
    assert client.get_clip("twice", index="songs").youtube_id == "bbbbbbbbbbb"


def test_requests_that_can_not_be_met_are_refused_as_a_whole(
    client: Client, stub: MusicIndexServiceStub
) -> None:
    for name in ("", "Songs", "9lives", "x" * 65, "..", "a/b", "a b"):
        with pytest.raises(InvalidInputError, match=r"^name: "):
            client.create_index(name)
    clips = [clip(f"{i}") for i in range(1_001)]
    calls = [
        (lambda: stub.UpsertClips(messages.UpsertClipsRequest()), "clips: "),
        (lambda: stub.UpsertClips(messages.UpsertClipsRequest(clips=clips)), "clips: .* 1,000, got 1,001"),
        (lambda: stub.DeleteClips(messages.DeleteClipsRequest()), "clip_ids: "),
        (lambda: stub.ReportUnavailable(messages.ReportUnavailableRequest()), "clip_ids: "),
        (lambda: stub.DeleteIndex(messages.DeleteIndexRequest()), "name: is required"),
    ]
    for call, told in calls:
        with pytest.raises(grpc.RpcError, match=told) as error:
            call()
        assert error.value.code() is grpc.StatusCode.INVALID_ARGUMENT  # type: ignore[attr-defined]
    with pytest.raises(NotFoundError, match="'nowhere'; loaded: default"):
        client.upsert_clips([song("a")], index="nowhere")


def test_the_same_again_changes_nothing(client: Client, stub: MusicIndexServiceStub) -> None:
    client.create_index("songs")
    first = [clip("a"), clip("b", vggish_frames=frames(3))]
    request = messages.UpsertClipsRequest(index="songs", clips=first)
    assert stub.UpsertClips(request).sequence == 1
    again = stub.UpsertClips(request)
    assert {each.outcome for each in again.results} == {messages.WRITE_OUTCOME_UNCHANGED}
    assert again.sequence == 1
    gone = messages.DeleteClipsRequest(index="songs", clip_ids=["a", "x"])
    assert stub.DeleteClips(gone).sequence == 2
    assert stub.DeleteClips(gone).sequence == 2
    [index] = [
        index for index in stub.ListIndexes(messages.ListIndexesRequest()).indexes if index.name == "songs"
    ]
    assert (index.sequence, index.clip_count) == (2, 1)


@pytest.fixture
def lose_answers(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, int], AbstractContextManager[Client]]:
    """A client whose connection breaks each time that a method of an index has written, before it answers."""

    @contextmanager
    def lose(method: str, times: int) -> Iterator[Client]:
        with relay(target) as between, Client(music_target=between.target) as client:
            write, left = getattr(LiveIndex, method), [None] * times

            def write_and_break(index: LiveIndex, *arguments: Any) -> Any:
                answer = write(index, *arguments)
                if left:
                    left.pop()
                    between.drop()
                return answer

            monkeypatch.setattr(LiveIndex, method, write_and_break)
            yield client
            assert not left

    return lose


def test_a_write_whose_answer_is_lost_is_repeated_and_not_doubled(
    client: Client, lose_answers: Callable[[str, int], AbstractContextManager[Client]]
) -> None:
    client.create_index("songs")
    with lose_answers("upsert", 2) as losing:
        assert outcomes(losing.upsert_clips([song("a"), song("b")], index="songs")) == ["unchanged"] * 2
    assert sequence(client) == 1
    with lose_answers("set_available", 2) as losing:
        assert outcomes(losing.report_unavailable(["a"], index="songs")) == ["unchanged"]
    assert sequence(client) == 2
    with lose_answers("delete", 2) as losing:  # as documented: it tells of what it found the second time
        assert outcomes(losing.delete_clips(["a"], index="songs")) == ["not_found"]
    assert sequence(client) == 3
    assert [each.id for each in client.list_clips(index="songs")] == ["b"]


def sequence(client: Client) -> int:
    return next(index.sequence for index in client.list_indexes() if index.name == "songs")


def test_without_a_data_folder_nothing_is_written(serve: Serve) -> None:
    target = serve(load(MusicIndexSettings(artifacts=RELEASED))).target  # type: ignore[attr-defined]
    with Client(music_target=target) as client:
        calls: list[Callable[[], object]] = [
            lambda: client.create_index("songs"),
            lambda: client.delete_index("songs"),
            lambda: client.upsert_clips([song("a")]),
            lambda: client.delete_clips(["a"]),
            lambda: client.report_unavailable(["a"]),
        ]
        for call in calls:
            with pytest.raises(PreconditionError, match="--data"):
                call()
        assert not client.list_indexes()[0].writable


def test_a_text_is_matched_with_music_of_ones_own_through_the_gateway(
    client: Client, target: str, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    client.create_index("songs")
    facets = dict.fromkeys(FACETS, 0.02)
    songs = [ClipInput(name, facets=facets | {name: 0.95}, title=name.title()) for name in FACETS]
    assert outcomes(client.upsert_clips(songs, index="songs")) == ["created"] * len(songs)
    text = serve(load_text(TextServiceSettings(artifacts=RELEASED))).target  # type: ignore[attr-defined]
    settings = GatewaySettings(text_target=text, music_target=target, health_seconds=0.05)
    gateway = serve(build(settings)).target  # type: ignore[attr-defined]
    with Client(gateway, text_target=text) as asking:
        asking.encode(["hello"], deadline_s=60)  # loads what tells languages apart
        wait_until(lambda: bool(asking.match("hello", 1).neighbors))
        client.delete_clips([songs[0].id], index="songs")
        result = asking.match("I want something calm and quiet to fall asleep", 20, index="songs")
        assert {near.clip.id for near in result.neighbors} == {each.id for each in songs[1:]}
        assert result.shortfall_reason is ShortfallReason.CATALOG_SMALLER_THAN_K
    words = ["match", "--target", gateway, "--index", "songs", "--json", "-k", "2"]
    assert cli.main([*words, "a peaceful evening by the lake"]) == cli.EXIT_OK
    answer = json.loads(capsys.readouterr().out)
    titles = {each.id: each.title for each in songs}
    assert [titles[each["id"]] for each in answer["clips"]] == [
        each["metadata"]["title"] for each in answer["clips"]
    ]
    assert len(answer["clips"]) == 2
