"""Every part of the contract is commented, and the limits in comments are those that are checked."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet

from ambiance import limits
from ambiance.affect import MOODS
from music_index_service.searching.sampling import CANDIDATES_PER_HIT, MIN_CANDIDATES

PROTOS = Path(__file__).parents[2] / "protos" / "ambiance"


@pytest.mark.parametrize(
    ("proto", "message", "field", "figures"),
    [
        ("text", "EncodeTextsRequest", "texts", [1, limits.MAX_TEXTS, 1, limits.MAX_TEXT_CHARACTERS]),
        ("text", "EncodeTextsRequest", "explain", [limits.MAX_EXPLAINED_CHARACTERS]),
        ("match", "MatchTextsRequest", "explain", [limits.MAX_EXPLAINED_CHARACTERS]),
        ("music", "SearchOptions", "seed", [0, CANDIDATES_PER_HIT, MIN_CANDIDATES]),
        ("music", "FindNeighborsRequest", "queries", [1, limits.MAX_QUERIES]),
        ("music", "SearchOptions", "k", [1, limits.MAX_K, 0, limits.DEFAULT_K, limits.MAX_HITS]),
        ("music", "BatchGetClipsRequest", "clip_ids", [1, limits.MAX_CLIP_IDS]),
        ("music", "ListClipsRequest", "page_size", [1, limits.MAX_PAGE_SIZE, 0, limits.DEFAULT_PAGE_SIZE]),
        ("music", "ListLabelsRequest", "prefix", [limits.MAX_LABEL_CHARACTERS]),
        ("music", "ListLabelsRequest", "parent", [limits.MAX_LABEL_CHARACTERS]),
        ("music", "UpsertClipsRequest", "clips", [1, limits.MAX_WRITTEN_CLIPS]),
        ("music", "DeleteClipsRequest", "clip_ids", [1, limits.MAX_WRITTEN_CLIPS]),
        ("music", "ReportUnavailableRequest", "clip_ids", [1, limits.MAX_WRITTEN_CLIPS]),
        ("music", "ClipInput", "id", [1, limits.MAX_CLIP_ID_CHARACTERS]),
        ("music", "ClipInput", "vggish_frames", [limits.VGGISH_FEATURES, 0.96, limits.MAX_CLIP_FRAMES]),
        ("match", "MatchTextRequest", "text", [1, limits.MAX_TEXT_CHARACTERS]),
        ("match", "MatchTextsRequest", "texts", [1, limits.MAX_TEXTS, 1, limits.MAX_TEXT_CHARACTERS]),
        ("music", "ClipFilter", "labels", [limits.MAX_FILTER_LABELS, limits.MAX_LABEL_CHARACTERS]),
        ("music", "ClipFilter", "without_labels", [limits.MAX_FILTER_LABELS, limits.MAX_LABEL_CHARACTERS]),
        ("music", "ClipFilter", "moods", [limits.MAX_FILTER_MOODS]),
        ("music", "ClipFilter", "clip_ids", [limits.MAX_FILTER_IDS]),
        ("music", "ClipFilter", "without_clip_ids", [limits.MAX_FILTER_IDS]),
        ("music", "ClipInput", "labels", [limits.MAX_CLIP_LABELS]),
        ("music", "ClipMetadata", "title", [limits.MAX_METADATA_CHARACTERS]),
        ("music", "ClipMetadata", "artist", [limits.MAX_METADATA_CHARACTERS]),
        ("music", "ClipMetadata", "album", [limits.MAX_METADATA_CHARACTERS]),
        ("music", "ClipMetadata", "track_id", [limits.MAX_METADATA_CHARACTERS]),
        ("music", "ClipMetadata", "uri", [limits.MAX_URI_CHARACTERS]),
        ("music", "ClipMetadata", "thumbnail_uri", [limits.MAX_URI_CHARACTERS]),
        (
            "music",
            "ClipMetadata",
            "attributes",
            [limits.MAX_ATTRIBUTES, 1, limits.MAX_ATTRIBUTE_NAME_CHARACTERS],
        ),
        ("music", "AttributeValue", "text", [limits.MAX_METADATA_CHARACTERS]),
        ("music", "ClipFilter", "youtube_ids", [limits.MAX_FILTER_IDS]),
        ("music", "ClipFilter", "without_youtube_ids", [limits.MAX_FILTER_IDS]),
        ("music", "ClipFilter", "attributes", [limits.MAX_CONDITIONS]),
        ("music", "AttributeCondition", "values", [limits.MAX_CONDITION_VALUES]),
        ("music", "Clip", "id", [1, limits.MAX_CLIP_ID_CHARACTERS]),
        ("music", "SearchOptions", "min_separation", [0, limits.MAX_SEPARATION, 0]),
        ("music", "FindSimilarRequest", "clip_ids", [1, limits.MAX_QUERIES]),
        ("music", "FindPathRequest", "steps", [2, limits.MAX_STEPS, 0, limits.DEFAULT_STEPS]),
        ("match", "ComposeSoundtrackRequest", "text", [1, limits.MAX_SOUNDTRACK_CHARACTERS]),
        (
            "match",
            "ComposeSoundtrackRequest",
            "words_per_minute",
            [limits.LEAST_WORDS_PER_MINUTE, limits.MAX_WORDS_PER_MINUTE, 0, limits.DEFAULT_WORDS_PER_MINUTE],
        ),
        ("match", "ComposeSoundtrackRequest", "intensity", [0, limits.MAX_INTENSITY, 1, 1, 1]),
        (
            "match",
            "ComposeSoundtrackRequest",
            "min_passage_seconds",
            [limits.SHORTEST_PASSAGE_S, limits.MAX_MIN_PASSAGE_S, 0, limits.DEFAULT_MIN_PASSAGE_S],
        ),
        (
            "match",
            "ComposeSoundtrackRequest",
            "max_passage_seconds",
            [
                *(limits.MAX_MAX_PASSAGE_S, 0, limits.DEFAULT_MAX_PASSAGE_S),
                *(limits.MAX_TEXT_CHARACTERS, limits.MAX_PASSAGE_SENTENCES),
            ],
        ),
        (
            "match",
            "ComposeSoundtrackRequest",
            "no_repeat_cues",
            [1, limits.MAX_NO_REPEAT_CUES, 0, limits.DEFAULT_NO_REPEAT_CUES],
        ),
        (
            "match",
            "ComposeSoundtrackRequest",
            "max_clips_per_video",
            [1, limits.MAX_CLIPS_PER_VIDEO, 0, limits.DEFAULT_CLIPS_PER_VIDEO],
        ),
        ("match", "ComposeSoundtrackRequest", "decisions", [limits.MAX_PASSAGE_DECISIONS]),
        ("match", "SoundtrackWeights", "staying", [1, limits.MAX_HOLD_S]),
    ],
)
def test_a_limit_in_a_comment_is_the_limit(
    proto: str, message: str, field: str, figures: list[float]
) -> None:
    source = "".join(path.read_text() for path in (PROTOS / proto / "v1").glob("*.proto"))
    body = re.search(rf"message {message} {{(.*?)\n}}", source, re.S)
    assert body is not None
    comment = re.search(rf"((?:  //.*\n)+)  [\w.<>, ]+ {field} = \d+;", body[1])
    assert comment is not None
    found = re.findall(r"\d[\d,]*(?:\.\d+)?", comment[1])
    assert [float(figure.replace(",", "")) for figure in found] == figures


def test_a_filter_may_name_as_many_moods_as_there_are() -> None:
    assert len(MOODS.names) == limits.MAX_FILTER_MOODS


# Numbers of the fields that hold the parts of a file, a message, an enum and a service in descriptor.proto.
MESSAGE, ENUM, SERVICE, FIELD, NESTED_MESSAGE, NESTED_ENUM, VALUE, RPC = 4, 5, 6, 2, 3, 4, 2, 2

Part = tuple[str, tuple[int, ...]]


def message_parts(name: str, path: tuple[int, ...], message: DescriptorProto) -> Iterator[Part]:
    yield name, path
    for i, field in enumerate(message.field):
        yield f"{name}.{field.name}", (*path, FIELD, i)
    for i, nested in enumerate(message.nested_type):
        if not nested.options.map_entry:  # made by the compiler for the entries of a map
            yield from message_parts(f"{name}.{nested.name}", (*path, NESTED_MESSAGE, i), nested)
    for i, enum in enumerate(message.enum_type):
        yield f"{name}.{enum.name}", (*path, NESTED_ENUM, i)


def parts(file: FileDescriptorProto) -> Iterator[Part]:
    """Name and path of everything in a file that a reader may look up."""
    for i, message in enumerate(file.message_type):
        yield from message_parts(message.name, (MESSAGE, i), message)
    for i, enum in enumerate(file.enum_type):
        yield enum.name, (ENUM, i)
        yield from ((f"{enum.name}.{value.name}", (ENUM, i, VALUE, j)) for j, value in enumerate(enum.value))
    for i, service in enumerate(file.service):
        yield service.name, (SERVICE, i)
        yield from (
            (f"{service.name}.{rpc.name}", (SERVICE, i, RPC, j)) for j, rpc in enumerate(service.method)
        )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Sequence[FileDescriptorProto]:
    described = tmp_path_factory.mktemp("protos") / "descriptors"
    sources = sorted(str(path) for path in PROTOS.rglob("*.proto"))
    flags = [f"--proto_path={PROTOS.parent}", f"--descriptor_set_out={described}", "--include_source_info"]
    # in a process of its own: beside TensorFlow's libraries the compiler has been seen to crash
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", *flags, *sources], check=True)
    files = FileDescriptorSet.FromString(described.read_bytes()).file
    assert len(files) == len(sources) >= 6
    return files


def test_every_service_rpc_message_field_and_value_is_commented(files: Sequence[FileDescriptorProto]) -> None:
    bare = []
    for file in files:
        commented = {tuple(at.path) for at in file.source_code_info.location if at.leading_comments.strip()}
        bare += [name for name, path in parts(file) if path not in commented]
    assert not bare


def test_other_languages_generate_from_the_protos_as_they_are(files: Sequence[FileDescriptorProto]) -> None:
    for file in files:
        _, name, version = file.package.split(".")
        assert file.options.go_package == f"ambiance/{name}/{version};{name}{version}", file.name
        assert file.options.java_multiple_files, file.name
