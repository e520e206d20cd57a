"""A text through the text encoder within one process, from the request message to the reply message, alone
and in batches; beside the same model in TensorFlow, and the seed's network called as the seed called it.

The seed's network has random weights here: how long it takes doesn't depend on them.
"""

from typing import Any

import tensorflow as tf

from ambiance import artifacts
from ambiance.server.holder import Holder
from ambiance.text.v1.text_service_pb2 import EncodeTextsRequest
from ambiance.tokenizer import TOKENIZER_FILE, TextTokenizer
from bench.figures import ratio, timings
from bench.options import Options
from bench.seed import SEED_VOCABULARY
from bench.texts import TEXTS
from bench.timing import Call, alternate, settled_garbage
from text_service.application import build_reader
from text_service.encoder import MODEL_FILE, LiteRtEncoder
from text_service.service import TextServicer, TextSnapshot, describe_model
from text_service.settings import TextServiceSettings
from training.data.goemotions import load_comments
from training.data.sources import data_dir
from training.data.vocabulary import SEED_WINDOW, build_vocabulary, word_tokenizer
from training.regression.fitting import use_one_core
from training.regression.litert import SIGNATURE
from training.text.encode import window_of
from training.text.seed.model import build_model
from training.text.trained import TOKEN_IDS, first_windows

BATCHES = (1, 4, 16, 64, 256)  # texts of one call
DEADLINE_S = 5.0

TF_FUNCTION, KERAS, PREDICT = "tf.function", "seed: Keras call", "seed: Keras predict"


class _Context:
    """What the handler asks of a call: how long it has, and whether anyone waits for it."""

    def time_remaining(self) -> float:
        return DEADLINE_S

    def is_active(self) -> bool:
        return True


def measure(options: Options) -> dict[str, Any]:
    """Times a text of each kind, alternating, and how many times one text alone the others take."""
    use_one_core()
    rounds, count = (1, 3) if options.quick else (12, 20)
    texts, servicer = mixed_texts(), make_servicer(options)
    calls = {batch_name(size): batch_call(servicer, texts, size) for size in BATCHES}
    calls |= {TF_FUNCTION: tf_function_call(options, texts), **seed_calls(texts)}
    with settled_garbage():
        seconds = alternate(calls, rounds=rounds, count=count)
    for size in BATCHES:
        seconds[batch_name(size)] /= size
    alone = batch_name(1)
    pairs = [(name, alone) for name in (TF_FUNCTION, KERAS, PREDICT)]
    pairs += [(alone, batch_name(size)) for size in BATCHES[1:]]
    return {
        "timings": timings(seconds),
        "ratios": {f"{one} / {other}": ratio(seconds[one], seconds[other]) for one, other in pairs},
    }


def batch_name(size: int) -> str:
    """The name of a batch's figures, which are those of one of its texts."""
    return "1 text" if size == 1 else f"a text of {size}"


def mixed_texts() -> tuple[str, ...]:
    """Comments of GoEmotions' dev split, or made-up sentences where it isn't."""
    if not (data_dir() / "goemotions").is_dir():
        return TEXTS
    return tuple(load_comments(data_dir(), "dev").texts)


def make_servicer(options: Options) -> TextServicer:
    """The service's handlers, as its process makes them by default."""
    artifact = artifacts.load(options.artifacts, artifacts.TEXT_ENCODER)
    tokenizer = TextTokenizer.load(artifact.file(TOKENIZER_FILE).parent)
    encoder = LiteRtEncoder(artifact.file(MODEL_FILE), TextServiceSettings().interpreters)
    model = describe_model(artifact, tokenizer.vocabulary_count, encoder.signature.window, "litert")
    settings = TextServiceSettings()
    reader = build_reader(settings, artifact, tokenizer, encoder)
    return TextServicer(Holder(TextSnapshot(reader, encoder, model)), settings.distress_notice)


def batch_call(servicer: TextServicer, texts: tuple[str, ...], size: int) -> Call:
    """A call of the handler for `size` texts, other ones each time."""
    context = _Context()
    requests = [
        EncodeTextsRequest(texts=[texts[(start + i) % len(texts)] for i in range(size)])
        for start in range(0, min(len(texts), 50 * size), size)
    ]
    return lambda number: servicer.EncodeTexts(requests[number % len(requests)], context)


def tf_function_call(options: Options, texts: tuple[str, ...]) -> Call:
    """The SavedModel's compiled graph on one text."""
    folder = artifacts.load(options.artifacts, artifacts.TEXT_ENCODER).path
    tokenizer, window = TextTokenizer.load(folder), window_of(folder)
    model = tf.saved_model.load(folder)

    def call(number: int) -> object:
        token_ids = first_windows(tokenizer, [texts[number % len(texts)]], window)
        outputs = model.signatures[SIGNATURE](**{TOKEN_IDS: tf.constant(token_ids)})
        return {name: output.numpy() for name, output in outputs.items()}

    return call


def seed_calls(texts: tuple[str, ...]) -> dict[str, Call]:
    """The seed's network on one text, through Keras: called, and by `predict`."""
    tokenizer = word_tokenizer(build_vocabulary(texts, min_count=1)[:SEED_VOCABULARY])
    model = build_model(SEED_VOCABULARY)

    def token_ids(number: int) -> dict[str, Any]:
        return {TOKEN_IDS: first_windows(tokenizer, [texts[number % len(texts)]], SEED_WINDOW)}

    return {
        KERAS: lambda number: model(token_ids(number)).numpy(),
        PREDICT: lambda number: model.predict(token_ids(number), verbose=0),
    }
