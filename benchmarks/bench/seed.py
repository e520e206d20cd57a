"""A text to its ten clips within one process, three ways: as the seed did it, as the same models would do it
with `tf.function`, and as the services do it. Needs TensorFlow, so it runs in a process of its own.

The seed's network has random weights here: how long it takes doesn't depend on them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.affect import MOOD_SPACE, VAD_SPACE
from ambiance.tokenizer import TextTokenizer
from bench.figures import ratio, timings
from bench.in_process import SpaceVector, all_vectors, load_music_index, load_text_reader, load_vectors
from bench.options import Options
from bench.texts import TEXTS
from bench.timing import Call, alternate, one_core
from training.data.vocabulary import SEED_WINDOW, build_vocabulary, word_tokenizer
from training.regression.fitting import use_one_core
from training.regression.litert import SIGNATURE
from training.text.encode import window_of
from training.text.seed.model import build_model
from training.text.trained import TOKEN_IDS, first_windows

K = 10
SEED_VOCABULARY = 2_680  # words that the seed knows, padding and unknown included
TIMEOUT_S = 5.0

SEED, TF_FUNCTION, OURS = "seed: Keras call and TensorFlow scan", "tf.function", "ours"

Scan = Callable[[tf.Tensor], Any]  # a query <float32>[1, d] to distances and rows, [K] each


def measure(options: Options) -> dict[str, Any]:
    """Times of the three, alternating on one core, and how many times ours the others take."""
    use_one_core()
    rounds, count = (1, 3) if options.quick else (12, 25)
    calls = {
        SEED: seed_call(options),
        TF_FUNCTION: tf_function_call(options),
        OURS: services_call(options),
    }
    with one_core():
        seconds = alternate(calls, rounds=rounds, count=count)
    return {
        "timings": timings(seconds),
        "ratios": {f"{name} / {OURS}": ratio(seconds[name], seconds[OURS]) for name in (SEED, TF_FUNCTION)},
    }


def seed_call(options: Options) -> Call:
    """One Keras call a sentence, and a scan over every clip, operation by operation."""
    tokenizer, model = word_tokenizer(build_vocabulary(TEXTS, min_count=1)), build_model(SEED_VOCABULARY)
    scan = scan_of(all_vectors(load_vectors(options.artifacts, VAD_SPACE)))

    def call(number: int) -> object:
        token_ids = first_windows(tokenizer, [text_of(number)], SEED_WINDOW)
        distances, rows = scan(model({TOKEN_IDS: token_ids}))
        return distances.numpy(), rows.numpy()

    return call


def tf_function_call(options: Options) -> Call:
    """The released model and the scan, each a compiled graph."""
    folder = artifacts.load(options.artifacts, artifacts.TEXT_ENCODER).path
    tokenizer, window = TextTokenizer.load(folder), window_of(folder)
    model = tf.saved_model.load(folder)
    scan = tf.function(scan_of(all_vectors(load_vectors(options.artifacts, MOOD_SPACE))))

    def call(number: int) -> object:
        token_ids = first_windows(tokenizer, [text_of(number)], window)
        outputs = model.signatures[SIGNATURE](**{TOKEN_IDS: tf.constant(token_ids)})
        distances, rows = scan(outputs[MOOD_SPACE])
        return distances.numpy(), rows.numpy(), {name: output.numpy() for name, output in outputs.items()}

    return call


def services_call(options: Options) -> Call:
    """What the services compute, without the messages around it."""
    reader, index = load_text_reader(options.artifacts), load_music_index(options.artifacts)

    def call(number: int) -> object:
        text = text_of(number)
        reading = reader.read([text], [reader.tokenize(text)], TIMEOUT_S)
        query = SpaceVector(MOOD_SPACE, reading.outputs[MOOD_SPACE][0].tolist())
        return index.search([query], K)

    return call


def scan_of(clips: NDArray[np.float32]) -> Scan:
    """The seed's search among clips <float32>[n, d]: the squared distance to each, then the smallest."""
    vectors = tf.constant(clips)

    def scan(query: tf.Tensor) -> Any:
        distances = tf.reduce_sum(tf.square(vectors - query), axis=-1)
        negated, rows = tf.math.top_k(-distances, K)
        return -negated, rows

    return scan


def text_of(number: int) -> str:
    """The text of a call."""
    return TEXTS[number % len(TEXTS)]
