"""music_index_service.clip_catalog and loading: an artifact is read exactly, or refused with a reason."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pyarrow as pa
import pytest

from ambiance import artifacts
from ambiance.affect import FACETS, MOODS, TRAITS
from ambiance.errors import ArtifactError
from ambiance.limits import MAX_CLIP_IDS, MAX_K, MAX_QUERIES, MAX_REQUEST_BYTES
from ambiance.music.v1.music_index_service_pb2 import BatchGetClipsRequest, FindNeighborsRequest
from ambiance.type.v1.space_pb2 import Vector
from music_index_service.application import load
from music_index_service.clip_catalog import Clip, ClipCatalog
from music_index_service.loading import load_index
from music_index_service.settings import MusicIndexSettings

METADATA = {
    "format": "ambiance.music_catalog",
    "format_version": "2",
    "mood_names": ",".join(MOODS.names),
    "vad_axes": "valence,arousal,dominance",
    "facet_names": "calm,tender,happy,playful,sad,nostalgic,"
    "eerie,aggressive,energetic,epic,hopeful,spiritual",
    "trait_names": "vocal,speech,low_quality",
}
NAMES = pa.list_(pa.dictionary(pa.int16(), pa.utf8()))


def ranked(*scores: float) -> tuple[tuple[str, float], ...]:
    """Every facet by descending score, those first that are given, in the order of FACETS; the rest are 0."""
    given = dict(zip(FACETS, scores, strict=False))
    return tuple(sorted(((name, given.get(name, 0.0)) for name in FACETS), key=lambda facet: -facet[1]))


def traits(
    vocal: float = 0.0, speech: float = 0.0, low_quality: float = 0.0
) -> tuple[tuple[str, float], ...]:
    return (("vocal", vocal), ("speech", speech), ("low_quality", low_quality))


def make_clip(clip_id: str, start: float, end: float, *facts: Any, heard: tuple[Any, ...] = ()) -> Clip:
    """A clip of its video; `heard` is facets, traits and whether it is listenable."""
    return Clip(
        clip_id, clip_id.partition("@")[0], start, end, *facts, *(heard or (ranked(), traits(), True))
    )


SAD = (0, 0, 1, 0, 0, 0, 0)
HAPPY = (1, 0, 0, 0, 0, 0, 0)
CLIPS = [
    make_clip("-a@30", 30.0, 40.0, ("Music",), (), (0.25, 0.25, 0, 0, 0, 0.5, 0), (0.5, 0.25, 0.125)),
    make_clip(
        "Zb@0",
        0.0,
        9.5,
        ("Music", "Sad music"),
        ("sad",),
        SAD,
        (0, 0.5, 1),
        heard=(ranked(0.25, 0.5, 0, 0.5, 0.75), traits(0.5, 0.25, 1), False),
    ),
    make_clip("b@100", 100.0, 110.0, (), (), (0.5, 0, 0.5, 0, 0, 0, 0), (1, 1, 0)),
    make_clip(
        "b@20",
        20.0,
        30.0,
        ("Song", "Music"),
        ("sad", "scary"),
        (0, 0, 0, 0, 0, 0, 1),
        (0, 0, 0),
        heard=(ranked(*[1] * 12), traits(speech=1), False),
    ),
    make_clip("é@0", 0.0, 10.0, ("Dub",), (), HAPPY, (0.5, 0.5, 0.5)),
    make_clip("\U0001f3b5@0", 0.0, 1.0, ("Dub",), (), HAPPY, (0.5, 0.5, 0.5)),
]


def make_batch(clips: list[Clip] = CLIPS, **replaced: pa.Array) -> pa.RecordBatch:
    columns = {
        "clip_id": pa.array([clip.id for clip in clips], pa.utf8()),
        "youtube_id": pa.array([clip.youtube_id for clip in clips], pa.utf8()),
        "start_seconds": pa.array([clip.start_seconds for clip in clips], pa.float32()),
        "end_seconds": pa.array([clip.end_seconds for clip in clips], pa.float32()),
        "labels": pa.array([clip.labels for clip in clips], NAMES),
        "mood_labels": pa.array([clip.mood_labels for clip in clips], NAMES),
        "moods": pa.array([clip.moods for clip in clips], pa.list_(pa.float32(), 7)),
        "vad": pa.array([clip.vad for clip in clips], pa.list_(pa.float32(), 3)),
        "facets": pa.array(
            [[dict(clip.facets)[name] for name in FACETS] for clip in clips], pa.list_(pa.float32(), 12)
        ),
        "traits": pa.array(
            [[score for _, score in clip.traits] for clip in clips], pa.list_(pa.float32(), 3)
        ),
        "listenable": pa.array([clip.listenable for clip in clips], pa.bool_()),
    }
    return pa.RecordBatch.from_pydict(columns | replaced).replace_schema_metadata(METADATA)


def write(path: Path, *batches: pa.RecordBatch) -> Path:
    with pa.ipc.new_file(path, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return path


def test_every_clip_is_read_as_it_was_written(tmp_path: Path) -> None:
    catalog = ClipCatalog.load(write(tmp_path / "catalog.arrow", make_batch()))
    assert [catalog.clip(row) for row in range(len(catalog))] == CLIPS
    assert [catalog.clip_id(row) for row in range(len(catalog))] == [clip.id for clip in CLIPS]


def test_columns_are_read_as_arrays() -> None:
    for start, count in ((0, len(CLIPS)), (1, 4)):
        catalog = ClipCatalog(make_batch().slice(start, count))
        clips = CLIPS[start : start + count]
        assert catalog.listenable().tolist() == [clip.listenable for clip in clips]
        for clip, facets, scores in zip(
            clips, catalog.facets().tolist(), catalog.traits().tolist(), strict=True
        ):
            assert dict(zip(FACETS, facets, strict=True)) == dict(clip.facets)
            assert dict(zip(TRAITS, scores, strict=True)) == dict(clip.traits)


def test_facets_stand_by_descending_score_and_equals_in_their_own_order() -> None:
    facets = ClipCatalog(make_batch()).clip(1).facets
    assert facets[:4] == (("sad", 0.75), ("tender", 0.5), ("playful", 0.5), ("calm", 0.25))
    assert [name for name, _ in facets[4:]] == [name for name in FACETS if name not in dict(facets[:4])]


@pytest.mark.parametrize("count", [1, 7, 8, 9, 64, 65])
def test_what_is_listenable_is_read_bit_by_bit(count: int) -> None:
    listenable = (np.random.default_rng(count).random(count) < 0.5).tolist()
    clips = [
        make_clip(f"{i:02d}@0", 0, 1, (), (), HAPPY, (0, 0, 0), heard=(ranked(), traits(), listenable[i]))
        for i in range(count)
    ]
    for start in range(min(count, 10)):
        catalog = ClipCatalog(make_batch(clips).slice(start))
        assert catalog.listenable().tolist() == listenable[start:]
        assert [catalog.clip(row).listenable for row in range(count - start)] == listenable[start:]


def test_a_slice_of_a_batch_is_read_from_its_own_start() -> None:
    catalog = ClipCatalog(make_batch().slice(2, 3))
    assert [catalog.clip(row) for row in range(len(catalog))] == CLIPS[2:5]
    assert catalog.row_of("b@20") == 1


def test_ids_are_found_and_others_are_not() -> None:
    catalog = ClipCatalog(make_batch())
    assert [catalog.row_of(clip.id) for clip in CLIPS] == list(range(len(CLIPS)))
    for unknown in ("", " ", "-", "b", "b@2", "b@200", "zz", "\U0010ffff"):
        assert catalog.row_of(unknown) is None


def test_the_file_is_mapped_not_copied(tmp_path: Path) -> None:
    rows = 2_000
    clips = [make_clip(f"{i:06d}", 0, 1, ("Music",), (), (0,) * 7, (0,) * 3) for i in range(rows)]
    path = write(tmp_path / "catalog.arrow", make_batch(clips))
    before = pa.total_allocated_bytes()
    catalog = ClipCatalog.load(path)
    assert pa.total_allocated_bytes() - before < path.stat().st_size / 10
    assert catalog.clip_id(rows - 1) == "001999"


def refusal(path: Path) -> str:
    with pytest.raises(ArtifactError) as caught:
        ClipCatalog.load(path)
    assert str(caught.value).startswith(f"{path}: ")
    return str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("start_seconds", pa.array(range(6), pa.float64()), "column start_seconds is double, needs float"),
        ("vad", pa.array([(0.0,) * 2] * 6, pa.list_(pa.float32(), 2)), "column vad is fixed_size_list"),
        ("labels", pa.array([["Music"]] * 6), "column labels is list<item: string>, needs list<item: dict"),
        ("clip_id", pa.array(["a", "b", "c", "d", "e", None]), "column clip_id has nulls"),
        ("labels", pa.array([["Music", None]] * 6, NAMES), "column labels has nulls"),
        ("vad", pa.array([(0, 0, None)] * 6, pa.list_(pa.float32(), 3)), "column vad has nulls"),
        (
            "vad",
            pa.array([(0, np.nan, 0)] * 6, pa.list_(pa.float32(), 3)),
            "column vad has a value that isn't",
        ),
        ("end_seconds", pa.array([np.inf] * 6, pa.float32()), "column end_seconds has a value that isn't"),
        (
            "facets",
            pa.array([(0.0,) * 11] * 6, pa.list_(pa.float32(), 11)),
            "column facets is fixed_size_list",
        ),
        ("traits", pa.array([(0.0,) * 3] * 6, pa.list_(pa.float64(), 3)), "column traits is fixed_size_list"),
        ("traits", pa.array([(0, 0, None)] * 6, pa.list_(pa.float32(), 3)), "column traits has nulls"),
        (
            "facets",
            pa.array([(0,) * 11 + (np.nan,)] * 6, pa.list_(pa.float32(), 12)),
            "column facets has a value that isn't finite",
        ),
        ("listenable", pa.array([1] * 6, pa.uint8()), "column listenable is uint8, needs bool"),
        ("listenable", pa.array([True] * 5 + [None], pa.bool_()), "column listenable has nulls"),
        ("clip_id", pa.array(list("abdcef")), "'c' follows 'd'; ids must ascend and differ"),
        ("clip_id", pa.array(list("abccde")), "'c' follows 'c'; ids must ascend and differ"),
    ],
)
def test_refuses_columns_that_break_the_format(
    tmp_path: Path, column: str, values: pa.Array, message: str
) -> None:
    assert refusal(write(tmp_path / "c.arrow", make_batch(**{column: values}))).startswith(message)


def test_refuses_a_missing_column_and_another_format(tmp_path: Path) -> None:
    path = tmp_path / "c.arrow"
    batch = make_batch()
    assert refusal(write(path, batch.drop_columns("vad"))).startswith("column vad is None, needs fixed")
    assert refusal(write(path, batch.drop_columns("listenable"))) == "column listenable is None, needs bool"
    for wrong, message in (
        ({"format_version": "1"}, "format_version is 1, needs 2"),
        ({"facet_names": "calm"}, f"facet_names is calm, needs {','.join(FACETS)}"),
        ({"trait_names": "speech,vocal,low_quality"}, "trait_names is speech,vocal,low_quality, needs vocal"),
    ):
        other = batch.replace_schema_metadata(METADATA | wrong)
        assert refusal(write(path, other)).startswith(message)


def test_a_catalogue_from_before_there_were_facets_is_refused_naming_both_versions(tmp_path: Path) -> None:
    old = {key: METADATA[key] for key in ("format", "mood_names", "vad_axes")} | {"format_version": "1"}
    batch = make_batch().drop_columns(["facets", "traits", "listenable"]).replace_schema_metadata(old)
    assert refusal(write(tmp_path / "c.arrow", batch)) == "format_version is 1, needs 2"


def test_refuses_several_or_empty_batches_and_other_files(tmp_path: Path) -> None:
    path = tmp_path / "c.arrow"
    batch = make_batch()
    assert refusal(write(path, batch, batch)) == "needs one record batch, found 2"
    assert refusal(write(path, batch.slice(0, 0))) == "holds no clip"
    path.write_bytes(b"not an Arrow file")
    assert refusal(path).startswith("not a readable Arrow file")


def publish(
    root: Path,
    vectors: int = len(CLIPS),
    clips: int = len(CLIPS),
    spaces: int = 1,
    calibration: dict[str, Any] | None = None,
) -> Path:
    """Publish an index over CLIPS, whose parts may be made to disagree; returns the version's folder."""

    def write_files(folder: Path) -> None:
        index = faiss.IndexFlatL2(3)
        index.add(np.array([clip.vad for clip in CLIPS[:vectors]], np.float32))
        faiss.write_index(index, str(folder / "vad.faiss"))
        write(folder / "catalog.arrow", make_batch())
        if calibration is not None:
            (folder / "match_probability.json").write_text(json.dumps(calibration))

    description = artifacts.Description(
        kind=artifacts.MUSIC_INDEX,
        spaces=[artifacts.Space(name="vad", dimension=3, metric="squared_l2", lineage="vad-1")] * spaces,
        counts={"clips": clips},
        origin=artifacts.Origin(
            recipe="made up",
            seed=0,
            code_revision="",
            datasets={},
            libraries={},
            notices=["Thank the makers."],
        ),
        quality={},
    )
    return artifacts.publish(root, description, write_files).path


