"""Prepares clips that are written: checks each, hears or estimates what it lacks, and says what is wrong."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ambiance import artifacts
from ambiance.artifacts import Artifact
from ambiance.errors import Violation
from ambiance.music.v1.clip_input_pb2 import ClipInput
from ambiance.music.v1.clip_pb2 import ClipMetadata
from ambiance.placement import EncodedClips
from ambiance.placement.encoded_clips import WIDTHS
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from music_index_service.catalog.label_hierarchy import LabelHierarchy
from music_index_service.preparation.clip_labels import ClipLabels
from music_index_service.preparation.features import read_features
from music_index_service.preparation.given import (
    Given,
    read_facets,
    read_moods,
    read_traits,
    read_vad,
)
from music_index_service.preparation.identity import check_identity
from music_index_service.preparation.metadata import check_attributes, check_metadata
from music_index_service.preparation.offences import Offences
from music_index_service.preparation.placement_model import PlacementModel
from music_index_service.preparation.windows import Windows

if TYPE_CHECKING:
    from music_index_service.preparation.clip_encoder import ClipEncoder

_log = logging.getLogger(__name__)

Prepared = StoredClip | list[Violation]

_NO_METADATA = ClipMetadata()


class ClipPreparation:
    """Completes clips on the model of a release. Any number of threads may ask at once."""

    def __init__(self, model: PlacementModel, labels: LabelHierarchy, encoder: "ClipEncoder | None") -> None:
        """Take what the release carries; without its music encoder, clips of features are refused."""
        self.model = model
        self._labels, self._encoder = ClipLabels(labels), encoder

    @classmethod
    def load(cls, index: Artifact, root: Path, labels: LabelHierarchy) -> "ClipPreparation | None":
        """Prepare by a `music_index`; None if it was published without what places other clips.

        Args:
            index: the release.
            root: where the music encoder that it was made with lies, too.
            labels: the release's.

        Raises:
            ArtifactError: if a file of either is damaged.
        """
        model = PlacementModel.load(index)
        if model is None:
            return None
        return cls(model, labels, _load_encoder(index, root))

    def prepare(self, clips: Sequence[ClipInput], attribute_types: Mapping[str, str]) -> list[Prepared]:
        """Each clip complete, or what is wrong with it, in their order.

        Args:
            clips: those of one write, n from 0.
            attribute_types: "text", "number" or "flag" by name, of each attribute that the index knows.
        """
        batch, offences = list(clips), Offences(len(clips))
        check_identity(batch, offences)
        labels = self._labels.read(batch, offences)
        features = self._features(batch, offences)
        given = {
            "moods": read_moods(batch, offences),
            "facets": read_facets(batch, offences),
            "traits": read_traits(batch, offences),
            "vad": read_vad(batch, offences),
        }
        _check_sources(batch, offences)
        _check_metadata(batch, attribute_types, offences)
        good = [i for i in range(len(batch)) if i not in offences]
        heard = self._complete([features[i] for i in good], _rows(given, good))
        listenable = self.model.rule.listenable([labels[i] for i in good], heard.traits).tolist()
        stored: dict[int, StoredClip] = {
            i: _stored(batch[i], labels[i], packed, listens)
            for i, packed, listens in zip(good, heard.packed(), listenable, strict=True)
        }
        return [stored[i] if i in stored else offences.of(i) for i in range(len(batch))]

    def _features(self, batch: Sequence[ClipInput], offences: Offences) -> list[bytes]:
        features = read_features(batch, offences)
        if self._encoder is None:
            for i in [i for i, frames in enumerate(features) if frames]:
                field = "vggish_frames" if batch[i].vggish_frames else "vggish_embedding"
                offences.add(i, field, "needs the release's music encoder, which isn't here")
        return features

    def _complete(self, features: Sequence[bytes], given: Mapping[str, Given]) -> EncodedClips:
        """What is heard in clips: as given, else by the encoder, else by what the rest lets expect."""
        columns = {name: np.zeros((len(features), width), np.float32) for name, width in WIDTHS.items()}
        featured = np.array([bool(frames) for frames in features], np.bool_)
        if self._encoder is not None and featured.any():
            windows = Windows.of([frames for frames in features if frames])
            heard = windows.pool(self._encoder.encode(windows.frames, windows.counts))
            for name, values in vars(heard).items():
                columns[name][featured] = values
        for name, scores in given.items():
            columns[name][scores.present] = scores.values[scores.present]
        estimates, facets, moods = self.model.estimates, columns["facets"], columns["moods"]
        lacking = {name: ~featured & ~given[name].present for name in ("facets", "moods", "vad")}
        if (rows := lacking["facets"]).any():
            facets[rows] = estimates.facets(moods[rows])
        if (rows := lacking["moods"]).any():
            moods[rows] = estimates.moods(facets[rows])
        if (rows := lacking["vad"]).any():
            columns["vad"][rows] = estimates.vad(facets[rows], moods[rows])
        return EncodedClips(**columns)


def attribute_types(clip: StoredClip) -> dict[str, str]:
    """The type of each of a clip's attributes, by name."""
    return {name: value.WhichOneof("value") or "" for name, value in clip.metadata.attributes.items()}


