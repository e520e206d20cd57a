"""Clips that are written: completed by what they bring, or refused with every reason, each by itself."""

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from hypothesis import given, settings
from hypothesis import strategies as st

from ambiance import artifacts, limits
from ambiance.affect import FACETS, MOODS
from ambiance.errors import ArtifactError
from ambiance.index_format.label_hierarchy import LABEL_HIERARCHY_FILE
from ambiance.music.v1.clip_input_pb2 import ClipInput
from ambiance.music.v1.clip_pb2 import ClipMetadata
from ambiance.placement import EncodedClips
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from clip_inputs import bearing, clip, facets, frames, load_preparation, moods
from music_index_service.preparation.clip_encoder import ClipEncoder
from music_index_service.preparation.features import quantise
from music_index_service.preparation.preparation import ClipPreparation, attribute_types
from text_encoders import RELEASED

shared_preparation = cache(load_preparation)


@pytest.fixture(scope="module")
def preparation() -> ClipPreparation:
    return shared_preparation()


def one(preparation: ClipPreparation, written: ClipInput, **types: str) -> StoredClip:
    (prepared,) = preparation.prepare([written], types)
    assert isinstance(prepared, StoredClip), prepared
    return prepared


def refused(preparation: ClipPreparation, written: ClipInput, **types: str) -> list[str]:
    (prepared,) = preparation.prepare([written], types)
    assert isinstance(prepared, list)
    return [str(violation) for violation in prepared]


def heard(stored: StoredClip) -> EncodedClips:
    return EncodedClips.unpacked([stored.heard])


def test_a_clip_of_facets_is_completed(preparation: ClipPreparation) -> None:
    sad = facets([0.3, 0.3, 0.02, 0.02, 0.9, 0.3, 0.05, 0.02, 0.02, 0.02, 0.05, 0.1])
    told = heard(one(preparation, clip(facets=sad)))
    np.testing.assert_array_equal(told.facets[0], np.array([each["score"] for each in sad], np.float32))
    assert MOODS.names[told.moods[0].argmax()] == "sad"
    assert told.moods.sum() == pytest.approx(1, abs=1e-5)
    assert told.vad[0, 0] < 0.45  # unpleasant
    assert told.vad[0, 1] < 0.45  # calm
    assert not told.traits.any()
    assert not told.timbre.any()


def test_a_clip_of_moods_is_completed(preparation: ClipPreparation) -> None:
    written = clip(facets=[], moods=moods([0.02, 0.02, 0.02, 0.02, 0.02, 0.88, 0.02]))
    told = heard(one(preparation, written))
    assert told.moods[0, 5] == np.float32(0.88)
    assert FACETS[told.facets[0].argmax()] in ("aggressive", "energetic")
    assert told.vad[0, 1] > 0.6  # excited


def test_what_is_given_is_kept_and_the_rest_is_heard(preparation: ClipPreparation) -> None:
    told = heard(one(preparation, clip(facets=[], vggish_frames=frames(10))))
    given = {"valence": 0.125, "arousal": 0.25, "dominance": 0.5}
    traits = [{"facet": name, "score": 0.25} for name in ("vocal", "speech", "low_quality")]
    written = clip(vggish_frames=frames(10), moods=moods(), vad=given, traits=traits)
    kept = heard(one(preparation, written))
    assert kept.vad[0].tolist() == list(given.values())
    assert kept.traits[0].tolist() == [0.25] * 3
    assert kept.facets[0].tolist() == [0.5] * 12
    np.testing.assert_allclose(kept.moods[0], [each["score"] for each in moods()], rtol=1e-6)
    np.testing.assert_array_equal(kept.timbre, told.timbre)
    assert np.linalg.norm(told.timbre) == pytest.approx(1, abs=1e-5)


