"""What a learned space is taught by: losses over a batch of texts and a batch of clips on one sphere."""

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True)
class Pairs:
    """A batch of texts and a batch of clips, and how each of the one goes with each of the other."""

    text_groups: tf.Tensor  # <float32>[b, 5] 1 where a text is of a group of moods
    clip_groups: tf.Tensor  # <float32>[b, 5]
    right: tf.Tensor  # <float32>[b, b] 1 where a clip's group is one of a text's
    closeness: tf.Tensor  # <float32>[b, b] in (-1, 1], from the distance between their labels in VAD


# (texts, clips: unit <float32>[b, d]; unit anchors of the groups of moods <float32>[5, d]; pairs) -> loss
Loss = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, Pairs], tf.Tensor]


def triplet_loss(texts: tf.Tensor, clips: tf.Tensor, anchors: tf.Tensor, pairs: Pairs) -> tf.Tensor:
    """Three branches: texts, clips and learned anchors lie nearer to what they go with than to the rest."""
    scores = texts @ tf.transpose(clips)
    return (
        _margin_loss(texts @ tf.transpose(anchors), pairs.text_groups)
        + _margin_loss(clips @ tf.transpose(anchors), pairs.clip_groups)
        + _margin_loss(scores, pairs.right)
        + _margin_loss(tf.transpose(scores), tf.transpose(pairs.right))
    )


def continuous_loss(texts: tf.Tensor, clips: tf.Tensor, anchors: tf.Tensor, pairs: Pairs) -> tf.Tensor:
    """The cosine of a text and a clip is to be their closeness in VAD; there are no anchors."""
    return 10 * tf.reduce_mean(tf.square(texts @ tf.transpose(clips) - pairs.closeness))


def _margin_loss(
    scores: tf.Tensor, right: tf.Tensor, margin: float = 0.4, hardness: float = 10.0
) -> tf.Tensor:
    """Hinge of each right pair against a soft maximum over the wrong ones of its row."""
    wrong = tf.reduce_logsumexp(hardness * scores - 1e3 * right, axis=1, keepdims=True) / hardness
    hinge = tf.nn.relu(margin + wrong - scores) * right
    return tf.reduce_sum(hinge) / (tf.reduce_sum(right) + 1e-6)
