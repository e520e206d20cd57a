"""The recipe `large`: all-MiniLM-L6-v2, fine-tuned on the teacher's answers and features."""

from dataclasses import dataclass, field, replace
from typing import ClassVar

from training.regression.fitting import seed_everything
from training.text.config import Recipe
from training.text.corpus import Corpus
from training.text.recipes.distilled import distilled_examples, teacher_of, tokenizer_of
from training.text.student.config import FitConfig, NetworkConfig, StudentConfig
from training.text.student.pretrained import load_minilm
from training.text.student.training import train_pretrained
from training.text.trained import TrainedText


def _minilm() -> NetworkConfig:
    """all-MiniLM-L6-v2, its token vectors coded, with this project's pooling and heads."""
    return NetworkConfig(
        body=("attention", "feed_forward") * 6,
        table_width=384,
        code_bytes=128,
        width=384,
        heads=12,
        feed_forward_factor=4,
        activation="gelu",
        norm_epsilon=1e-12,
        framed=True,
        lite_only=True,
        dropout=0.0,
    )


def _from_pretrained() -> FitConfig:
    """What was pretrained moves a little; the heads start from nothing."""
    return FitConfig(epochs=1.5, inherited_learning_rate=0.15)


@dataclass(frozen=True)
class LargeConfig(StudentConfig):
    """The released large encoder's settings."""

    recipe: ClassVar[Recipe] = "large"
    network: NetworkConfig = field(default_factory=_minilm)
    fit: FitConfig = field(default_factory=_from_pretrained)


def train(config: LargeConfig, corpus: Corpus, verbose: bool) -> TrainedText:
    """Train on what the recipe `distilled` learns from, too; same config and corpus, same network.

    Raises:
        AmbianceError: if the pretrained encoder isn't installed.
        DataError: if the teacher's features aren't as wide as the network's embedding.
    """
    teacher, pretrained = teacher_of(corpus), load_minilm()
    seed_everything(config.seed)
    tokenizer = tokenizer_of(teacher)
    examples = distilled_examples(config, corpus.lessons, teacher, tokenizer)
    trained = train_pretrained(config, corpus, tokenizer, pretrained, examples, verbose)
    return replace(trained, pretrained=pretrained.digests)
