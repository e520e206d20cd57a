"""Counts that show whether the data sets were read as published; `python -m training.data` prints them."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from ambiance.affect import MOODS
from training.data import audioset, goemotions
from training.data.audioset import CLIP_COUNTS
from training.data.clip_record import FEATURES, FRAMES
from training.data.errors import DataError
from training.data.ontology import MUSIC, Ontology, load_ontology, moods_of
from training.data.vocabulary import build_vocabulary, unknown_share, word_tokenizer, words

COMMENT_COUNTS = {"train": 43_410, "dev": 5_426, "test": 5_427}
OPTIONAL_SPLIT = "unbal_train"  # 2.3 GB, which a mirror may leave out


def describe(data_dir: Path) -> Iterator[str]:
    """Read everything and yield a line for each fact found.

    Raises:
        DataError: if a split is missing, or doesn't hold as many comments or clips as its publisher says.
    """
    yield from _describe_comments(data_dir)
    ontology = load_ontology(data_dir)
    yield f"audioset: {len(ontology.names)} classes, {len(ontology.music_classes())} of them music"
    for split, count in CLIP_COUNTS.items():
        if split == OPTIONAL_SPLIT and not audioset.has_split(data_dir, split):
            yield f"audioset {split}: not in this archive"
        else:
            yield _describe_clips(data_dir, split, ontology, count)


def _describe_comments(data_dir: Path) -> Iterator[str]:
    texts = {}
    for split, count in COMMENT_COUNTS.items():
        texts[split] = goemotions.load_comments(data_dir, split).texts
        _check_count(f"goemotions {split}", len(texts[split]), count, "comments")
    vocabulary = build_vocabulary(texts["train"])
    distinct = len(set(chain.from_iterable(map(words, texts["train"]))))
    yield f"goemotions: {distinct:,} distinct words in train, {len(vocabulary) - 2:,} in the vocabulary"
    tokenizer = word_tokenizer(vocabulary)
    for split, split_texts in texts.items():
        share = unknown_share(tokenizer, split_texts)
        yield f"goemotions {split}: {len(split_texts):,} comments, {share:.3%} of token slots unknown"


def _describe_clips(data_dir: Path, split: str, ontology: Ontology, expected: int) -> str:
    music, pieces = ontology.music_classes(), ontology.musical_piece_classes()
    music_class = ontology.index(MUSIC)
    clips = full = labelled_music = of_music = of_pieces = 0
    moods = [0] * len(MOODS.names)
    for clip in audioset.iterate_clips(data_dir, split):
        clips += 1
        full += len(clip.frames) == FRAMES * FEATURES
        labelled_music += music_class in clip.labels
        of_music += not music.isdisjoint(clip.labels)
        of_pieces += not pieces.isdisjoint(clip.labels)
        for mood in moods_of(clip.labels):
            moods[mood] += 1
    _check_count(f"audioset {split}", clips, expected, "clips")
    counted = ", ".join(f"{name} {count:,}" for name, count in zip(MOODS.names, moods, strict=True))
    return (
        f"audioset {split}: {clips:,} clips, {full:,} of {FRAMES} frames, {labelled_music:,} labelled Music, "
        f"{of_music:,} with its descendants, {of_pieces:,} without mere instruments; {counted}"
    )


def _check_count(name: str, found: int, expected: int, unit: str) -> None:
    if found != expected:
        raise DataError(f"{name}: {found:,} {unit}, its publisher says {expected:,}")
