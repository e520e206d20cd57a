"""Encodes every music clip, places it in both spaces, and publishes vectors and catalogue as one artifact."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.affect import MOOD_SPACE, VAD_SPACE, require_vad_lineage
from training.data.audioset import Clips
from training.data.goemotions import load_comments
from training.data.ontology import load_ontology, moods_of
from training.data.sources import dataset_digests
from training.evaluate.metrics import largest_share
from training.evaluate.search import nearest
from training.index.calibrate import held_out_answers
from training.index.catalog import build_catalog, check_catalog, write_catalog
from training.index.config import IndexConfig
from training.index.match_probability import MatchProbability, fit_match_probability, match_quality
from training.index.models import Models, check_encoding, load_space
from training.index.music import load_music
from training.index.vectors import check_vectors, write_vectors
from training.music.features import mean_frames
from training.origin import describe_origin

_TOP = 10  # answers of a comment that count as heard


@dataclass(frozen=True)
class Encoders:
    """The released encoders that an index is made with."""

    music: artifacts.Artifact
    text: artifacts.Artifact

    @property
    def spaces(self) -> list[artifacts.Space]:
        """Those of the index, copied from the encoders."""
        return [self.music.space(VAD_SPACE), self.text.space(MOOD_SPACE)]


def run(
    config: IndexConfig, data_dir: Path, artifacts_root: Path, models: Models | None = None
) -> artifacts.Artifact:
    """Publish the next version of the music index, made with the encoders found beside it.

    Raises:
        DataError: if a data set is missing or damaged.
        ArtifactError: if an encoder is, if it writes vectors outside its space, or if the files written
            don't read back as what they should hold; nothing is published then.
    """
    encoders, models = _load_encoders(config, artifacts_root), models or Models()
    space, ontology = load_space(encoders.text), load_ontology(data_dir)
    clips = load_music(data_dir, config.splits, ontology)
    encoded = models.encode_clips(encoders.music, clips.frames, clips.frame_counts)
    check_encoding(encoders.music, encoded, len(clips))
    train, dev = (load_comments(data_dir, split) for split in ("train", "dev"))
    reference, queries = (models.read_texts(encoders.text, texts.texts).mood for texts in (train, dev))
    placed = space.place(encoded, mean_frames(clips.frames, clips.frame_counts), reference, config.seed)
    held_out = models.held_out_rows(encoders.music, data_dir)
    answers = held_out_answers(space, held_out, reference, dev, queries, config.seed)
    files = IndexFiles(
        {VAD_SPACE: encoded.vad, MOOD_SPACE: placed},
        build_catalog(clips, encoded, ontology),
        fit_match_probability(answers, space.similarity_components),
        np.random.default_rng(config.seed).permutation(len(clips))[: config.checked_rows],
    )
    quality = {
        "goemotions_dev": _usage(nearest(queries, placed, min(_TOP, len(clips))), len(clips)),
        "match_probability": match_quality(answers, space.similarity_components, config.seed),
        "vad_mean": encoded.vad.mean(axis=0).tolist(),
        "vad_standard_deviation": encoded.vad.std(axis=0).tolist(),
    }
    description = _describe(config, data_dir, encoders, _counts(clips, placed), quality)
    return artifacts.publish(artifacts_root, description, files.write)


@dataclass(frozen=True)
class IndexFiles:
    """What an index holds on disk."""

    vectors: dict[str, NDArray[np.float32]]  # space -> [n, dimension]
    catalog: pa.RecordBatch
    match_probability: MatchProbability
    checked_rows: NDArray[np.int64]

    def write(self, folder: Path) -> None:
        """Write every file, and check what can be searched and read by reading it back.

        Raises:
            ArtifactError: naming what differs.
        """
        write_catalog(self.catalog, folder)
        check_catalog(self.catalog, folder)
        self.match_probability.save(folder)
        for space, vectors in self.vectors.items():
            write_vectors(vectors, folder / f"{space}.faiss")
            check_vectors(vectors, folder / f"{space}.faiss", self.checked_rows)


def _load_encoders(config: IndexConfig, root: Path) -> Encoders:
    music = artifacts.load(root, artifacts.MUSIC_ENCODER, config.encoder_version)
    text = artifacts.load(root, artifacts.TEXT_ENCODER, config.text_version)
    for encoder in (music, text):
        require_vad_lineage(encoder.space(VAD_SPACE).lineage, encoder.path)
    return Encoders(music, text)


def _usage(answers: NDArray[np.int64], clips: int) -> dict[str, float]:
    """How evenly the library answers, from the clips <int64>[n, k] nearest to each comment."""
    return {
        "largest_share": round(largest_share(answers[:, 0]), 6),
        "coverage_at_10": round(len(np.unique(answers)) / clips, 6),
    }


def _counts(clips: Clips, placed: NDArray[np.float32]) -> dict[str, int]:
    return {
        "clips": len(clips),
        "videos": len(set(clips.youtube_ids)),
        "mood_labelled_clips": sum(bool(moods_of(labels)) for labels in clips.labels),
        "distinct_vectors": len(np.unique(placed, axis=0)),
    }


def _describe(
    config: IndexConfig,
    data_dir: Path,
    encoders: Encoders,
    counts: dict[str, int],
    quality: dict[str, Any],
) -> artifacts.Description:
    sources = {encoder.manifest.kind: encoder.manifest.version for encoder in vars(encoders).values()}
    versions = [f"--encoder-version {encoders.music.manifest.version}"]
    versions += [f"--text-version {encoders.text.manifest.version}"]
    return artifacts.Description(
        kind=artifacts.MUSIC_INDEX,
        spaces=encoders.spaces,
        counts=counts,
        origin=describe_origin(
            f"python -m training.index {' '.join(versions)}",
            config.seed,
            dataset_digests(data_dir, "audioset") | dataset_digests(data_dir, "goemotions"),
            sources,
        ),
        quality=quality,
    )
