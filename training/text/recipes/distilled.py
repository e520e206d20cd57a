"""The recipe `distilled`: starts from the teacher's token vectors, learns its answers and features."""

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ambiance.artifacts import TEXT_TEACHER
from ambiance.tokenizer import TextTokenizer
from training.data.errors import DataError
from training.data.lessons import SCENE, Lessons
from training.regression.fitting import seed_everything
from training.teacher.artifact import Teacher
from training.text.config import TextConfig
from training.text.corpus import Corpus
from training.text.student.fitting import Examples
from training.text.student.training import longest_read, train_student
from training.text.trained import TrainedText


def train(config: TextConfig, corpus: Corpus, verbose: bool) -> TrainedText:
    """Train on the lessons and the teacher's made-up texts; same config and corpus, same network.

    Raises:
        DataError: if the teacher's features aren't as wide as the network's embedding.
    """
    if corpus.teacher is None:
        raise DataError(f"recipe distilled: needs a {TEXT_TEACHER}")
    teacher = corpus.teacher
    seed_everything(config.seed)
    tokenizer = TextTokenizer(Tokenizer.from_file(str(teacher.tokenizer_file)))
    examples = _examples(config, corpus.lessons, teacher, tokenizer)
    return train_student(config, corpus, tokenizer, teacher.token_vectors, examples, verbose)


def _examples(config: TextConfig, lessons: Lessons, teacher: Teacher, tokenizer: TextTokenizer) -> Examples:
    read, synthetic = len(lessons), len(teacher.synthetic_ids)
    if teacher.features.shape[1] != config.network.embedding_width:
        width = teacher.features.shape[1]
        raise DataError(
            f"embedding: {config.network.embedding_width} wide, the teacher's features are {width}"
        )
    features = _standardized(teacher.features)
    targets = np.concatenate([_targets(config, lessons, teacher), teacher.synthetic_answers])
    return Examples(
        [*longest_read(tokenizer, lessons.texts), *teacher.synthetic_ids],
        targets.astype(np.float32),
        np.ones_like(targets, np.float32),
        np.concatenate([features, np.zeros((synthetic, features.shape[1]), np.float32)]),
        np.repeat(np.array([1, 0], np.float32), [read, synthetic]),
    )


def _targets(config: TextConfig, lessons: Lessons, teacher: Teacher) -> NDArray[np.float32]:
    """The teacher's answers, and to some share what people told, where they told it outright."""
    share = config.fit.hard_share * (lessons.weights == 1)
    share[lessons.open_scenes, SCENE] = 0
    answers = teacher.answers.copy()
    # bytes on disk round each share by itself
    answers[:, SCENE] /= answers[:, SCENE].sum(axis=1, keepdims=True)
    mixed: NDArray[np.float32] = share * lessons.targets + (1 - share) * answers
    return mixed


def _standardized(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features <float32>[n, width] moved and scaled as a whole to mean 0 and mean square 1."""
    centred = features - features.mean(axis=0)
    return (centred / np.sqrt(np.square(centred).mean())).astype(np.float32)
