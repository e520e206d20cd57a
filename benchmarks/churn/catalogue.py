"""Clips like the released ones, as many as wanted: what is heard in one of those, with some noise."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance.affect import FACETS, MOOD_SPACE, MOODS, TRAITS
from ambiance.music.v1.clip_input_pb2 import ClipInput
from ambiance.music.v1.clip_pb2 import AttributeValue, ClipMetadata
from ambiance.placement.encoded_clips import EncodedClips
from ambiance.placement.mood_space import FIT_COMPONENTS
from ambiance.store.v1.stored_clip_pb2 import StoredClip
from ambiance.type.v1.affect_pb2 import FacetScore, MoodScore, Vad
from music_index_service.loading import load_index
from music_index_service.store.store import Change, State, Store

_AT_ONCE = 20_000  # clips of a commit
_NOISE = 0.4  # standard deviation, in log-odds
_ARTISTS, _GENRES = 20_000, 40


class LikeReleased:
    """Draws clips; the same seed draws the same."""

    def __init__(self, artifacts: Path, seed: int = 0) -> None:
        """Take the folder of the released index."""
        index = load_index("released", artifacts)
        segment = index.segments[0]
        self._catalog, count = segment.catalog, len(segment.catalog)
        placed = segment.engines[MOOD_SPACE].vectors(np.arange(count))
        timbre = placed[:, FIT_COMPONENTS:-1]
        timbre = timbre / np.maximum(np.linalg.norm(timbre, axis=1, keepdims=True), 1e-6)
        vad = np.array([self._catalog.clip(row).vad for row in range(count)], np.float32)
        catalog = self._catalog
        self._heard = EncodedClips(catalog.moods(), catalog.facets(), catalog.traits(), vad, timbre)
        self._labels = [catalog.clip(row).labels for row in range(count)]
        self._listenable = catalog.listenable()
        self._rng = np.random.default_rng(seed)

    def draw(self, ids: list[str]) -> list[StoredClip]:
        """Clips of these ids."""
        rows = self._rng.integers(0, len(self._catalog), len(ids))
        heard = self._noisy(self._heard.take(rows)).packed()
        bpm = self._rng.uniform(60, 180, len(ids)).round().tolist()
        artists = self._rng.integers(0, _ARTISTS, len(ids)).tolist()
        genres = self._rng.integers(0, _GENRES, len(ids)).tolist()
        return [
            StoredClip(
                id=clip_id,
                labels=self._labels[row],
                heard=packed,
                listenable=bool(self._listenable[row]),
                available=True,
                metadata=ClipMetadata(
                    title=f"Piece {clip_id}",
                    artist=f"Artist {artist}",
                    duration_seconds=60 + tempo,
                    attributes={
                        "bpm": AttributeValue(number=tempo),
                        "genre": AttributeValue(text=f"Genre {genre}"),
                    },
                ),
            )
            for clip_id, row, packed, tempo, artist, genre in zip(
                ids, rows.tolist(), heard, bpm, artists, genres, strict=True
            )
        ]

    def _noisy(self, heard: EncodedClips) -> EncodedClips:
        moods = heard.moods * np.exp(self._noise(heard.moods.shape))
        timbre = heard.timbre + self._noise(heard.timbre.shape)
        return EncodedClips(
            moods / moods.sum(axis=1, keepdims=True),
            self._shifted(heard.facets),
            self._shifted(heard.traits),
            self._shifted(heard.vad),
            timbre / np.linalg.norm(timbre, axis=1, keepdims=True),
        )

    def _shifted(self, shares: NDArray[np.float32]) -> NDArray[np.float32]:
        certain = np.clip(shares, 1e-4, 1 - 1e-4)
        logits = np.log(certain / (1 - certain)) + self._noise(shares.shape)
        return (1 / (1 + np.exp(-logits))).astype(np.float32)

    def _noise(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        return self._rng.standard_normal(shape, np.float32) * np.float32(_NOISE)


def clip_id(number: int) -> str:
    """Of the clip of that number."""
    return f"clip-{number:07d}"


def fill(path: Path, clips: LikeReleased, count: int) -> None:
    """Write so many clips to a new store."""
    with Store.open(path) as store:
        for numbers in _pieces(count):
            drawn = clips.draw([clip_id(number) for number in numbers])
            store.commit([Change(clip.id, State.WRITTEN, clip.SerializeToString()) for clip in drawn])


def _pieces(count: int) -> Iterator[range]:
    return (range(start, min(start + _AT_ONCE, count)) for start in range(0, count, _AT_ONCE))


def as_input(clip: StoredClip) -> ClipInput:
    """The clip as somebody writes it who knows what is heard in it."""
    heard = EncodedClips.unpacked([clip.heard])
    moods, facets, traits = (getattr(heard, name)[0].tolist() for name in ("moods", "facets", "traits"))
    valence, arousal, dominance = heard.vad[0].tolist()
    return ClipInput(
        id=clip.id,
        labels=clip.labels,
        facets=[FacetScore(facet=name, score=score) for name, score in zip(FACETS, facets, strict=True)],
        moods=[MoodScore(mood=name, score=score) for name, score in zip(MOODS.names, moods, strict=True)],
        traits=[FacetScore(facet=name, score=score) for name, score in zip(TRAITS, traits, strict=True)],
        vad=Vad(valence=valence, arousal=arousal, dominance=dominance),
        metadata=clip.metadata,
    )
