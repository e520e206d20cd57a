"""A release on disk as evaluation meets it: three artifacts that fit together, read into sections.

`validation` is GoEmotions dev against the mood rows of bal_train, each heard by a model that hasn't learned
it; models and settings may be chosen by it. `test` is GoEmotions test against AudioSet's eval; nothing is.
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.affect import MOOD_SPACE
from ambiance.artifacts import MUSIC_ENCODER, MUSIC_INDEX, TEXT_ENCODER, Artifact, load
from ambiance.errors import ArtifactError
from training.data.goemotions import Comments
from training.evaluate.corpora import Corpora
from training.evaluate.section import HeardRows, Matching, ReadComments, Section
from training.index.match_probability import MATCH_PROBABILITY_FILE, MatchProbability
from training.index.models import Models, load_space
from training.index.vectors import read_vectors
from training.music.encode import EncodedClips
from training.music.features import mean_frames
from training.music.mood_rows import MoodRows
from training.space import MoodSpace
from training.text.encode import TextReadings

PARTS = (TEXT_ENCODER, MUSIC_ENCODER, MUSIC_INDEX)  # an index comes after the encoders it is made from

SectionName = Literal["validation", "test"]
SECTIONS: tuple[SectionName, ...] = get_args(SectionName)


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
        """<float32>[clips, d] the index's vectors in the mood space."""
        return read_vectors(self.music_index.path, MOOD_SPACE)

    @cached_property
    def match_probability(self) -> MatchProbability:
        """The index's."""
        return MatchProbability.load(self.music_index.file(MATCH_PROBABILITY_FILE))


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
    def train(self) -> TextReadings:
        """Train comments."""
        return self.models.read_texts(self.release.text_encoder, self.corpora.train.texts)

    @cached_property
    def dev(self) -> TextReadings:
        """Dev comments."""
        return self.models.read_texts(self.release.text_encoder, self.corpora.dev.texts)

    @cached_property
    def test(self) -> TextReadings:
        """Test comments."""
        return self.models.read_texts(self.release.text_encoder, self.corpora.test.texts)

    @cached_property
    def held_out(self) -> tuple[MoodRows, EncodedClips]:
        """The mood rows of bal_train, out of fold."""
        return self.models.held_out_rows(self.release.music_encoder, self.corpora.folder)

    @cached_property
    def eval(self) -> tuple[MoodRows, EncodedClips]:
        """The mood rows of eval."""
        rows = self.corpora.eval_rows
        return rows, self.models.encode_clips(self.release.music_encoder, rows.frames, rows.frame_counts)

    def section(self, name: SectionName) -> Section:
        """A section in the release's own mood space, with its own library."""
        matching = self.matching(name, None)
        return Section(
            matching.comments,
            matching.rows,
            self.release.library,
            self.release.match_probability,
            tuning=None if name == "validation" else self._read(self.corpora.dev, self.dev, None),
        )

    def matching(self, name: SectionName, space: MoodSpace | None) -> Matching:
        """A section's comments and mood rows in a mood space, by default the release's own."""
        if name == "validation":
            return Matching(self._read(self.corpora.dev, self.dev, space), self._place(*self.held_out, space))
        return Matching(self._read(self.corpora.test, self.test, space), self._place(*self.eval, space))

    def _read(self, comments: Comments, readings: TextReadings, space: MoodSpace | None) -> ReadComments:
        return ReadComments(comments.labels, readings.emotions, readings.vad, _queries(readings, space))

    def _place(self, rows: MoodRows, clips: EncodedClips, space: MoodSpace | None) -> HeardRows:
        """Place the rows as one little library; the index's own prices are for its many thousands."""
        seed = self.release.music_index.manifest.origin.seed
        vectors = (space or self.release.space).place(
            clips, mean_frames(rows.frames, rows.frame_counts), _queries(self.train, space), seed
        )
        clip_of = np.unique(rows.clip_ids, return_inverse=True)[1]
        return HeardRows(clip_of, rows.moods, clips.moods, clips.vad, vectors)


def _queries(readings: TextReadings, space: MoodSpace | None) -> NDArray[np.float32]:
    """<float32>[n, d] as the text encoder writes them, or made anew for another space."""
    if space is None:
        return readings.mood
    emotions, embedding = tf.constant(readings.emotions), tf.constant(readings.embedding)
    queries: NDArray[np.float32] = space.query(emotions, embedding).numpy()
    return queries
