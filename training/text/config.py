"""Settings of the text job: what all recipes share, and what each recipe adds."""

from dataclasses import dataclass, field
from typing import Literal, get_args

SampleWeights = Literal["seed", "corrected", "none"]
SAMPLE_WEIGHTS: tuple[SampleWeights, ...] = get_args(SampleWeights)

Recipe = Literal["distilled", "large", "bag", "seed"]
RECIPES: tuple[Recipe, ...] = get_args(Recipe)


@dataclass(frozen=True)
class SeedConfig:
    """How the seed trains its network; the defaults are the seed's."""

    seed: int = 1  # of every random number
    min_word_count: int = 15  # occurrences in train that make a word known
    epochs: int = 3
    batch_size: int = 128  # comments
    learning_rate: float = 1e-3  # of Adam
    sample_weights: SampleWeights = "seed"


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of the network behind every recipe but `seed`."""

    body: tuple[str, ...] = ("convolution", "convolution", "attention", "feed_forward")
    table_width: int = 256  # components of a token's vector
    code_bytes: int = 64  # a token's vector takes in the released model
    width: int = 192  # components of a token's vector in the body
    heads: int = 4  # of the attention in the body
    feed_forward_factor: int = 2  # width inside a feed-forward block, times the body's
    activation: str = "relu"  # in there
    norm_epsilon: float = 1e-5  # of layer normalisation
    framed: bool = False  # the body is told each token's place, and reads a mark before and after the text
    pooling_heads: int = 4
    lite_only: bool = False  # published for LiteRT alone: a SavedModel would double an artifact's size
    embedding_width: int = 128
    embedding_feeds_emotions: bool = False  # the embedding is a hidden layer before them, not beside them
    dropout: float = 0.1


@dataclass(frozen=True)
class FitConfig:
    """How that network is trained: first on free token vectors, then on coded ones."""

    epochs: float = 3.0
    coded_epochs: float = 0.5  # after the token vectors were coded
    batch_size: int = 128  # texts
    learning_rate: float = 1e-3  # highest of the schedule; of AdamW
    coded_learning_rate: float = 3e-4
    inherited_learning_rate: float = 0.5  # times the learning rate, for what doesn't start at random
    weight_decay: float = 1e-2
    warm_up: float = 0.05  # share of the steps
    token_dropout: float = 0.05  # share of the tokens that are read as unknown
    scene_weight: float = 3.0  # of the scenes' cross-entropy, beside the sum of 28 of emotions
    vad_weight: float = 60.0  # of the mean squared error of valence, arousal and dominance
    distress_weight: float = 3.0
    embedding_weight: float = 1.0  # of the squared distance to the teacher's features, in the loss
    hard_share: float = 0.2  # of what people told, where a teacher answered too
    emotion_hard_share: float = 0.5  # the same, of emotions: the teacher learned them for fewer epochs
    written_repeats: int = 3  # times that an epoch goes through the sentences of our own corpus
    comment_repeats: int = 2  # and through GoEmotions' comments, which alone tell emotions
    distress_repeats: int = 6  # and through those of people in distress, who are few
    word_weight: float = 0.5  # of a word that points to a scene, beside a sentence
    word_share: float = 0.8  # of the scene that it points to; it may stand in others


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


def _from_scratch() -> FitConfig:
    """Vectors that start at random have farther to go, and nothing but the comments to go by."""
    return FitConfig(epochs=10.0, learning_rate=2e-3)


@dataclass(frozen=True)
class TextConfig:
    """How a text encoder is trained."""

    recipe: Recipe = "distilled"
    seed: int = 1  # of every random number
    window: int = 32  # tokens that the network reads at once; the recipe `seed` reads 30
    teacher_version: int | None = None  # of `text_teacher`; None for the newest
    vocabulary_tokens: int = 8_000  # of the recipe `bag`
    network: NetworkConfig = field(default_factory=NetworkConfig)
    fit: FitConfig = field(default_factory=FitConfig)  # of the recipe `distilled`
    large_network: NetworkConfig = field(default_factory=_minilm)  # of the recipe `large`
    large_fit: FitConfig = field(default_factory=_from_pretrained)
    bag_fit: FitConfig = field(default_factory=_from_scratch)  # of the recipe `bag`
    sample_weights: SampleWeights = "seed"  # of the recipe `seed`
