"""The recipe `distilled`: starts from the teacher's token vectors, learns its soft labels and features."""

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ambiance.affect import EMOTIONS
from ambiance.artifacts import TEXT_TEACHER
from ambiance.tokenizer import TextTokenizer
from training.data.errors import DataError
from training.regression.fitting import seed_everything
from training.regression.targets import multi_hot
from training.teacher.artifact import Teacher
from training.text.config import TextConfig
from training.text.corpus import Corpus
from training.text.student.fitting import Examples
from training.text.student.training import longest_read, train_student
from training.text.trained import TrainedText


def train(config: TextConfig, corpus: Corpus, verbose: bool) -> TrainedText:
    """Train on the train comments and the teacher's synthetic texts; same config and corpus, same network.

    Raises:
        DataError: if the teacher's features aren't as wide as the network's embedding.
    """
    if corpus.teacher is None:
        raise DataError(f"recipe distilled: needs a {TEXT_TEACHER}")
    teacher = corpus.teacher
    seed_everything(config.seed)
    tokenizer = TextTokenizer(Tokenizer.from_file(str(teacher.tokenizer_file)))
    examples = _examples(config, corpus, teacher, tokenizer)
    return train_student(config, corpus, tokenizer, teacher.token_vectors, examples, verbose)


def _examples(config: TextConfig, corpus: Corpus, teacher: Teacher, tokenizer: TextTokenizer) -> Examples:
    comments, synthetic = len(corpus.train), len(teacher.synthetic_ids)
    hard = multi_hot(corpus.train.labels, len(EMOTIONS.names))
    soft = teacher.train_soft_labels
    if teacher.train_features.shape[1] != config.network.embedding_width:
        width = teacher.train_features.shape[1]
        raise DataError(
            f"embedding: {config.network.embedding_width} wide, the teacher's features are {width}"
        )
    targets = config.fit.hard_share * hard + (1 - config.fit.hard_share) * soft
    features = _standardized(teacher.train_features)
    return Examples(
        [*longest_read(tokenizer, corpus.train.texts), *teacher.synthetic_ids],
        np.concatenate([targets, teacher.synthetic_soft_labels]).astype(np.float32),
        np.concatenate([features, np.zeros((synthetic, features.shape[1]), np.float32)]),
        np.repeat(np.array([1, 0], np.float32), [comments, synthetic]),
    )


def _standardized(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features <float32>[n, width] moved and scaled as a whole to mean 0 and mean square 1."""
    centred = features - features.mean(axis=0)
    return (centred / np.sqrt(np.square(centred).mean())).astype(np.float32)
