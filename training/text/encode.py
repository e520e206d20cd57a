"""Texts through a released text encoder, as the seed reads them: what evaluation measures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ambiance.artifacts import Artifact
from ambiance.tokenizer import WordTokenizer
from training.regression.litert import MODEL_FILE, run_litert
from training.text.windows import TOKEN_IDS, first_windows


def encode_vad(artifact: Artifact, texts: Sequence[str]) -> NDArray[np.float32]:
    """<float32>[n, 3] VAD of the first window of each text. (The service pools all of a text's windows.)"""
    token_ids = first_windows(WordTokenizer.load(artifact.path), texts)
    return run_litert(artifact.file(MODEL_FILE), {TOKEN_IDS: token_ids})
