"""The teacher's job: fine-tune its members on GoEmotions train, ask them, publish `text_teacher`."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from ambiance.affect import EMOTIONS
from ambiance.artifacts import TEXT_TEACHER, Artifact, Description, Origin, file_sha256, publish
from training.data.goemotions import Comments, load_comments
from training.data.sources import data_dir, dataset_digests
from training.evaluate.metrics import membership
from training.origin import MINILM, describe_origin
from training.teacher.artifact import TOKENIZER_FILE, TRAIN, Teacher
from training.teacher.config import TeacherConfig
from training.teacher.fine_tune import Answers, Lessons, train_member
from training.teacher.network import load_token_vectors
from training.teacher.quality import measure
from training.teacher.source import WEIGHTS_FILE, model_file
from training.teacher.synthesis import Synthesizer
from training.teacher.tokens import UNKNOWN_ID, Tokens, build_tokens
from training.teacher.vectors import principal_components

LIBRARIES = ("numpy", "tokenizers", "torch", "transformers")  # whose version can change a result


def run(config: TeacherConfig, model: str, artifacts_root: Path) -> Artifact:
    """Fine-tune on train, measure on dev (never on test), publish the next version.

    Args:
        config: every number of the job.
        model: the pretrained encoder, a folder or a name on the hub.
        artifacts_root: folder to publish into.

    Raises:
        DataError: if GoEmotions is missing or damaged; names file and line.
        AmbianceError: if the model isn't there, or a text is too long for it.
    """
    folder = data_dir()
    comments, dev = (load_comments(folder, split) for split in ("train", "dev"))
    origin = _origin(config, model, folder)
    tokens = build_tokens(Tokenizer.from_file(str(model_file(model, TOKENIZER_FILE))), comments.texts)
    train_ids = tokens.encode(comments.texts)
    token_vectors = _token_vectors(model, tokens, train_ids, config.token_width)
    synthetic_ids = Synthesizer(tokens, train_ids, token_vectors, config.seed).make(config.synthetic_texts)
    print(f"{len(token_vectors):,} tokens, {len(synthetic_ids):,} texts made up", flush=True)
    spelled = [list(map(tokens.spell, rows)) for rows in (train_ids, tokens.encode(dev.texts), synthetic_ids)]
    answers = _train_members(config, model, Lessons(_truth(comments), *spelled))
    description = Description(
        kind=TEXT_TEACHER,
        spaces=[],
        counts={
            "tokens": len(token_vectors),
            "members": config.members,
            "training_comments": len(comments),
            "synthetic_texts": len(synthetic_ids),
        },
        origin=origin,
        quality={"goemotions_dev": measure(_mean_probabilities(answers, "dev"), _truth(dev), config.seed)},
    )

    def write_files(draft: Path) -> None:
        tokens.tokenizer.save(str(draft / TOKENIZER_FILE), pretty=False)
        Teacher(
            tokenizer_file=draft / TOKENIZER_FILE,
            token_vectors=token_vectors,
            train_soft_labels=_mean_probabilities(answers, "train"),
            train_features=_features(answers[0].train_means, config.feature_width),
            train_sha256=origin.datasets[TRAIN],
            synthetic_ids=tuple(synthetic_ids),
            synthetic_soft_labels=_mean_probabilities(answers, "synthetic"),
        ).save(draft)

    return publish(artifacts_root, description, write_files)


def _origin(config: TeacherConfig, model: str, data: Path) -> Origin:
    weights = {f"{MINILM}/{WEIGHTS_FILE}": file_sha256(model_file(model, WEIGHTS_FILE))}
    flags = f"--members {config.members} --epochs {config.epochs} --synthetic-texts {config.synthetic_texts}"
    datasets = dataset_digests(data, "goemotions") | weights
    return describe_origin(f"python -m training.teacher {flags}", config.seed, datasets, libraries=LIBRARIES)


def _token_vectors(
    model: str, tokens: Tokens, rows: Sequence[NDArray[np.int32]], width: int
) -> NDArray[np.float32]:
    """<float32>[tokens, width] from the encoder's input vectors: the mean of a token's spelling."""
    inputs = load_token_vectors(model)
    vectors = np.stack([inputs[list(spelling)].mean(axis=0) for spelling in tokens.spellings])
    components = principal_components(vectors, width, np.sqrt(tokens.count(rows) + 1.0))
    components[: UNKNOWN_ID + 1] = 0  # padding and the unknown say nothing
    return components


def _train_members(config: TeacherConfig, model: str, lessons: Lessons) -> list[Answers]:
    # Spawned, not forked: a forked child would inherit the locks of the parent's threads.
    with ProcessPoolExecutor(config.processes, mp_context=get_context("spawn")) as pool:
        members = range(config.members)
        return list(pool.map(train_member, repeat(config), repeat(model), members, repeat(lessons)))


def _truth(comments: Comments) -> NDArray[np.bool_]:
    """<bool>[comments, 28] emotions of each comment."""
    count = len(EMOTIONS.names)
    return membership(comments.labels, np.arange(count), count)


def _mean_probabilities(answers: Sequence[Answers], texts: str) -> NDArray[np.float32]:
    """<float32>[n, 28] probabilities of the members' mean logits for their `train`, `dev` or `synthetic`."""
    logits = np.mean([getattr(answer, texts) for answer in answers], axis=0)
    return 1 / (1 + np.exp(-logits))


def _features(means: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    return principal_components(means, width, np.ones(len(means)))