def test_features_are_heard_as_the_released_encoder_hears_them(preparation: ClipPreparation) -> None:
    clips = [
        clip(f"c{i}", facets=[], vggish_frames=frames(count, i)) for i, count in enumerate((10, 1, 7, 35))
    ]
    prepared = preparation.prepare(clips, {})
    model = artifacts.load(RELEASED, artifacts.MUSIC_ENCODER).file("model.tflite")
    encode = Interpreter(model_path=str(model)).get_signature_runner("encode")
    for written, stored in zip(clips[:3], prepared, strict=False):
        assert isinstance(stored, StoredClip)
        count = len(written.vggish_frames) // 128
        window = np.zeros((1, 10, 128), np.uint8)
        window[0, :count] = np.frombuffer(written.vggish_frames, np.uint8).reshape(count, 128)
        expected = encode(frames=window, frame_counts=np.array([count], np.int32))
        for name, values in vars(heard(stored)).items():
            np.testing.assert_allclose(values, expected[name], atol=2e-5, err_msg=name)


def test_numbers_are_quantised_as_published(preparation: ClipPreparation) -> None:
    levels = np.arange(256, dtype=np.uint8)
    back = (levels * np.float32(4 / 255) - np.float32(2)).astype(np.float32)
    np.testing.assert_array_equal(quantise(back.astype(np.float64)), levels)
    assert quantise(np.array([-3, -2, 0.0, 1.999, 2, 9])).tolist() == [0, 0, 127, 254, 255, 255]
    raw = frames(25)
    numbers = np.frombuffer(raw, np.uint8) * np.float32(4 / 255) - np.float32(2)
    as_bytes = one(preparation, clip(facets=[], vggish_frames=raw))
    as_numbers = one(preparation, clip(facets=[], vggish_embedding=numbers.tolist()))
    assert as_numbers == as_bytes


def test_labels_are_written_as_the_release_writes_them(preparation: ClipPreparation) -> None:
    stored = one(preparation, clip(labels=["sad MUSIC", "Music", " Jazz ", "Sad music"]))
    assert list(stored.labels) == ["Music", "Jazz", "Sad music"]


@pytest.mark.parametrize(
    ("fields", "listenable"),
    [
        ({}, True),
        ({"labels": ["Music", "Quack"]}, False),
        ({"labels": ["Music", "Quack"], "listenable": True}, True),
        ({"listenable": False}, False),
        ({"traits": [("vocal", 0.5), ("speech", 0.7), ("low_quality", 0)]}, False),
        ({"labels": ["Speech"], "traits": [("vocal", 0.5), ("speech", 0.4), ("low_quality", 0)]}, False),
        ({"traits": [("vocal", 0.5), ("speech", 0.4), ("low_quality", 0)]}, True),
    ],
)
def test_listenability_is_that_of_released_clips(
    preparation: ClipPreparation, fields: dict[str, Any], listenable: bool
) -> None:
    if "traits" in fields:
        fields = fields | {"traits": [{"facet": name, "score": score} for name, score in fields["traits"]]}
    assert one(preparation, clip(**fields)).listenable is listenable


def test_everything_else_is_kept(preparation: ClipPreparation) -> None:
    metadata = bearing(
        {"year": 1999, "live": True, "mood.of-day": "late"}, title="Ä\n♪", uri="spotify:track:1"
    )
    written = clip(youtube_id="ndjLkbP6Y9Y", start_seconds=1.5, end_seconds=9, metadata=metadata)
    stored = one(preparation, written)
    assert (stored.id, stored.youtube_id) == ("mine", "ndjLkbP6Y9Y")
    assert (stored.start_seconds, stored.end_seconds) == (1.5, 9)
    assert stored.available
    assert stored.metadata == metadata
    assert attribute_types(stored) == {"year": "number", "live": "flag", "mood.of-day": "text"}
    assert not one(preparation, clip(available=False)).available
    assert not one(preparation, clip(metadata=ClipMetadata())).HasField("metadata")


def vad(**axes: float) -> dict[str, float]:
    return {"valence": 0.5, "arousal": 0.5, "dominance": 0.5} | axes


MANY = 128 * (limits.MAX_CLIP_FRAMES + 1)


