"""The captioned clips of `bal_train` with their sound: what facets are learned from and measured on."""

from pathlib import Path

from training.data.audioset import load_clips
from training.data.musiccaps import load_captions
from training.music.caption_judgements import load_caption_judgements
from training.music.caption_words import read_captions
from training.music.config import Split
from training.music.facets import CaptionedClips, join_captions

SPLIT: Split = "bal_train"


def load_captioned(data_dir: Path) -> CaptionedClips:
    """Every captioned clip of `bal_train`, in the order of MusicCaps.

    Raises:
        DataError: if MusicCaps or AudioSet is missing or damaged, or a captioned clip isn't there or judged.
    """
    captions = load_captions(data_dir)
    judged, clips = load_caption_judgements(captions.places), load_clips(data_dir, SPLIT)
    return join_captions(clips, captions.places, read_captions(captions), judged)
