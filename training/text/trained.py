"""What every recipe returns: a trained network and all that exporting and measuring it needs."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.tokenizer import PAD_ID, Encoding, TextTokenizer

TOKEN_IDS = "token_ids"  # the network's input
# its outputs, when it is published
EMOTIONS, SCENES, VAD, DISTRESS, MOOD, EMBEDDING = (
    "emotions",
    "scenes",
    "vad",
    "distress",
    "mood",
    "embedding",
)

Read = Callable[[tf.Tensor], dict[str, tf.Tensor]]

_BATCH = 512  # windows


@dataclass(frozen=True)
class TrainedText:
    """A trained text network.

    `read` maps token ids <int32>[n, window] to `emotions` <float32>[n, 28] and `scenes` <float32>[n, 21],
    rows of which sum to 1, `vad` <float32>[n, 3] and `distress` <float32>[n, 1] in [0, 1], and `embedding`
    <float32>[n, e].
    """

    tokenizer: TextTokenizer
    window: int  # tokens
    read: Read
    module: tf.Module  # holds every variable that `read` reads
    identity: str  # digest of tokenizer and weights
    parameters: int  # numbers that were trained
    scores: str  # what `emotions` are, in a sentence
    vad_lineage: str  # of the frame that `vad` is expressed in
    lite_read: Read | None = None  # what LiteRT is to run where that isn't `read` itself
    quantized: bool = False  # LiteRT computes in int8
    lite_only: bool = False  # published without a SavedModel
    pretrained: Mapping[str, str] = field(default_factory=dict)  # file of a model it started from -> SHA-256
    quality: Mapping[str, Any] = field(default_factory=dict)  # figures that only the recipe can measure

    def read_first_windows(self, texts: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """Every output of `read` for the first window of each text."""
        read = tf.function(self.read, input_signature=[tf.TensorSpec((None, self.window), tf.int32)])
        windows = first_windows(self.tokenizer, texts, self.window)
        parts = [
            {name: rows.numpy() for name, rows in read(tf.constant(windows[start : start + _BATCH])).items()}
            for start in range(0, len(windows), _BATCH)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def first_windows(tokenizer: TextTokenizer, texts: Sequence[str], window: int) -> NDArray[np.int32]:
    """<int32>[n, window] token ids of each text's first `window` tokens; all padding for a text of none."""
    token_ids = np.full((len(texts), window), PAD_ID, np.int32)
    for row, text in zip(token_ids, texts, strict=True):
        ids = tokenizer.ids(text)[:window]
        row[: len(ids)] = ids
    return token_ids


def all_windows(tokenizer: TextTokenizer, texts: Sequence[str], window: int) -> list[Encoding]:
    """Texts as they are served; one of no tokens, which a service refuses, is a window of padding here."""
    encodings = [tokenizer.encode(text, window) for text in texts]
    nothing = Encoding(np.full((1, window), PAD_ID, np.int32), 0, 0)
    return [encoding if len(encoding.windows) else nothing for encoding in encodings]


def weights_identity(tokenizer: TextTokenizer, weights: Sequence[NDArray[Any]]) -> str:
    """Digest of what a network's answers follow from: its tokenizer and every weight, in order."""
    digest = hashlib.sha256(tokenizer.document.encode())
    for weight in weights:
        digest.update(f"{weight.dtype.str}{weight.shape}".encode())
        digest.update(np.ascontiguousarray(weight).tobytes())
    return f"text-{digest.hexdigest()[:12]}"
