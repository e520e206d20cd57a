"""Small synthetic data sets in the publishers' layouts, for tests of what reads them."""

import csv
import io
import json
import struct
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tensorflow.core.example.example_pb2 import SequenceExample

from training.data.tfrecord import masked_crc
from training.index.listenable import HARMLESS

MUSIC, INSTRUMENT, BELL, LULLABY, SPEECH, SAD, TENDER = 137, 138, 195, 200, 0, 278, 279
ALL_SPEECH, FIRST_HARMLESS, ENGINE = 1, 300, 400
CAPTION_COLUMNS = (
    "ytid",
    "start_s",
    "end_s",
    "audioset_positive_labels",
    "aspect_list",
    "caption",
    "author_id",
    "is_balanced_subset",
    "is_audioset_eval",
)
MOOD_NAMES = ("Happy", "Funny", "Sad", "Tender", "Exciting", "Angry", "Scary")


def clip_record(
    youtube_id: str = "-0BIyqJj9ZU",
    start_seconds: float = 30,
    end_seconds: float = 40,
    labels: Sequence[int] = (MUSIC,),
    frames: Sequence[bytes] = (bytes(range(128)),) * 10,
) -> bytes:
    """One clip as AudioSet stores it."""
    example = SequenceExample()
    context = example.context.feature
    context["video_id"].bytes_list.value.append(youtube_id.encode())
    context["start_time_seconds"].float_list.value.append(start_seconds)
    context["end_time_seconds"].float_list.value.append(end_seconds)
    context["labels"].int64_list.value.extend(labels)
    seconds = example.feature_lists.feature_list["audio_embedding"].feature
    for frame in frames:
        seconds.add().bytes_list.value.append(frame)
    return bytes(example.SerializeToString())


def tfrecord(records: Sequence[bytes]) -> bytes:
    """Records framed as a TFRecord file."""
    framed = b""
    for record in records:
        length = struct.pack("<Q", len(record))
        framed += length + struct.pack("<I", masked_crc(length))
        framed += record + struct.pack("<I", masked_crc(record))
    return framed


def write_archive(data_dir: Path, shards: Mapping[str, bytes]) -> Path:
    """Write `features.tar.gz` of these shards, `bal_train/00` say, as the publisher lays them out."""
    archive = data_dir / "audioset" / "features.tar.gz"
    archive.parent.mkdir(exist_ok=True)
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in shards.items():
            member = tarfile.TarInfo(f"audioset_v1_embeddings/{name}.tfrecord")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return archive


def write_ontology(data_dir: Path) -> None:
    """Write 527 classes.

    Music holds the moods, an instrument, and Lullaby below a class that no clip is labelled with. Speech
    holds one kind of it.
    """
    names = [f"Class {i}" for i in range(527)]
    names[MUSIC], names[LULLABY], names[SPEECH] = "Music", "Lullaby", "Speech, spoken"
    names[INSTRUMENT], names[BELL] = "Musical instrument", "Bell"
    names[ALL_SPEECH], names[ENGINE] = "Speech", "Engine"
    names[FIRST_HARMLESS : FIRST_HARMLESS + len(HARMLESS)] = HARMLESS
    names[276:283] = [f"{mood} music" for mood in MOOD_NAMES]
    children: dict[str, list[str]] = {f"/m/{i}": [] for i in range(527)}
    children["/m/137"] = ["/t/abstract", "/m/138", *(f"/m/{i}" for i in range(276, 283))]
    children["/t/abstract"] = ["/m/200"]
    children["/m/138"] = ["/m/195"]
    children[f"/m/{ALL_SPEECH}"] = [f"/m/{SPEECH}"]
    folder = data_dir / "audioset"
    folder.mkdir(exist_ok=True)
    rows = ["index,mid,display_name", *(f'{i},/m/{i},"{name}"' for i, name in enumerate(names))]
    (folder / "class_labels_indices.csv").write_text("\n".join(rows) + "\n")
    named = {f"/m/{i}": name for i, name in enumerate(names)} | {"/t/abstract": "Music role"}
    entries = [
        {"id": machine_id, "name": named[machine_id], "child_ids": below}
        for machine_id, below in children.items()
    ]
    (folder / "ontology.json").write_text(json.dumps(entries))


def write_captions(data_dir: Path, captions: Mapping[tuple[str, int], str]) -> None:
    """Write MusicCaps as published: YouTube id and second -> caption; the aspects are its first word."""
    folder = data_dir / "musiccaps"
    folder.mkdir(exist_ok=True)
    with (folder / "musiccaps-public.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(CAPTION_COLUMNS)
        for (youtube_id, second), caption in captions.items():
            aspects = str(caption.split()[:1])
            row = (youtube_id, second, second + 10, "/m/04rlf", aspects, caption, 4, "False", "False")
            writer.writerow(row)
