"""Queries like those that an index will be asked: comments as a released text encoder reads them, or random
words where the comments aren't at hand."""

import json
from collections.abc import Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ambiance.affect import MOOD_SPACE, VAD_SPACE
from ambiance.artifacts import Artifact
from ambiance.pooling import pool
from ambiance.tokenizer import TOKENIZER_FILE, TextTokenizer
from training.data.errors import DataError
from training.data.goemotions import load_comments
from training.data.sources import data_dir
from training.regression.litert import MODEL_FILE, SIGNATURE, run_litert

_TOKEN_IDS = "token_ids"  # the model's input
_MOST_WORDS = 12

Queries = dict[str, NDArray[np.float32]]  # space -> [n, dimension]


def expected_queries(text_encoder: Artifact, count: int, seed: int) -> Queries:
    """Queries of both spaces from the last `count` comments of GoEmotions' train split, else from words.

    Words are where texts can be, though not as often: most of what people write is plainer.
    """
    try:
        texts = load_comments(data_dir(), "train").texts[-count:]
    except DataError:
        texts = random_words(text_encoder, count, seed)
    return read_queries(text_encoder, texts)


def random_words(text_encoder: Artifact, count: int, seed: int) -> list[str]:
    """`count` texts of one to twelve words of a text encoder's vocabulary."""
    draw = np.random.default_rng([seed, 2])
    document = json.loads(text_encoder.file(TOKENIZER_FILE).read_text(encoding="utf-8"))
    words = np.array([token for token in document["model"]["vocab"] if token.isalpha()])
    return [" ".join(draw.choice(words, size)) for size in draw.integers(1, _MOST_WORDS + 1, count)]


def read_queries(text_encoder: Artifact, texts: Sequence[str]) -> Queries:
    """What the encoder makes of texts; those without a word are left out."""
    tokenizer, model = TextTokenizer.load(text_encoder.path), text_encoder.file(MODEL_FILE)
    signature = Interpreter(model_path=str(model)).get_signature_runner(SIGNATURE)
    window = int(signature.get_input_details()[_TOKEN_IDS]["shape"][1])
    encodings = [encoding for text in texts if (encoding := tokenizer.encode(text, window)).token_count]
    windows = np.concatenate([encoding.windows for encoding in encodings])
    outputs = pool(run_litert(model, {_TOKEN_IDS: windows}), encodings)
    return {space: outputs[space] for space in (VAD_SPACE, MOOD_SPACE)}
