"""Settings of a student: what every recipe but `seed` trains."""

from dataclasses import dataclass, field

from training.text.config import TextConfig


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


@dataclass(frozen=True)
class StudentConfig(TextConfig):
    """What the recipes that train a student share; the defaults are the recipe `distilled`'s."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    fit: FitConfig = field(default_factory=FitConfig)