def test_loads_a_published_index(tmp_path: Path) -> None:
    publish(tmp_path)
    publish(tmp_path)
    index = load_index("default", tmp_path)
    assert (index.name, index.version, len(index), list(index.notices)) == (
        "default",
        2,
        len(CLIPS),
        ["Thank the makers."],
    )
    assert index.clip(3) == CLIPS[3]
    assert load_index("default", tmp_path, 1).version == 1


CALIBRATION = {"space": "vad", "components": 3, "similarity": [0, 1], "probability": [0.25, 0.75]}


def test_an_index_may_have_a_calibration(tmp_path: Path) -> None:
    publish(tmp_path)
    query = Vector(space="vad", values=[0.5, 0.5, 0.5])
    assert load_index("default", tmp_path).search([query], 2).match_probabilities is None
    publish(tmp_path, calibration=CALIBRATION)
    hits = load_index("default", tmp_path).search([query], 2)
    assert hits.match_probabilities is not None
    assert [CLIPS[row].id for row in hits.rows[0].tolist()] == ["é@0", "\U0001f3b5@0"]
    assert hits.match_probabilities.tolist() == [[0.625, 0.625]]


def test_the_process_takes_the_largest_requests_and_no_text_services(tmp_path: Path) -> None:
    publish(tmp_path)
    limit = load(MusicIndexSettings(artifacts=tmp_path)).max_request_bytes
    vector = Vector(space="vad", lineage="vad-readers-1", values=[0.5] * 512)
    queries = FindNeighborsRequest(queries=[vector] * MAX_QUERIES, options={"index": "default", "k": MAX_K})
    clips = BatchGetClipsRequest(index="default", clip_ids=["01234567890@1234.5"] * MAX_CLIP_IDS)
    assert max(queries.ByteSize(), clips.ByteSize()) < limit < MAX_REQUEST_BYTES / 10


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"vectors": 4}, "vad.faiss: 4 clips, catalog.arrow has 6"),
        ({"clips": 7}, "manifest.json: 7 clips, catalog.arrow has 6"),
        ({"spaces": 0}, "the manifest names no space to search"),
        (
            {"calibration": CALIBRATION | {"components": 4}},
            "match_probability.json: components: 4, the space vad has 3",
        ),
        ({"calibration": CALIBRATION | {"space": "mood"}}, "needs the space mood, holds vad"),
        ({"calibration": {}}, "match_probability.json: space: Field required"),
    ],
)
def test_refuses_parts_that_disagree(tmp_path: Path, wrong: dict[str, Any], message: str) -> None:
    publish(tmp_path, **wrong)
    with pytest.raises(ArtifactError, match=message):
        load_index("default", tmp_path)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("file", ["vad.faiss", "catalog.arrow"])
