"""What every recipe but `seed` shares: train, code the token table, calibrate, pack."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ambiance.affect import READERS_VAD_LINEAGE
from ambiance.tokenizer import UNKNOWN_ID, TextTokenizer
from training.data.lessons import EMOTION
from training.metrics.text_quality import emotion_truth
from training.text.calibration import calibration_figures, fit_temperature
from training.text.corpus import Corpus
from training.text.readout import Readout
from training.text.student.batches import TokenIds
from training.text.student.coding import CodedTable, code_table
from training.text.student.config import StudentConfig
from training.text.student.fitting import Examples, Phase, fit
from training.text.student.lite import LiteStudent
from training.text.student.network import EMBEDDING, LOGITS, LONGEST_TEXT, Student, build_student
from training.text.student.packing import PackedStudent
from training.text.student.pretrained import Pretrained
from training.text.trained import Read, TrainedText, first_windows, weights_identity

_SCORES = (
    "Probabilities of the text's emotion, which sum to 1. Neutral counts a tenth of what GoEmotions' "
    "annotators gave it, as the lack of evidence that it is. With that they are calibrated on GoEmotions' "
    "dev split: of the emotions given with probability 0.7 there, about seven in ten are right."
)

_BATCH = 512  # windows


def longest_read(tokenizer: TextTokenizer, texts: Sequence[str]) -> TokenIds:
    """Token ids of each text, at most LONGEST_TEXT of them; UNKNOWN alone for a text without tokens."""
    return [np.array(tokenizer.ids(text)[:LONGEST_TEXT] or [UNKNOWN_ID], np.int32) for text in texts]


def train_student(
    config: StudentConfig,
    corpus: Corpus,
    tokenizer: TextTokenizer,
    table: NDArray[np.float32],
    examples: Examples,
    verbose: bool,
) -> TrainedText:
    """Train a student that starts from token vectors <float32>[tokens, table width].

    Call it after `seed_everything`: first weights and dropout are drawn from the global generator.
    """
    rng = np.random.default_rng(config.seed)
    free = _train_free(config, table, examples, rng, verbose)
    student = _train_coded(config, free, examples, rng, verbose)
    return _finish(config, corpus, tokenizer, student)


def train_pretrained(
    config: StudentConfig,
    corpus: Corpus,
    tokenizer: TextTokenizer,
    pretrained: Pretrained,
    examples: Examples,
    verbose: bool,
) -> TrainedText:
    """Train a framed student that starts from a pretrained encoder, whose token vectors are coded at once.

    Call it after `seed_everything`.
    """
    codes, books, rotation = _code(config, pretrained.table(tokenizer), examples)
    shares = examples.targets.mean(axis=0)
    with _half_precision():
        student = build_student(config.network, CodedTable(codes, books), shares)
    pretrained.start(student, rotation)
    phase = Phase(_steps(config, examples, config.fit.epochs), config.fit.learning_rate)
    fit(student, examples, phase, config.fit, np.random.default_rng(config.seed), verbose)
    whole = build_student(config.network, CodedTable(codes, books), shares)
    whole.set_weights(student.get_weights())
    return _finish(config, corpus, tokenizer, whole)


def _finish(config: StudentConfig, corpus: Corpus, tokenizer: TextTokenizer, student: Student) -> TrainedText:
    identity = weights_identity(tokenizer, student.get_weights())
    return with_readout(config, corpus, tokenizer, student, PackedStudent(student), identity)


def with_readout(
    config: StudentConfig,
    corpus: Corpus,
    tokenizer: TextTokenizer,
    student: Student,
    packed: PackedStudent,
    identity: str,
) -> TrainedText:
    """Fit on dev how a packed student's logits are read as probabilities, and measure how well they are.

    The weights are those of `packed`; `student` tells how the network is built.
    """
    logits = _logits(packed, first_windows(tokenizer, corpus.dev.texts, config.window))[:, EMOTION]
    truth = emotion_truth(corpus.dev.labels)
    readout = Readout(fit_temperature(logits, truth))
    return TrainedText(
        tokenizer=tokenizer,
        window=config.window,
        read=_read(packed, readout),
        lite_read=_read(LiteStudent(student, packed), readout),
        quantized=True,
        lite_only=config.network.lite_only,
        module=packed,
        identity=identity,
        parameters=sum(int(np.prod(v.shape)) for v in student.trainable_variables),
        scores=_SCORES,
        vad_lineage=READERS_VAD_LINEAGE,
        quality={"temperature": round(readout.temperature, 6)}
        | {"calibration": calibration_figures(logits, truth, config.seed)},
    )


def _train_free(
    config: StudentConfig,
    table: NDArray[np.float32],
    examples: Examples,
    rng: np.random.Generator,
    verbose: bool,
) -> Student:
    """Every token's vector is free to move."""
    layer = keras.layers.Embedding(*table.shape, name="table")
    student = build_student(config.network, layer, examples.targets.mean(axis=0))
    layer.set_weights([table])
    phase = Phase(_steps(config, examples, config.fit.epochs), config.fit.learning_rate)
    fit(student, examples, phase, config.fit, rng, verbose)
    return student


def _train_coded(
    config: StudentConfig, free: Student, examples: Examples, rng: np.random.Generator, verbose: bool
) -> Student:
    """The same network on coded token vectors, trained on to make up for what coding lost."""
    codes, books, rotation = _code(config, free.table.get_weights()[0], examples)
    coded = build_student(config.network, CodedTable(codes, books), examples.targets.mean(axis=0))
    for old, new in zip(free.heads_and_body, coded.heads_and_body, strict=True):
        new.set_weights(old.get_weights())
    kernel, bias = free.project.get_weights()
    coded.project.set_weights([rotation.T @ kernel, bias])
    phase = Phase(_steps(config, examples, config.fit.coded_epochs), config.fit.coded_learning_rate)
    fit(coded, examples, phase, config.fit, rng, verbose)
    return coded


def _code(
    config: StudentConfig, table: NDArray[np.float32], examples: Examples
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """See `code_table`."""
    seen = np.bincount(np.concatenate(examples.token_ids), minlength=len(table))
    weights = np.sqrt(seen + 1).astype(np.float32)  # common tokens more closely, rare ones not at all costs
    return code_table(table, weights, config.network.code_bytes, config.seed)


@contextmanager
def _half_precision() -> Iterator[None]:
    """Layers made in here multiply in bfloat16, which takes a third less time, on weights of float32."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(policy)


def _steps(config: StudentConfig, examples: Examples, epochs: float) -> int:
    return max(1, round(epochs * len(examples) / config.fit.batch_size))


def _logits(packed: PackedStudent, windows: NDArray[np.int32]) -> NDArray[np.float32]:
    read = tf.function(packed, input_signature=[tf.TensorSpec((None, windows.shape[1]), tf.int32)])
    starts = range(0, len(windows), _BATCH)
    return np.concatenate(
        [read(tf.constant(windows[start : start + _BATCH]))[LOGITS].numpy() for start in starts]
    )


def _read(call: Read, readout: Readout) -> Read:
    def read(token_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        outputs = call(token_ids)
        return readout(outputs[LOGITS]) | {EMBEDDING: outputs[EMBEDDING]}

    return read
