"""Texts through a released text encoder, pooled as the service pools them: what evaluation measures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from ambiance.artifacts import Artifact
from ambiance.pooling import pool, weighted_means
from ambiance.tokenizer import Encoding, TextTokenizer
from training.regression.litert import MODEL_FILE, SIGNATURE, run_litert
from training.text.trained import TOKEN_IDS, all_windows

Rows = Mapping[str, NDArray[np.float32]]  # output -> rows
Pooling = Callable[[Rows, Sequence[Encoding]], Rows]  # of windows -> of texts


@dataclass(frozen=True)
class TextReadings:
    """Columns over n texts; the encoder's outputs bear these names."""

    emotions: NDArray[np.float32]  # [n, 28] posterior over affect.EMOTIONS, rows sum to 1
    scenes: NDArray[np.float32]  # [n, 21] posterior over affect.SCENES, rows sum to 1
    distress: NDArray[np.float32]  # [n, 1] probability that the text speaks of self-harm or suicide
    vad: NDArray[np.float32]  # [n, 3] valence, arousal, dominance in [0, 1]
    mood: NDArray[np.float32]  # [n, d] queries in the mood space
    embedding: NDArray[np.float32]  # [n, e]

    def __len__(self) -> int:
        return len(self.emotions)


def read_texts(artifact: Artifact, texts: Sequence[str]) -> TextReadings:
    """Read n texts, n from 1, through LiteRT; every token of each is read."""
    artifact.file(MODEL_FILE)  # the manifest lists it
    return read_folder(artifact.path, texts)


def read_folder(folder: Path, texts: Sequence[str], pooling: Pooling = pool) -> TextReadings:
    """The same for an encoder that isn't published yet, or with another pooling."""
    encodings = all_windows(TextTokenizer.load(folder), texts, window_of(folder))
    windows = np.concatenate([encoding.windows for encoding in encodings])
    outputs = run_litert(folder / MODEL_FILE, {TOKEN_IDS: windows})
    return TextReadings(**pooling(outputs, encodings))


def pool_by_length(outputs: Rows, encodings: Sequence[Encoding]) -> dict[str, NDArray[np.float32]]:
    """Average the windows of each text by their tokens alone: what the service's pooling is compared with."""
    tokens = np.concatenate([encoding.window_token_counts for encoding in encodings])
    return weighted_means(outputs, np.maximum(tokens, 1).astype(np.float64), encodings)


def window_of(folder: Path) -> int:
    """Tokens that the model in a folder reads at once."""
    details = Interpreter(model_path=str(folder / MODEL_FILE)).get_signature_runner(SIGNATURE)
    return int(details.get_input_details()[TOKEN_IDS]["shape"][1])
