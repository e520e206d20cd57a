"""The recipe `bag`: from scratch, with nothing pretrained; the order of a text's tokens is ignored."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from ambiance.tokenizer import PAD, UNKNOWN, TextTokenizer
from training.data.lessons import SCENE, Lessons
from training.regression.fitting import seed_everything
from training.text.config import Recipe
from training.text.corpus import Corpus
from training.text.student.config import FitConfig, NetworkConfig, StudentConfig
from training.text.student.fitting import Examples
from training.text.student.training import longest_read, train_student
from training.text.trained import TrainedText

_TABLE_DEVIATION = 0.5  # of the random numbers that token vectors start from


def _bag() -> NetworkConfig:
    """No body, and more dropout than the distilled network: hard labels are learned by heart sooner."""
    return NetworkConfig(body=(), embedding_width=64, embedding_feeds_emotions=True, dropout=0.2)


def _from_scratch() -> FitConfig:
    """Vectors that start at random have farther to go, and nothing but the comments to go by."""
    return FitConfig(epochs=10.0, learning_rate=2e-3)


@dataclass(frozen=True)
class BagConfig(StudentConfig):
    """Settings of an encoder that needs no teacher."""

    recipe: ClassVar[Recipe] = "bag"
    network: NetworkConfig = field(default_factory=_bag)
    fit: FitConfig = field(default_factory=_from_scratch)
    vocabulary_tokens: int = 8_000


def train(config: BagConfig, corpus: Corpus, verbose: bool) -> TrainedText:
    """Train on what people told; the same config and lessons give the same network."""
    seed_everything(config.seed)
    lessons = corpus.lessons
    tokenizer = train_tokenizer(lessons.texts, config.vocabulary_tokens)
    examples = Examples(
        longest_read(tokenizer, lessons.texts),
        _targets(lessons),
        lessons.weights,
        np.zeros((len(lessons), config.network.embedding_width), np.float32),
        np.zeros(len(lessons), np.float32),
    )
    shape = (tokenizer.vocabulary_count, config.network.table_width)
    table = np.random.default_rng(config.seed).normal(0, _TABLE_DEVIATION, shape).astype(np.float32)
    return train_student(config, corpus, tokenizer, table, examples, verbose)


def _targets(lessons: Lessons) -> NDArray[np.float32]:
    """What people told; scenes that a text may be of are equally likely."""
    targets = lessons.targets.copy()
    targets[:, SCENE] /= np.maximum(targets[:, SCENE].sum(axis=1, keepdims=True), 1)
    return targets


def train_tokenizer(texts: Sequence[str], vocabulary_tokens: int) -> TextTokenizer:
    """Learn byte pairs (BPE) of lower-cased texts, `vocabulary_tokens` of them at most.

    Of bytes, because any text can be written in them, and because the library's trainers break ties
    between other pieces differently from run to run.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=True)  # shows where words part
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_tokens,
        special_tokens=[PAD, UNKNOWN],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    # The trainer would have "[PAD]" in a text read as padding.
    document = json.loads(tokenizer.to_str()) | {"added_tokens": []}
    return TextTokenizer(Tokenizer.from_str(json.dumps(document)))