@pytest.mark.parametrize("damage", [flip, truncate, Path.unlink])
def test_a_damaged_file_stops_the_process_with_one_sentence(
    tmp_path: Path, file: str, damage: Callable[[Path], None]
) -> None:
    path = publish(tmp_path) / file
    damage(path)
    command = [
        sys.executable,
        "-m",
        "music_index_service",
        "--artifacts",
        str(tmp_path),
        "--log-level",
        "error",
    ]
    ports = ["--port", "0", "--metrics-port", "0"]
    ended = subprocess.run([*command, *ports], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"ambiance-music-index-service: {path}: ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.tensorflow
def test_reads_the_catalogue_that_training_writes(tmp_path: Path) -> None:
    from ambiance.index_format.catalog import CATALOG_FILE
    from ambiance.placement import EncodedClips
    from training.data.ontology import Ontology
    from training.index.catalog import build_catalog, write_catalog

    names, indices = tuple(f"class {i}" for i in range(527)), pa.list_(pa.int16())
    facts = pa.table(
        {
            "clip_id": ["a@0", "b@30"],
            "youtube_id": ["a", "b"],
            "start_seconds": np.array([0, 30], np.float32),
            "end_seconds": np.array([10, 39], np.float32),
            "labels": pa.array([[137], [137, 278]], indices),
            "mood_labels": pa.array([[], [2]], indices),
        }
    )
    vad = np.array([[1, 0, 0.5], [0.25, 0.5, 0.75]], np.float32)
    moods = np.array([[0.25] * 3 + [0.0625] * 4, [0, 0, 0.5, 0.5, 0, 0, 0]], np.float32)
    scores = np.random.default_rng(0).random((2, 15), np.float32)
    encoded = EncodedClips(
        moods=moods,
        facets=scores[:, :12],
        traits=scores[:, 12:],
        vad=vad,
        timbre=np.zeros((2, 6), np.float32),
    )
    listenable = np.array([True, False])
    write_catalog(build_catalog(facts, encoded, Ontology(names, names, {}), listenable), tmp_path)
    catalog = ClipCatalog.load(tmp_path / CATALOG_FILE)
    assert len(catalog) == 2
    assert catalog.listenable().tolist() == [True, False]
    assert catalog.clip(1) == make_clip(
        "b@30",
        30,
        39,
        ("class 137", "class 278"),
        ("sad",),
        tuple(moods[1]),
        (0.25, 0.5, 0.75),
        heard=(ranked(*scores[1, :12].tolist()), traits(*scores[1, 12:].tolist()), False),
    )
