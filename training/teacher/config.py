"""Settings of the teacher's job."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TeacherConfig:
    """How a teacher is fine-tuned, and what it is asked."""

    seed: int = 1  # of every random number
    model: str | None = None  # pretrained: a folder or a name on the hub; None for what is installed
    annotated_epochs: int = 1  # of the first stage, over what annotators told of their corpora
    rating_repeats: int = 2  # times that such an epoch goes through EmoBank's sentences
    epochs: int = 1  # of the second stage, over all lessons
    annotated_share: float = 0.5  # of the annotators' lessons, drawn anew, in an epoch of the second stage
    batch_size: int = 64  # texts
    frozen_layers: int = 4  # of the encoder's twelve, the lowest: they know the language already
    written_repeats: int = 2  # times that such an epoch goes through what was written for this project
    learning_rate: float = 6e-5  # of AdamW, at the encoder's last layer
    layer_decay: float = 0.92  # of the learning rate from a layer to the one below
    head_learning_rate: float = 5e-4
    scene_weight: float = 3.0  # of a scene's cross-entropy, beside the sum of 28 cross-entropies of emotions
    vad_weight: float = 60.0  # of the mean squared error of valence, arousal and dominance
    distress_weight: float = 3.0
    dropout: float = 0.1
    average_decay: float = 0.995  # of the moving average of the weights, a step
    synthetic_texts: int = 80_000
    token_width: int = 256  # components of a student's token vector
    feature_width: int = 128  # components of the teacher's pooled output


# What the command line may set, and what it says of each; the seed first.
FLAGS = {
    "seed": "of every random number",
    "annotated_epochs": "passes over what annotators told",
    "epochs": "passes over all lessons after that",
    "synthetic_texts": "texts made up for it to label",
}
