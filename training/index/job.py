"""Encodes every music clip, places it in both spaces, and publishes vectors and catalogue as one artifact."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.affect import MOOD_SPACE, VAD_SPACE
from ambiance.errors import ArtifactError
from ambiance.placement.estimates import Estimates
from ambiance.placement.mood_space import FIT_COMPONENTS, MOST_FIT_LOST
from training.data.errors import DataError
from training.data.ontology import Ontology, load_ontology
from training.data.sources import data_dir, dataset_digests
from training.data.written import load_written
from training.index.calibrate import captioned_answers
from training.index.catalog import build_catalog, check_catalog, write_catalog
from training.index.config import IndexConfig
from training.index.label_hierarchy import write_label_hierarchy
from training.index.listenable import listenability_rule, listenable
from training.index.match_probability import MatchProbability, fit_match_probability, match_quality
from training.index.models import Models, load_space
from training.index.music import Music, read_music
from training.index.placement import PlacementFiles
from training.index.postings import check_postings, write_postings
from training.index.spool import Hearing
from training.index.spool_workers import SpoolSettings, spool_music
from training.index.usage import measure_usage
from training.index.vectors import check_vectors, write_vectors
from training.listener.files import load_benchmark
from training.origin import describe_origin


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
    config: IndexConfig,
    artifacts_root: Path,
    models: Models | None = None,
    spool_settings: SpoolSettings | None = None,
) -> artifacts.Artifact:
    """Publish the next version of the music index, made with the encoders found beside it.

    Without `spool_settings` this process reads AudioSet alone, and keeps nothing for another run.

    Raises:
        DataError: if a data set is missing or damaged.
        ArtifactError: if an encoder is, if it writes vectors outside its space, or if the files written
            don't read back as what they should hold; nothing is published then.
    """
    folder = config.data_dir or data_dir()
    encoders, models = _load_encoders(config, artifacts_root), models or Models()
    space, ontology = load_space(encoders.text), load_ontology(folder)
    pieces = ontology.musical_piece_classes()
    hearing = Hearing(encoders.music, models.encode_clips, pieces)
    music = _hear(folder, config.splits, hearing, spool_settings)
    worth = listenable(music.facts["labels"].to_pylist(), music.encoded.traits, ontology)
    if not worth.any():
        raise DataError("no piece of music in these splits is worth hearing")
    written, benchmark = load_written(), load_benchmark("dev")
    with ThreadPoolExecutor(1) as pool:  # beside the texts: neither holds the GIL for long
        held_out = pool.submit(models.held_out, encoders.music, folder)
        reference, asked = (
            models.read_texts(encoders.text, texts) for texts in (written.texts, benchmark.texts)
        )
    library = space.place_library(music.encoded, reference.mood, config.seed, worth)
    heard = held_out.result()
    answers = captioned_answers(
        space,
        heard.heard_captioned,
        heard.captioned.judged.mains,
        reference.mood,
        benchmark,
        asked.mood,
        config.seed,
    )
    files = IndexFiles(
        {VAD_SPACE: music.encoded.vad, MOOD_SPACE: library.vectors},
        {VAD_SPACE: reference.vad, MOOD_SPACE: reference.mood},
        build_catalog(music.facts, music.encoded, ontology, worth),
        ontology,
        fit_match_probability(answers, FIT_COMPONENTS),
        PlacementFiles(
            library,
            reference.mood,
            Estimates.fit(music.encoded.take(worth)),
            listenability_rule(ontology),
            config.seed,
        ),
        np.random.default_rng(config.seed).permutation(len(music))[: config.checked_rows],
    )
    quality = {
        "written_corpus": measure_usage(reference.mood, library.vectors[worth]),
        "match_probability": match_quality(answers, FIT_COMPONENTS, config.seed),
        "most_fit_lost_to_variety": MOST_FIT_LOST,
        "vad_mean": music.encoded.vad.mean(axis=0).tolist(),
        "vad_standard_deviation": music.encoded.vad.std(axis=0).tolist(),
    }
    counts = _counts(music, library.vectors) | {"listenable_clips": int(worth.sum())}
    description = _describe(config, folder, encoders, counts, quality)
    return artifacts.publish(artifacts_root, description, files.write)


@dataclass(frozen=True)
class IndexFiles:
    """What an index holds on disk."""

    vectors: dict[str, NDArray[np.float32]]  # space -> [n, dimension]
    queries: dict[str, NDArray[np.float32]]  # space -> [m, dimension] like those to come
    catalog: pa.RecordBatch
    ontology: Ontology
    match_probability: MatchProbability
    placement: PlacementFiles
    checked_rows: NDArray[np.int64]

    def write(self, folder: Path) -> None:
        """Write every file, and check what can be searched and read by reading it back.

        Raises:
            ArtifactError: naming what differs.
        """
        write_catalog(self.catalog, folder)
        check_catalog(self.catalog, folder)
        write_postings(self.catalog, folder)
        check_postings(self.catalog, folder, self.checked_rows)
        write_label_hierarchy(self.ontology, folder)
        self.match_probability.save(folder)
        self.placement.write(folder)
        for space, vectors in self.vectors.items():
            path = write_vectors(vectors, folder, space, self.queries[space])
            check_vectors(vectors, path, self.checked_rows)


def _load_encoders(config: IndexConfig, root: Path) -> Encoders:
    music = artifacts.load(root, artifacts.MUSIC_ENCODER, config.encoder_version)
    text = artifacts.load(root, artifacts.TEXT_ENCODER, config.text_version)
    lineages = [encoder.space(VAD_SPACE).lineage for encoder in (music, text)]
    if len(set(lineages)) > 1:
        raise ArtifactError(f"{music.path}: VAD of lineage {lineages[0]}, {text.path} writes {lineages[1]}")
    return Encoders(music, text)


def _hear(
    data_dir: Path, splits: tuple[str, ...], hearing: Hearing, spool_settings: SpoolSettings | None
) -> Music:
    if spool_settings is not None:
        return read_music(spool_music(data_dir, splits, hearing, spool_settings))
    with TemporaryDirectory() as folder:
        return read_music(spool_music(data_dir, splits, hearing, SpoolSettings(Path(folder))))


def _counts(music: Music, placed: NDArray[np.float32]) -> dict[str, int]:
    return {
        "clips": len(music),
        "videos": pc.count_distinct(music.facts["youtube_id"]).as_py(),
        "mood_labelled_clips": pc.sum(
            pc.greater(pc.list_value_length(music.facts["mood_labels"]), 0)
        ).as_py(),
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
    if config.splits != IndexConfig.splits:
        versions += ["--splits", *config.splits]
    return artifacts.Description(
        kind=artifacts.MUSIC_INDEX,
        spaces=encoders.spaces,
        counts=counts,
        origin=describe_origin(
            f"python -m training.index {' '.join(versions)}",
            config.seed,
            dataset_digests(data_dir, "audioset", "goemotions", "xed", "emobank", "musiccaps"),
            sources,
        ),
        quality=quality,
    )
