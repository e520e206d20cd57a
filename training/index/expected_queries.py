"""Queries like those that an index will be asked: sentences of our own corpus, as an encoder reads them."""

from collections.abc import Sequence

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ambiance.affect import MOOD_SPACE, VAD_SPACE
from ambiance.artifacts import Artifact
from ambiance.pooling import pool
from ambiance.tokenizer import TextTokenizer
from training.data.written import load_written
from training.regression.litert import MODEL_FILE, SIGNATURE, run_litert

_TOKEN_IDS = "token_ids"  # the model's input

Queries = dict[str, NDArray[np.float32]]  # space -> [n, dimension]


def expected_queries(text_encoder: Artifact, count: int, seed: int) -> Queries:
    """Queries of both spaces from `count` sentences of the written corpus, drawn at random, or of all."""
    texts = np.array(load_written().texts)
    return read_queries(text_encoder, np.random.default_rng(seed).permutation(texts)[:count].tolist())


def read_queries(text_encoder: Artifact, texts: Sequence[str]) -> Queries:
    """What the encoder makes of texts; those without a word are left out."""
    tokenizer, model = TextTokenizer.load(text_encoder.path), text_encoder.file(MODEL_FILE)
    signature = Interpreter(model_path=str(model)).get_signature_runner(SIGNATURE)
    window = int(signature.get_input_details()[_TOKEN_IDS]["shape"][1])
    encodings = [encoding for text in texts if (encoding := tokenizer.encode(text, window)).token_count]
    windows = np.concatenate([encoding.windows for encoding in encodings])
    outputs = pool(run_litert(model, {_TOKEN_IDS: windows}), encodings)
    return {space: outputs[space] for space in (VAD_SPACE, MOOD_SPACE)}
