"""The recipe `distilled`: starts from the teacher's token vectors, learns its answers and features."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ambiance.affect import SCENES
from ambiance.artifacts import TEXT_TEACHER
from ambiance.tokenizer import TextTokenizer
from training.data.errors import DataError
from training.data.lessons import DISTRESS, EMOTION, SCENE, WIDTH, Lessons
from training.data.written import WORDS_FOLDER, load_written
from training.regression.fitting import seed_everything
from training.teacher.artifact import Teacher
from training.text.config import Recipe
from training.text.corpus import Corpus
from training.text.student.batches import TokenIds
from training.text.student.config import StudentConfig
from training.text.student.fitting import Examples
from training.text.student.training import longest_read, train_student
from training.text.trained import TrainedText


@dataclass(frozen=True)
class DistilledConfig(StudentConfig):
    """The released small encoder's settings."""

    recipe: ClassVar[Recipe] = "distilled"


def train(config: DistilledConfig, corpus: Corpus, verbose: bool) -> TrainedText:
    """Train on the lessons and the teacher's made-up texts; same config and corpus, same network.

    Raises:
        DataError: if the teacher's features aren't as wide as the network's embedding.
    """
    teacher = teacher_of(corpus)
    seed_everything(config.seed)
    tokenizer = tokenizer_of(teacher)
    examples = distilled_examples(config, corpus.lessons, teacher, tokenizer)
    return train_student(config, corpus, tokenizer, teacher.token_vectors, examples, verbose)


def teacher_of(corpus: Corpus) -> Teacher:
    """The teacher that a corpus was loaded with.

    Raises:
        DataError: if there is none.
    """
    if corpus.teacher is None:
        raise DataError(f"a student needs a {TEXT_TEACHER}")
    return corpus.teacher


def tokenizer_of(teacher: Teacher) -> TextTokenizer:
    """The tokenizer that a teacher made for its students."""
    return TextTokenizer(Tokenizer.from_file(str(teacher.tokenizer_file)))


def distilled_examples(
    config: StudentConfig, lessons: Lessons, teacher: Teacher, tokenizer: TextTokenizer
) -> Examples:
    """What a student learns: lessons as the teacher answers them, its made-up texts, and words.

    Raises:
        DataError: if the teacher's features aren't as wide as the network's embedding.
    """
    if teacher.features.shape[1] != config.network.embedding_width:
        width = teacher.features.shape[1]
        raise DataError(
            f"embedding: {config.network.embedding_width} wide, the teacher's features are {width}"
        )
    rows = np.repeat(np.arange(len(lessons)), _repeats(config, lessons))
    texts = longest_read(tokenizer, lessons.texts)
    targets = np.concatenate([_targets(config, lessons, teacher)[rows], teacher.synthetic_answers])
    words = _words(config, tokenizer)
    others = len(teacher.synthetic_ids) + len(words)
    features = _standardized(teacher.features)[rows]
    return Examples(
        [*(texts[row] for row in rows.tolist()), *teacher.synthetic_ids, *words.token_ids],
        np.concatenate([targets, words.targets]).astype(np.float32),
        np.concatenate([np.ones_like(targets, np.float32), words.weights]),
        np.concatenate([features, np.zeros((others, features.shape[1]), np.float32)]),
        np.repeat(np.array([1, 0], np.float32), [len(rows), others]),
    )


@dataclass(frozen=True)
class _Words:
    """Columns over words and short phrases, of which nothing is known but the scene that they point to."""

    token_ids: TokenIds
    targets: NDArray[np.float32]  # [n, WIDTH]
    weights: NDArray[np.float32]  # [n, WIDTH]

    def __len__(self) -> int:
        return len(self.targets)


def _words(config: StudentConfig, tokenizer: TextTokenizer) -> _Words:
    """Words that the teacher wasn't asked: what a small network can't guess from the sentences it reads."""
    words = load_written(WORDS_FOLDER)
    targets, weights = (np.zeros((len(words), WIDTH), np.float32) for _ in range(2))
    targets[:, SCENE] = (1 - config.fit.word_share) / len(SCENES)
    for row, scenes in enumerate(words.scenes):
        targets[row, SCENE][list(scenes)] += config.fit.word_share / len(scenes)
    weights[:, SCENE] = config.fit.word_weight
    return _Words(longest_read(tokenizer, words.texts), targets, weights)


def _repeats(config: StudentConfig, lessons: Lessons) -> NDArray[np.int64]:
    """<int64>[n] times that an epoch goes through each lesson."""
    fit = config.fit
    kinds = (
        (lessons.weights[:, DISTRESS.start] == 1, fit.distress_repeats),
        (lessons.are_written, fit.written_repeats),
        (lessons.weights[:, EMOTION.start] == 1, fit.comment_repeats),
    )
    return np.select([mask for mask, _ in kinds], [np.array(times) for _, times in kinds], default=1)


def _targets(config: StudentConfig, lessons: Lessons, teacher: Teacher) -> NDArray[np.float32]:
    """The teacher's answers, and to some share what people told, where they told it outright."""
    share = config.fit.hard_share * (lessons.weights == 1)
    share[:, EMOTION] = config.fit.emotion_hard_share * lessons.weights[:, EMOTION]
    share[:, SCENE] = config.fit.hard_share * lessons.tells_scene[:, None]
    answers = teacher.answers.copy()
    # bytes on disk round each share by itself
    answers[:, SCENE] /= answers[:, SCENE].sum(axis=1, keepdims=True)
    mixed: NDArray[np.float32] = share * lessons.targets + (1 - share) * answers
    return mixed


def _standardized(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features <float32>[n, width] moved and scaled as a whole to mean 0 and mean square 1."""
    centred = features - features.mean(axis=0)
    return (centred / np.sqrt(np.square(centred).mean())).astype(np.float32)
