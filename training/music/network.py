"""The seed's recipe: its network's VAD, and moods by how near the VAD lies to each."""

import keras
import tensorflow as tf

from ambiance.affect import CLOSENESS_SIGMA, MOODS
from training.music.config import MusicConfig
from training.music.mood_rows import FRAME_COUNTS, FRAMES, MoodRows
from training.music.train import train


class NetworkMoods(tf.Module):
    """The seed's network with a Gaussian kernel behind it; orders moods by distance, isn't calibrated."""

    def __init__(self, model: keras.Model) -> None:
        """`model` maps `frames` and `frame_counts` to VAD."""
        super().__init__()
        self.model = model
        self.kept_variables = [variable.value for variable in model.variables]

    @property
    def parameter_count(self) -> int:
        """Trained numbers."""
        return int(self.model.count_params())

    def __call__(self, frames: tf.Tensor, frame_counts: tf.Tensor) -> dict[str, tf.Tensor]:
        """`moods` [n, 7] and `vad` [n, 3], <float32>, of frames <uint8>[n, 10, 128], counts <int32>[n]."""
        vad = self.model({FRAMES: frames, FRAME_COUNTS: frame_counts}, training=False)
        distances = tf.reduce_sum(tf.square(vad[:, None, :] - tf.constant(MOODS.vad)[None]), axis=-1)
        return {"moods": tf.nn.softmax(distances / (-2 * CLOSENESS_SIGMA**2)), "vad": vad}


def fit_network(config: MusicConfig, rows: MoodRows, verbose: bool = False) -> NetworkMoods:
    """Train the network on the rows.

    Raises:
        DataError: if a mood is on no row.
    """
    return NetworkMoods(train(config, rows, verbose))
