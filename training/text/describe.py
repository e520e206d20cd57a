"""What the manifest of a `text_encoder` says of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ambiance.artifacts import TEXT_ENCODER, TEXT_TEACHER, Artifact, Description, Space
from ambiance.placement.mood_space import DIMENSION
from training.data.lessons import DATASETS
from training.data.sources import dataset_digests
from training.origin import LIBRARIES, MPNET, describe_origin
from training.regression.exporting import vad_space
from training.space.space import MoodSpace
from training.text.config import TextConfig
from training.text.corpus import Corpus
from training.text.recipes.seed import SeedRecipeConfig
from training.text.trained import EMOTIONS, MOOD, TrainedText


def describe(
    config: TextConfig,
    data_dir: Path,
    trained: TrainedText,
    space: MoodSpace,
    corpus: Corpus,
    teacher: Artifact | None,
    quality: Mapping[str, Any],
) -> Description:
    """Describe a trained network, measured and ready to publish."""
    # Recipe `seed` learns GoEmotions alone, but its space's spread follows all lessons too.
    digests = dataset_digests(data_dir, *DATASETS) | dict(trained.pretrained)
    if teacher:
        learned_from = teacher.manifest.origin.datasets
        digests |= {name: sha256 for name, sha256 in learned_from.items() if name.startswith(f"{MPNET}/")}
    sources = {TEXT_TEACHER: teacher.manifest.version} if teacher else None
    mood = Space(name=MOOD, dimension=DIMENSION, metric="squared_l2", lineage=space.lineage)
    return Description(
        kind=TEXT_ENCODER,
        spaces=[vad_space(trained.vad_lineage), mood],
        counts={
            "vocabulary_tokens": trained.tokenizer.vocabulary_count,
            "window_tokens": trained.window,
            "parameters": trained.parameters,
            "lessons": len(corpus.lessons),
            "judged_texts": int((corpus.lessons.tells_scene & ~corpus.lessons.are_written).sum()),
            "synthetic_texts": len(corpus.teacher.synthetic_ids) if corpus.teacher else 0,
        },
        origin=describe_origin(
            _command(config), config.seed, digests, sources, (*LIBRARIES, "scikit-learn", "tokenizers")
        ),
        quality=dict(quality),
        notes={EMOTIONS: trained.scores},
    )


def _command(config: TextConfig) -> str:
    weights = f" --sample-weights {config.sample_weights}" if isinstance(config, SeedRecipeConfig) else ""
    return f"python -m training.text --recipe {config.recipe}{weights}"
