"""A release on disk as evaluation meets it: three artifacts that fit together, read into sections.

`validation` is GoEmotions dev against the mood rows of bal_train, each heard by a model that hasn't learned
it, and the dev half of the listener's benchmark; models and settings may be chosen by it. `test` is
GoEmotions test against AudioSet's eval, and the benchmark's test half; nothing is chosen by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ambiance.affect import MOOD_SPACE
from ambiance.artifacts import MUSIC_ENCODER, MUSIC_INDEX, TEXT_ENCODER, Artifact, load
from ambiance.errors import ArtifactError
from ambiance.index_format.catalog import CATALOG_FILE
from ambiance.placement import EncodedClips
from training.data.goemotions import Comments
from training.data.written import load_written
from training.evaluate.corpora import Corpora
from training.evaluate.split_predictions import HeardRows, ReadComments, SplitPredictions
from training.index.models import Models, load_space
from training.index.vectors import read_vectors
from training.listener.files import Half, load_benchmark
from training.listener.measure import Captioned, Library, Listening, listen
from training.music.held_out import HeldOut
from training.music.mood_rows import MoodRows
from training.space import MoodSpace
from training.text.encode import TextReadings

PARTS = (TEXT_ENCODER, MUSIC_ENCODER, MUSIC_INDEX)  # an index comes after the encoders it is made from

# Folder below the releases' root: a release of its own, whose text encoder is larger, slower and better.
LARGE = "large"

SectionName = Literal["validation", "test"]
SECTIONS: tuple[SectionName, ...] = get_args(SectionName)
HALF_OF_SECTION: Mapping[SectionName, Half] = {"validation": "dev", "test": "test"}


@dataclass(frozen=True)
class Release:
    """The newest text encoder, music encoder and index under one root."""

    text_encoder: Artifact
    music_encoder: Artifact
    music_index: Artifact

    @property
    def parts(self) -> tuple[Artifact, ...]:
        """All of it, in the order of PARTS."""
        return self.text_encoder, self.music_encoder, self.music_index

    @property
    def versions(self) -> dict[str, int]:
        """Version of each kind."""
        return {part.manifest.kind: part.manifest.version for part in self.parts}

    @cached_property
    def space(self) -> MoodSpace:
        """The mood space that the text encoder writes."""
        return load_space(self.text_encoder)

    @cached_property
    def library(self) -> NDArray[np.float32]:
        """<float32>[clips, d] the index's vectors in the mood space, of all clips."""
        return read_vectors(self.music_index.path, MOOD_SPACE)

    @cached_property
    def catalog(self) -> pa.Table:
        """The index's clips, mapped."""
        with pa.memory_map(str(self.music_index.file(CATALOG_FILE))) as file:
            return pa.ipc.open_file(file).read_all()

    @cached_property
    def listenable(self) -> NDArray[np.bool_]:
        """<bool>[clips] those that answer unless a search asks for all."""
        return self.catalog["listenable"].to_numpy()

    @cached_property
    def heard_library(self) -> Library:
        """The clips that answer unless a search asks for all."""
        moods = self.catalog["moods"].combine_chunks().flatten().to_numpy().reshape(len(self.library), -1)
        return Library(self.library[self.listenable], moods[self.listenable])


def load_release(root: Path) -> Release:
    """Load and verify the newest version of each part.

    Raises:
        ArtifactError: if a part is missing or damaged, or the index wasn't made from these encoders.
    """
    release = Release(*(load(root, kind) for kind in PARTS))
    sources = release.music_index.manifest.origin.sources
    for encoder in (release.text_encoder.manifest, release.music_encoder.manifest):
        if (made_from := sources.get(encoder.kind)) != encoder.version:
            where = f"{release.music_index.path}: made from {encoder.kind} {made_from}"
            raise ArtifactError(f"{where}, the newest is {encoder.version}; make the index anew")
    lineages = [part.space(MOOD_SPACE).lineage for part in (release.text_encoder, release.music_index)]
    if len(set(lineages)) > 1:
        raise ArtifactError(f"{release.music_index.path}: mood of lineage {lineages[1]}, not {lineages[0]}")
    return release


def require_same_recipe(release: Release, other: Release) -> None:
    """Require that another release differs from this one by its random seed alone, as far as manifests tell.

    Raises:
        ArtifactError: naming the part whose recipe or data differ.
    """
    for part, same in zip(release.parts[:2], other.parts[:2], strict=True):  # the index is made of these
        one, two = part.manifest.origin, same.manifest.origin
        if (one.recipe, one.datasets) != (two.recipe, two.datasets):
            raise ArtifactError(
                f"{same.path}: made by {two.recipe!r}, {part.path} by {one.recipe!r}, or of other data; "
                "empty the folder of seeds and run `make train-seeds` anew"
            )


@dataclass(frozen=True)
class HeardCorpora:
    """The corpora as one release reads and hears them; what its sections are made of, in any mood space."""

    release: Release
    corpora: Corpora
    models: Models = field(default_factory=Models)

    @cached_property
    def written(self) -> TextReadings:
        """Our own corpus, by which prices are set."""
        return self.models.read_texts(self.release.text_encoder, load_written().texts)

    @cached_property
    def dev(self) -> TextReadings:
        """Dev comments."""
        return self.models.read_texts(self.release.text_encoder, self.corpora.dev.texts)

    @cached_property
    def test(self) -> TextReadings:
        """Test comments."""
        return self.models.read_texts(self.release.text_encoder, self.corpora.test.texts)

    @cached_property
    def held_out(self) -> HeldOut:
        """The mood rows and captioned clips of bal_train, out of fold."""
        return self.models.held_out(self.release.music_encoder, self.corpora.folder)

    @cached_property
    def eval(self) -> tuple[MoodRows, EncodedClips]:
        """The mood rows of eval."""
        rows = self.corpora.eval_rows
        return rows, self.models.encode_clips(self.release.music_encoder, rows.frames, rows.frame_counts)

    def listening(self, half: Half) -> Listening:
        """A half of the listener's benchmark, answered by the release."""
        benchmark, held_out = load_benchmark(half), self.held_out
        return listen(
            benchmark,
            self.models.read_texts(self.release.text_encoder, benchmark.texts),
            self.release.space,
            self.release.heard_library,
            Captioned(
                held_out.heard_captioned,
                held_out.captioned.said.facets,
                held_out.captioned.judged.mains,
            ),
            self.written.mood,
            self._seed,
        )

    def section(self, name: SectionName) -> SplitPredictions:
        """A section in the release's own mood space, with its own library."""
        if name == "validation":
            rows = self._place(self.held_out.rows, self.held_out.heard_rows)
            return SplitPredictions(
                self._read(self.corpora.dev, self.dev), rows, self.release.heard_library.vectors
            )
        return SplitPredictions(
            self._read(self.corpora.test, self.test),
            self._place(*self.eval),
            self.release.heard_library.vectors,
            tuning=self._read(self.corpora.dev, self.dev),
        )

    @property
    def _seed(self) -> int:
        return self.release.music_index.manifest.origin.seed

    def _read(self, comments: Comments, readings: TextReadings) -> ReadComments:
        return ReadComments(comments.labels, readings.emotions, readings.mood)

    def _place(self, rows: MoodRows, clips: EncodedClips) -> HeardRows:
        """Place the rows as one little library; the index's own prices are for its many thousands."""
        vectors = self.release.space.place(clips, self.written.mood, self._seed)
        clip_of = np.unique(rows.clip_ids, return_inverse=True)[1]
        return HeardRows(clip_of, rows.moods, clips.moods, vectors)
