"""The seed's text network: one window of token ids in, a point in VAD space out."""

import keras

from training.data.vocabulary import SEED_WINDOW
from training.text.trained import TOKEN_IDS

EMBEDDING_WIDTH = 48
LSTM_UNITS = 24  # in each direction
HIDDEN_UNITS = 24


def build_model(vocabulary_size: int) -> keras.Model:
    """Map `token_ids` <int32>[n, SEED_WINDOW] to VAD <float32>[n, 3] in [0, 1].

    Padding isn't masked, as in the seed: PAD has an embedding like any word, and the LSTM reads on over it.
    The recurrence is unrolled over the window. That trains twice as fast here as the loop does, and LiteRT
    can't convert the loop for a batch size that is known only at run time.
    """
    token_ids = keras.Input((SEED_WINDOW,), dtype="int32", name=TOKEN_IDS)
    small = keras.initializers.TruncatedNormal(stddev=0.01)
    hidden = keras.layers.Embedding(vocabulary_size, EMBEDDING_WIDTH, embeddings_initializer=small)(token_ids)
    hidden = keras.layers.Bidirectional(keras.layers.LSTM(LSTM_UNITS, unroll=True))(hidden)
    hidden = keras.layers.Dense(HIDDEN_UNITS, activation="leaky_relu")(hidden)
    return keras.Model({TOKEN_IDS: token_ids}, keras.layers.Dense(3, activation="sigmoid")(hidden))