@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        ({"clip_id": ""}, ["clips[0].id: is required"]),
        ({"clip_id": "x" * 129}, ["clips[0].id: at most 128 characters, got 129"]),
        ({"clip_id": "a b"}, ["clips[0].id: no white space and no control character, got 'a b'"]),
        ({"clip_id": "a\x07"}, ["clips[0].id: no white space and no control character, got 'a\\x07'"]),
        ({"youtube_id": "short"}, ["clips[0].youtube_id: 11 characters of A-Z, a-z, 0-9, - and _, or none"]),
        ({"start_seconds": -1}, ["clips[0].start_seconds: finite, at least 0, got -1"]),
        ({"start_seconds": math.nan}, ["clips[0].start_seconds: finite, at least 0, got nan"]),
        (
            {"end_seconds": math.inf},
            ["clips[0].end_seconds: above start_seconds, 0, or 0 if unknown, got inf"],
        ),
        ({"start_seconds": 9, "end_seconds": 9}, ["clips[0].end_seconds: above start_seconds, 9, or 0"]),
        (
            {"labels": ["Rock musik"]},
            ["clips[0].labels[0]: unknown: 'Rock musik'; the closest: 'Rock music'"],
        ),
        ({"labels": ["Music", ""]}, ["clips[0].labels[1]: unknown: ''"]),
        (
            {"labels": ["Human voice"]},
            ["clips[0].labels[0]: 'Human voice' stands for those below it alone, as"],
        ),
        ({"labels": ["Music"] * 101}, ["clips[0].labels: at most 100, got 101"]),
        ({"facets": []}, ["clips[0]: needs vggish_frames, vggish_embedding, facets or moods"]),
        (
            {"facets": [], "vad": vad()},
            ["clips[0]: needs vggish_frames, vggish_embedding, facets or moods; vad"],
        ),
        ({"facets": facets()[:-1]}, ["clips[0].facets: all 12 or none, lacks spiritual"]),
        ({"facets": facets() * 2}, ["clips[0].facets: 12, each once, got 24"]),
        (
            {"facets": [*facets()[:-1], {"facet": "Calm", "score": 1}]},
            [
                "clips[0].facets[11].facet: calm stands twice",
                "clips[0].facets: all 12 or none, lacks spiritual",
            ],
        ),
        (
            {"facets": [{"facet": "groovy", "score": 1}, *facets()[1:]]},
            ["clips[0].facets[0].facet: one of calm, tender,", "clips[0].facets: all 12 or none, lacks calm"],
        ),
        ({"facets": facets([0.5] * 11 + [1.01])}, ["clips[0].facets[11].score: 0 to 1, got 1.01"]),
        ({"facets": facets([math.nan, *[0.5] * 11])}, ["clips[0].facets[0].score: 0 to 1, got nan"]),
        ({"facets": facets([-math.inf, *[0.5] * 11])}, ["clips[0].facets[0].score: 0 to 1, got -inf"]),
        ({"moods": moods([0.5] * 7)}, ["clips[0].moods: sum to 1 within 0.001, got 3.5"]),
        ({"moods": moods([0.0] * 7)}, ["clips[0].moods: sum to 1 within 0.001, got 0"]),
        ({"moods": moods()[1:]}, ["clips[0].moods: all 7 or none, lacks happy"]),
        (
            {"traits": [{"facet": "vocal", "score": 1}]},
            ["clips[0].traits: all 3 or none, lacks speech, low_q"],
        ),
        ({"vad": vad(arousal=1.5)}, ["clips[0].vad.arousal: 0 to 1, got 1.5"]),
        ({"vad": vad(valence=math.nan)}, ["clips[0].vad.valence: 0 to 1, got nan"]),
        (
            {"vggish_frames": bytes(100)},
            ["clips[0].vggish_frames: 128 bytes for each frame, got 100, no multiple"],
        ),
        ({"vggish_frames": bytes(MANY)}, ["clips[0].vggish_frames: at most 600 frames, got 601"]),
        ({"vggish_embedding": [0] * 100}, ["clips[0].vggish_embedding: 128 numbers for each frame, got 100"]),
        ({"vggish_embedding": [0] * MANY}, ["clips[0].vggish_embedding: at most 600 frames, got 601"]),
        (
            {"vggish_embedding": [0] * 127 + [math.nan]},
            ["clips[0].vggish_embedding[127]: a finite number, got nan"],
        ),
        (
            {"vggish_frames": bytes(128), "vggish_embedding": [0] * 128},
            ["clips[0].vggish_embedding: may not be given beside vggish_frames"],
        ),
        (
            {"metadata": {"title": "x" * 1001}},
            ["clips[0].metadata.title: at most 1,000 characters, got 1,001"],
        ),
        (
            {"metadata": {"title": "x" * 10_000_000}},
            ["clips[0].metadata.title: at most 1,000 characters, got 10,"],
        ),
        (
            {"metadata": {"artist": "a\x00"}},
            ["clips[0].metadata.artist: control character U+0000 at character 1"],
        ),
        (
            {"metadata": {"album": "\x9f"}},
            ["clips[0].metadata.album: control character U+009F at character 0"],
        ),
        ({"metadata": {"track_id": "x" * 1001}}, ["clips[0].metadata.track_id: at most 1,000 characters"]),
        (
            {"metadata": {"uri": "no scheme"}},
            ["clips[0].metadata.uri: an absolute URI, as https://example.org/"],
        ),
        ({"metadata": {"uri": "/song"}}, ["clips[0].metadata.uri: an absolute URI"]),
        (
            {"metadata": {"uri": "http:" + "x" * 1996}},
            ["clips[0].metadata.uri: at most 2,000 characters, got 2,001"],
        ),
        ({"metadata": {"thumbnail_uri": "http://a b"}}, ["clips[0].metadata.thumbnail_uri: an absolute URI"]),
        (
            {"metadata": {"duration_seconds": -1}},
            ["clips[0].metadata.duration_seconds: finite, at least 0, got -1"],
        ),
        (
            {"metadata": bearing({"": 1})},
            ["clips[0].metadata.attributes['']: the name needs 1 to 64 letters"],
        ),
        ({"metadata": bearing({"a b": 1})}, ["clips[0].metadata.attributes['a b']: the name needs 1 to 64"]),
        ({"metadata": bearing({"x" * 65: 1})}, ["clips[0].metadata.attributes['xxxx"]),
        ({"metadata": bearing({"title": "x"})}, ["clips[0].metadata.attributes['title']: the name is taken"]),
        ({"metadata": {"attributes": {"n": {}}}}, ["clips[0].metadata.attributes['n']: a value is required"]),
        (
            {"metadata": bearing({"n": math.inf})},
            ["clips[0].metadata.attributes['n'].number: a finite number"],
        ),
        (
            {"metadata": bearing({"year": "1999"})},
            ["clips[0].metadata.attributes['year']: is of type number in"],
        ),
        (
            {"metadata": bearing({"year": math.nan})},
            ["clips[0].metadata.attributes['year'].number: a finite"],
        ),
        (
            {"metadata": bearing({"t": "x" * 1001})},
            ["clips[0].metadata.attributes['t'].text: at most 1,000 char"],
        ),
        (
            {"metadata": bearing({"genre": "\x00"})},
            ["clips[0].metadata.attributes['genre'].text: control char"],
        ),
        (
            {"metadata": bearing({f"n{i}": i for i in range(33)})},
            ["clips[0].metadata.attributes: at most 32, got 33"],
        ),
        (
            {"clip_id": "", "labels": ["Rock musik"], "facets": []},
            ["clips[0].id: is required", "clips[0].labels[0]: unknown", "clips[0]: needs vggish_frames"],
        ),
    ],
)
def test_what_is_wrong_is_named(
    preparation: ClipPreparation, fields: dict[str, Any], reasons: list[str]
) -> None:
    found = refused(preparation, clip(**fields), year="number", genre="text")
    assert len(found) == len(reasons), found
    for complaint, reason in zip(found, reasons, strict=True):
        assert complaint.startswith(reason), found
        assert len(complaint) < 400


