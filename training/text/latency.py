"""How long one sentence takes through LiteRT on one thread, tokenising included."""

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from ambiance.tokenizer import TextTokenizer
from training.regression.litert import MODEL_FILE
from training.text.encode import window_of

_WARM_UP = 50  # sentences


def milliseconds_a_sentence(folder: Path, texts: Sequence[str]) -> float:
    """Median over texts: from the string to every output of its first window, in milliseconds."""
    tokenizer, window = TextTokenizer.load(folder), window_of(folder)
    interpreter = Interpreter(model_path=str(folder / MODEL_FILE), num_threads=1)
    token_ids = interpreter.get_input_details()[0]["index"]
    outputs = [details["index"] for details in interpreter.get_output_details()]
    interpreter.resize_tensor_input(token_ids, [1, window], strict=True)
    interpreter.allocate_tensors()

    def read(text: str) -> float:
        start = perf_counter()
        row = np.zeros((1, window), np.int32)
        first = tokenizer.encode(text, window).windows[:1]
        row[: len(first)] = first
        interpreter.set_tensor(token_ids, row)
        interpreter.invoke()
        for output in outputs:
            interpreter.get_tensor(output)
        return perf_counter() - start

    seconds = [read(text) for text in texts]
    return round(float(np.median(seconds[_WARM_UP:] or seconds)) * 1e3, 4)
