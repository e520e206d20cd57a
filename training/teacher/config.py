"""Settings of the teacher's job."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TeacherConfig:
    """How a teacher is fine-tuned, and what it is asked."""

    seed: int = 1  # of every random number; member m draws from seed + m
    members: int = 2  # networks whose logits are averaged
    processes: int = 2  # that train members at the same time, one thread each
    epochs: int = 3
    batch_size: int = 64  # comments
    learning_rate: float = 2e-4  # of AdamW, at the encoder's last layer
    layer_decay: float = 0.9  # of the learning rate from a layer to the one below
    head_learning_rate: float = 5e-4
    dropout: float = 0.15
    average_decay: float = 0.998  # of the moving average of the weights, a step
    synthetic_texts: int = 100_000
    token_width: int = 128  # components of a student's token vector
    feature_width: int = 32  # components of the teacher's pooled output