def test_a_clip_lists_eight_offences_and_counts_the_rest(preparation: ClipPreparation) -> None:
    found = refused(preparation, clip(labels=[f"nonsense {i}" for i in range(100)]))
    assert len(found) == 8
    assert found[-1].endswith("(and 92 more violations)")


@pytest.mark.parametrize(
    "make",
    [
        lambda: clip("x" * limits.MAX_CLIP_ID_CHARACTERS),
        lambda: clip("é♪/1@x"),
        lambda: clip(labels=["Music"] * limits.MAX_CLIP_LABELS),
        lambda: clip(facets=[], vggish_frames=frames(limits.MAX_CLIP_FRAMES)),
        lambda: clip(facets=[], vggish_embedding=[1e30] * 128),
        lambda: clip(facets=facets([0] * 6 + [1] * 6), moods=moods([1, 0, 0, 0, 0, 0, 0])),
        lambda: clip(facets=facets()[::-1], moods=moods()[::-1]),
        lambda: clip(facets=[{"facet": each["facet"].upper(), "score": 0.5} for each in facets()]),
        lambda: clip(
            metadata=bearing({f"{i}": i for i in range(32)}, title="x" * 1000, uri="a:" + "x" * 1998)
        ),
        lambda: clip(metadata=bearing({"x" * 64: "x" * 1000, "n": 2.0**53, "Title": "x"})),
    ],
)
def test_what_is_just_within_the_limits_is_taken(
    preparation: ClipPreparation, make: Callable[[], ClipInput]
) -> None:
    assert np.isfinite(heard(one(preparation, make())).matrix()).all()