def _load_encoder(index: Artifact, root: Path) -> "ClipEncoder | None":
    version = index.manifest.origin.sources.get(artifacts.MUSIC_ENCODER)
    if version is None or version not in artifacts.versions(root, artifacts.MUSIC_ENCODER):
        facts = {"music_encoder": version, "artifacts": str(root)}
        _log.warning("the release's music encoder isn't there: clips of features are refused", extra=facts)
        return None
    # Here, because only an index that is written to needs LiteRT in memory.
    from music_index_service.preparation.clip_encoder import ClipEncoder  # noqa: PLC0415

    return ClipEncoder(artifacts.load(root, artifacts.MUSIC_ENCODER, version))


def _rows(given: Mapping[str, Given], rows: list[int]) -> dict[str, Given]:
    return {name: Given(scores.values[rows], scores.present[rows]) for name, scores in given.items()}


def _check_sources(batch: Sequence[ClipInput], offences: Offences) -> None:
    """Require of each clip that something in it tells its facets."""
    for i, clip in enumerate(batch):
        if not (clip.facets or clip.moods or clip.vggish_frames or clip.vggish_embedding):
            needed = "needs vggish_frames, vggish_embedding, facets or moods"
            but = "; vad alone doesn't tell what is heard" if clip.HasField("vad") else ""
            offences.add(i, "", f"{needed}{but}")


def _check_metadata(batch: Sequence[ClipInput], known: Mapping[str, str], offences: Offences) -> None:
    """Check metadata: of a new attribute, the first clip that is taken with it gives it its type."""
    metadata = {i: clip.metadata for i, clip in enumerate(batch) if clip.HasField("metadata")}
    check_metadata(metadata, offences)
    types = dict(known)
    for i, of_clip in metadata.items():
        if of_clip.attributes:
            found = check_attributes(i, of_clip, types, offences)
            if found and i not in offences:
                types |= found


def _stored(clip: ClipInput, labels: list[str], heard: bytes, listenable: bool) -> StoredClip:
    stored = StoredClip()  # by keywords it takes three times as long
    stored.id = clip.id
    stored.youtube_id = clip.youtube_id
    stored.start_seconds = clip.start_seconds
    stored.end_seconds = clip.end_seconds
    if labels:
        stored.labels.extend(labels)
    stored.heard = heard
    stored.listenable = clip.listenable if clip.HasField("listenable") else listenable
    stored.available = clip.available if clip.HasField("available") else True
    if clip.HasField("metadata") and clip.metadata != _NO_METADATA:
        stored.metadata.CopyFrom(clip.metadata)
    return stored
