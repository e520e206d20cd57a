"""Settings of the teacher's job."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TeacherConfig:
    """How a teacher is fine-tuned, and what it is asked."""

    seed: int = 1  # of every random number
    epochs: int = 2
    batch_size: int = 64  # texts
    frozen_layers: int = 4  # of the encoder's twelve, the lowest: they know the language already
    written_repeats: int = 2  # times that an epoch goes through our own sentences
    learning_rate: float = 6e-5  # of AdamW, at the encoder's last layer
    layer_decay: float = 0.92  # of the learning rate from a layer to the one below
    head_learning_rate: float = 5e-4
    scene_weight: float = 3.0  # of a scene's cross-entropy, beside the sum of 28 cross-entropies of emotions
    vad_weight: float = 60.0  # of the mean squared error of valence, arousal and dominance
    distress_weight: float = 3.0
    dropout: float = 0.1
    average_decay: float = 0.995  # of the moving average of the weights, a step
    synthetic_texts: int = 120_000
    token_width: int = 128  # components of a student's token vector
    feature_width: int = 32  # components of the teacher's pooled output