def test_of_several_clips_of_one_id_the_last_is_taken(preparation: ClipPreparation) -> None:
    first, middle, last = preparation.prepare([clip("a"), clip("b"), clip("a", labels=["Music"])], {})
    assert isinstance(first, list)
    assert str(first[0]) == "clips[0].id: 'a' stands again in clips[2]; the last of them counts"
    assert isinstance(middle, StoredClip)
    assert isinstance(last, StoredClip)
    assert list(last.labels) == ["Music"]


def test_unknown_labels_take_no_longer_the_more_and_the_longer_they_are(preparation: ClipPreparation) -> None:
    batch = [clip(f"{i}", labels=[f"rok musik {i}", "x y " * 50_000]) for i in range(300)]
    start = time.process_time()
    prepared = preparation.prepare(batch, {})
    assert time.process_time() - start < 2
    assert all(isinstance(each, list) and len(each) == 2 for each in prepared)
    suggested = [each for each in prepared if isinstance(each, list) and "closest" in str(each[0])]
    assert 1 <= len(suggested) <= 10


def test_threads_take_turns_at_the_encoder(preparation: ClipPreparation) -> None:
    batches = [
        [clip(f"{i}", facets=[], vggish_frames=frames(1 + (i + seed) % 23, i)) for i in range(40)]
        for seed in range(6)
    ]
    expected = [preparation.prepare(batch, {}) for batch in batches]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda batch: preparation.prepare(batch, {}), batches)) == expected


def test_a_new_attribute_has_the_type_of_the_first_clip_that_is_taken(preparation: ClipPreparation) -> None:
    batch = [
        clip("bad", labels=["nonsense"], metadata=bearing({"key": True})),
        clip("number", metadata=bearing({"key": 5})),
        clip("text", metadata=bearing({"key": "C"})),
        clip("again", metadata=bearing({"key": 7})),
    ]
    bad, number, text, again = preparation.prepare(batch, {})
    assert isinstance(bad, list)
    assert isinstance(number, StoredClip)
    assert isinstance(again, StoredClip)
    assert isinstance(text, list)
    path = "clips[2].metadata.attributes['key']"
    assert [str(each) for each in text] == [f"{path}: is of type number in this index, got text"]


def test_a_bad_clip_spoils_no_other(preparation: ClipPreparation) -> None:
    good = [clip("a"), clip("b", facets=[], vggish_frames=frames(13)), clip("c", facets=[], moods=moods())]
    bad = [
        clip("d", facets=[], vggish_frames=bytes(100)),
        clip("e", facets=facets([math.nan] * 12)),
        clip("f", facets=[], vggish_embedding=[math.nan] * 128),
    ]
    mixed = [each for pair in zip(bad, good, strict=True) for each in pair]
    prepared = preparation.prepare(mixed, {})
    assert all(isinstance(each, list) for each in prepared[::2])
    assert prepared[1::2] == preparation.prepare(good, {})
    assert preparation.prepare([], {}) == []


def test_without_the_encoder_features_are_refused_and_all_else_is_taken() -> None:
    preparation = load_preparation(encoder=False)
    for field, values in (("vggish_frames", frames(1)), ("vggish_embedding", [0.0] * 128)):
        found = refused(preparation, clip(facets=[], **{field: values}))
        assert found == [f"clips[0].{field}: needs the release's music encoder, which isn't here"]
    assert one(preparation, clip()).id == "mine"


