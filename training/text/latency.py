"""How long one sentence takes on one thread, tokenising included, in both forms of a text encoder.

`python -m training.text.latency` sets the LiteRT model beside the SavedModel, on GoEmotions dev.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from ambiance.errors import AmbianceError
from ambiance.extras import Extra

with Extra("training", "python -m training.text.latency") as extra:
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    from ambiance.artifacts import TEXT_ENCODER, load
    from ambiance.tokenizer import TextTokenizer
    from training.data.goemotions import load_comments
    from training.data.sources import data_dir
    from training.regression.fitting import use_one_core
    from training.regression.litert import MODEL_FILE, SIGNATURE
    from training.text.encode import window_of
    from training.text.trained import TOKEN_IDS

Run = Callable[[NDArray[np.int32]], object]  # computes every output of token ids <int32>[1, window]

_WARM_UP = 50  # sentences


@extra
def main() -> None:
    """Measure the newest text encoder and print both medians."""
    parser = argparse.ArgumentParser(
        prog="python -m training.text.latency", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder of the releases")
    flags = parser.parse_args()
    use_one_core()
    try:
        folder = load(flags.artifacts, TEXT_ENCODER).path
        texts = load_comments(data_dir(), "dev").texts
    except AmbianceError as error:
        sys.exit(str(error))
    for form, prepare in (("LiteRT", prepare_litert), ("SavedModel", prepare_saved_model)):
        print(f"{form}: {milliseconds_a_sentence(folder, texts, prepare(folder)):.3f} ms a sentence")


def milliseconds_a_sentence(folder: Path, texts: Sequence[str], run: Run | None = None) -> float:
    """Median over texts: from the string to every output of its first window, in milliseconds.

    Args:
        folder: of a text encoder.
        texts: to read, from 1.
        run: what computes the outputs; by default the LiteRT model.
    """
    tokenizer, window = TextTokenizer.load(folder), window_of(folder)
    run = run or prepare_litert(folder)

    def read(text: str) -> float:
        start = perf_counter()
        row = np.zeros((1, window), np.int32)
        first = tokenizer.encode(text, window).windows[:1]
        row[: len(first)] = first
        run(row)
        return perf_counter() - start

    seconds = [read(text) for text in texts]
    return round(float(np.median(seconds[_WARM_UP:] or seconds)) * 1e3, 4)


def prepare_litert(folder: Path) -> Run:
    """The LiteRT model, on one thread and for one window, the shortest of its that holds the tokens."""
    interpreter = Interpreter(model_path=str(folder / MODEL_FILE), num_threads=1)
    runners = {}
    for name in interpreter.get_signature_list():
        runner = interpreter.get_signature_runner(name)
        runners[int(runner.get_input_details()[TOKEN_IDS]["shape"][1])] = runner

    def run(row: NDArray[np.int32]) -> object:
        length = min(length for length in runners if not row[:, length:].any())
        return runners[length](**{TOKEN_IDS: row[:, :length]})

    return run


def prepare_saved_model(folder: Path) -> Run:
    """The SavedModel's signature, as TensorFlow runs it in this process."""
    model = tf.saved_model.load(folder)

    def run(row: NDArray[np.int32]) -> object:
        outputs = model.signatures[SIGNATURE](**{TOKEN_IDS: tf.constant(row)})
        return [output.numpy() for output in outputs.values()]

    return run


if __name__ == "__main__":
    main()
