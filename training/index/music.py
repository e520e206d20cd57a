"""The clips of an index: those of AudioSet's splits that are pieces of music."""

from itertools import chain
from pathlib import Path

import numpy as np

from training.data.audioset import Clips, load_clips
from training.data.errors import DataError
from training.data.ontology import Ontology


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