def test_it_loads_beside_a_release_and_not_from_one_that_is_too_old(tmp_path: Any) -> None:
    index = artifacts.load(RELEASED, artifacts.MUSIC_INDEX)
    labels = load_preparation(encoder=False)._labels._hierarchy
    whole = ClipPreparation.load(index, RELEASED, labels)
    assert whole is not None
    assert one(whole, clip(facets=[], vggish_frames=frames(1))).id == "mine"
    alone = ClipPreparation.load(index, tmp_path, labels)  # the index without its encoder
    assert alone is not None
    assert refused(alone, clip(facets=[], vggish_frames=frames(1)))
    kept = [entry for entry in index.manifest.files if entry.path in (LABEL_HIERARCHY_FILE, "catalog.arrow")]
    old = artifacts.Artifact(index.path, index.manifest.model_copy(update={"files": kept}))
    assert ClipPreparation.load(old, RELEASED, labels) is None


def test_a_model_that_is_no_music_encoder_is_refused() -> None:
    text = artifacts.load(RELEASED, artifacts.TEXT_ENCODER)
    with pytest.raises(ArtifactError, match=r"model\.tflite: "):
        ClipEncoder(text)


SCORES = st.floats(width=32) | st.floats(0, 1, width=32)
NAMES = st.sampled_from([*FACETS, *MOODS.names, "vocal", "speech", "low_quality", "Calm", "", "x"])
TEXTS = st.text(max_size=12) | st.sampled_from(["x" * 1001, "https://example.org/a", "a\x00b", "ok"])
VALUES = st.one_of(
    st.builds(dict),
    st.builds(dict, text=TEXTS),
    st.builds(dict, number=st.floats()),
    st.builds(dict, flag=st.booleans()),
)
SCORED = st.one_of(
    st.just([]),
    st.lists(SCORES, min_size=12, max_size=12).map(facets),
    st.lists(st.builds(dict, facet=NAMES, score=SCORES), max_size=14),
)
INPUTS = st.builds(
    ClipInput,
    id=st.sampled_from(["a", "b", "c"]) | TEXTS,
    youtube_id=st.sampled_from(["", "ndjLkbP6Y9Y", "short"]),
    start_seconds=SCORES,
    end_seconds=SCORES,
    labels=st.lists(st.sampled_from(["Music", "jazz", "Human voice", "Quack", "nonsense", ""]), max_size=3),
    vggish_frames=st.sampled_from([b"", b"", bytes(128), frames(3), frames(21), bytes(5)]),
    vggish_embedding=st.sampled_from([[], [], [0.0] * 128, [math.inf] * 128, [1.0]]),
    facets=SCORED,
    moods=st.one_of(
        st.just([]),
        st.permutations(moods()),
        st.lists(st.builds(dict, mood=NAMES, score=SCORES), max_size=8),
    ),
    traits=st.lists(st.builds(dict, facet=NAMES, score=SCORES), max_size=4),
    vad=st.none() | st.builds(dict, valence=SCORES, arousal=SCORES, dominance=SCORES),
    metadata=st.none()
    | st.builds(
        dict,
        title=TEXTS,
        uri=TEXTS,
        duration_seconds=SCORES,
        attributes=st.dictionaries(
            st.sampled_from(["key", "year", "title", "a b", "x" * 65]), VALUES, max_size=3
        ),
    ),
)


@settings(max_examples=150)
@given(st.lists(INPUTS, max_size=6))
def test_anything_is_completed_or_refused_by_field(batch: list[ClipInput]) -> None:
    prepared = shared_preparation().prepare(batch, {"year": "number"})
    assert len(prepared) == len(batch)
    for i, (written, result) in enumerate(zip(batch, prepared, strict=True)):
        if isinstance(result, StoredClip):
            assert result.id == written.id
            told = heard(result)
            for name in ("moods", "facets", "traits", "vad"):
                assert ((getattr(told, name) >= 0) & (getattr(told, name) <= 1)).all()
            assert told.moods.sum() == pytest.approx(1, abs=2e-3)
            assert np.linalg.norm(told.timbre) < 1.001
            assert StoredClip.FromString(result.SerializeToString()) == result
        else:
            assert 1 <= len(result) <= 8
            assert all(each.field.startswith(f"clips[{i}]") and each.description for each in result)
