"""Encodes every music clip with the released encoder and publishes vectors and catalogue as one artifact."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.affect import VAD_AXES, VAD_SPACE, vad_lineage
from ambiance.errors import ArtifactError
from training.data.audioset import Clips, load_clips
from training.data.errors import DataError
from training.data.ontology import Ontology, load_ontology, moods_of
from training.data.sources import dataset_digests
from training.index.catalog import build_catalog, check_catalog, write_catalog
from training.index.config import IndexConfig
from training.index.vectors import check_vectors, write_vectors
from training.origin import describe_origin

# (encoder, frames <uint8>[n, 10, 128], frame counts <int32>[n]) -> <float32>[n, 3]
EncodeVad = Callable[
    [artifacts.Artifact, NDArray[np.uint8], NDArray[np.int32]],
    NDArray[np.float32],
]


def run(
    config: IndexConfig, data_dir: Path, artifacts_root: Path, encode_vad: EncodeVad
) -> artifacts.Artifact:
    """Publish the next version of the music index, made with the music encoder found beside it.

    Raises:
        DataError: if a data set is missing or damaged.
        ArtifactError: if the encoder is, if it writes vectors outside its space, or if the files written
            don't read back as what they should hold; nothing is published then.
    """
    encoder = artifacts.load(artifacts_root, artifacts.MUSIC_ENCODER, config.encoder_version)
    ontology = load_ontology(data_dir)
    clips = load_music(data_dir, config.splits, ontology)
    vad = encode_vad(encoder, clips.frames, clips.frame_counts)
    _check_encoding(encoder, vad, len(clips))
    catalog = build_catalog(clips, vad, ontology)
    rows = np.random.default_rng(config.seed).permutation(len(clips))[: config.checked_rows]

    def write_files(folder: Path) -> None:
        write_vectors(vad, folder)
        write_catalog(catalog, folder)
        check_vectors(vad, folder, rows)
        check_catalog(catalog, folder)

    origin = describe_origin(
        f"python -m training.index --encoder-version {encoder.manifest.version}",
        config.seed,
        dataset_digests(data_dir, "audioset"),
        {encoder.manifest.kind: encoder.manifest.version},
    )
    return artifacts.publish(artifacts_root, _describe(clips, vad, encoder, origin), write_files)


def load_music(data_dir: Path, splits: tuple[str, ...], ontology: Ontology) -> Clips:
    """Gather the clips of these splits that are pieces of music, whatever else they are, ordered by clip id.

    Raises:
        DataError: if two clips have one id.
    """
    music = ontology.musical_piece_classes()
    loaded = [load_clips(data_dir, split, lambda labels: not music.isdisjoint(labels)) for split in splits]
    clips = _concatenate(loaded)
    order = sorted(range(len(clips)), key=clips.clip_ids.__getitem__)
    ordered = clips.take(order)
    for one, other in zip(ordered.clip_ids, ordered.clip_ids[1:], strict=False):
        if one == other:
            raise DataError(f"{data_dir}: the clip {one} stands twice in {', '.join(splits)}")
    return ordered


def _concatenate(parts: list[Clips]) -> Clips:
    return Clips(
        tuple(chain.from_iterable(part.youtube_ids for part in parts)),
        np.concatenate([part.start_seconds for part in parts]),
        np.concatenate([part.end_seconds for part in parts]),
        tuple(chain.from_iterable(part.labels for part in parts)),
        np.concatenate([part.frames for part in parts]),
        np.concatenate([part.frame_counts for part in parts]),
    )


def _check_encoding(encoder: artifacts.Artifact, vad: NDArray[np.float32], clips: int) -> None:
    lineage = encoder.space(VAD_SPACE).lineage
    if lineage != vad_lineage():
        raise ArtifactError(f"{encoder.path}: lineage {lineage}, this code's coordinates are {vad_lineage()}")
    if vad.shape != (clips, len(VAD_AXES)) or vad.dtype != np.float32:
        raise ArtifactError(f"{encoder.path}: {vad.dtype}{vad.shape} for {clips} clips")
    if outside := np.flatnonzero(~((vad >= 0) & (vad <= 1)).all(axis=1)).tolist():  # NaN is outside too
        raise ArtifactError(f"{encoder.path}: clip {outside[0]} is at {vad[outside[0]]}, not in [0, 1]")


def _describe(
    clips: Clips, vad: NDArray[np.float32], encoder: artifacts.Artifact, origin: artifacts.Origin
) -> artifacts.Description:
    return artifacts.Description(
        kind=artifacts.MUSIC_INDEX,
        spaces=[encoder.space(VAD_SPACE)],
        counts={
            "clips": len(clips),
            "videos": len(set(clips.youtube_ids)),
            "mood_labelled_clips": sum(bool(moods_of(labels)) for labels in clips.labels),
            "distinct_vectors": len(np.unique(vad, axis=0)),
        },
        origin=origin,
        quality={"vad_mean": vad.mean(axis=0).tolist(), "vad_standard_deviation": vad.std(axis=0).tolist()},
    )
