"""The teacher's job: fine-tune it on the lessons, ask it of each of them and of made-up texts, publish."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from tokenizers import Tokenizer

from ambiance.artifacts import TEXT_TEACHER, Artifact, Description, Origin, file_sha256, publish
from training.data.emobank import load_emobank
from training.data.goemotions import load_comments
from training.data.lessons import DATASETS, EMOTION, SCENE, VAD, Lessons, load_lessons
from training.data.sources import data_dir, dataset_digests
from training.listener.files import load_benchmark
from training.metrics.text_quality import emotion_truth, rating_figures
from training.origin import MPNET, describe_origin
from training.teacher.artifact import TOKENIZER_FILE, Teacher
from training.teacher.config import FLAGS, TeacherConfig
from training.teacher.fine_tune import fine_tune, start_from_frequencies
from training.teacher.network import TeacherNetwork, answers, load_token_vectors, read
from training.teacher.quality import measure, scene_figures
from training.teacher.source import WEIGHTS_FILE, default_model, model_file
from training.teacher.synthesis import Synthesizer
from training.teacher.tokens import UNKNOWN_ID, Tokens, build_tokens
from training.teacher.vectors import principal_components

LIBRARIES = ("numpy", "tokenizers", "torch", "transformers")  # whose version can change a result
NETWORK_FILE = "network.safetensors"  # of `TeacherNetwork`, for what is to be asked or taught later
LONGEST_READ = 64  # of the student's tokens: a passage's opening tells its scene, and long texts cost most


def run(config: TeacherConfig, artifacts_root: Path) -> Artifact:
    """Fine-tune on the lessons, measure on dev (never on test), publish the next version.

    Args:
        config: every number of the job.
        artifacts_root: folder to publish into.

    Raises:
        DataError: if a corpus is missing or damaged; names file and line.
        AmbianceError: if the model isn't there.
    """
    torch.manual_seed(config.seed)
    folder, model = data_dir(), config.model or default_model()
    lessons = load_lessons(folder)
    tokens = build_tokens(Tokenizer.from_file(str(model_file(model, TOKENIZER_FILE))), lessons.texts)
    ids = [row[:LONGEST_READ] for row in tokens.encode(lessons.texts)]
    token_vectors = _token_vectors(model, tokens, ids, config.token_width)
    synthetic_ids = Synthesizer(tokens, ids, token_vectors, config.seed).make(config.synthetic_texts)
    print(f"{len(lessons):,} lessons, {len(token_vectors):,} tokens, {len(synthetic_ids):,} texts made up")
    network = TeacherNetwork(model, config.dropout, config.frozen_layers)
    spelled = list(map(tokens.spell, ids))
    start_from_frequencies(network, lessons.take(lessons.are_annotated))
    for epochs in _stages(config, lessons):
        network = fine_tune(network, config, lessons, spelled, epochs)
    quality = _measure(network, tokens, folder, config.seed)
    print(quality, flush=True)
    logits, means = read(network, spelled)
    synthetic_logits, _ = read(network, list(map(tokens.spell, synthetic_ids)))
    description = Description(
        kind=TEXT_TEACHER,
        spaces=[],
        counts={
            "tokens": len(token_vectors),
            "lessons": len(lessons),
            "synthetic_texts": len(synthetic_ids),
        },
        origin=_origin(config, model, folder),
        quality=quality,
    )

    def write_files(draft: Path) -> None:
        tokens.tokenizer.save(str(draft / TOKENIZER_FILE), pretty=False)
        # Half of each number's bits: the network reads in bfloat16 anyway.
        save_file(
            {name: value.bfloat16().contiguous() for name, value in network.state_dict().items()},
            draft / NETWORK_FILE,
        )
        Teacher(
            tokenizer_file=draft / TOKENIZER_FILE,
            token_vectors=token_vectors,
            answers=answers(logits),
            features=principal_components(means, config.feature_width, np.ones(len(means))),
            lessons_sha256=lessons.digest,
            synthetic_ids=tuple(synthetic_ids),
            synthetic_answers=answers(synthetic_logits),
        ).save(draft)

    return publish(artifacts_root, description, write_files)


Epochs = list[NDArray[np.int64]]  # rows of lessons, some of them more than once


def _stages(config: TeacherConfig, lessons: Lessons) -> tuple[Epochs, Epochs]:
    """What annotators told of public corpora first; then all, and more of this project's own lessons."""
    random = np.random.default_rng(config.seed)
    annotated, own = np.flatnonzero(lessons.are_annotated), np.flatnonzero(~lessons.are_annotated)
    rated = lessons.weights[annotated, VAD.start] == 1
    every = np.repeat(annotated, np.where(rated, config.rating_repeats, 1))
    ours = np.repeat(own, np.where(lessons.are_written[own], config.written_repeats, 1))
    drawn = round(config.annotated_share * len(every))
    return [every] * config.annotated_epochs, [
        np.concatenate([random.choice(every, drawn, replace=False), ours]) for _ in range(config.epochs)
    ]


def _measure(network: TeacherNetwork, tokens: Tokens, folder: Path, seed: int) -> dict[str, Any]:
    """Emotions on GoEmotions' dev split, ratings on EmoBank's, scenes on the listener's benchmark's."""

    def ask(texts: Sequence[str]) -> NDArray[np.float32]:
        return answers(read(network, [tokens.spell(row[:LONGEST_READ]) for row in tokens.encode(texts)])[0])

    dev, rated, benchmark = load_comments(folder, "dev"), load_emobank(folder, "dev"), load_benchmark("dev")
    return {
        "listener_dev": scene_figures(ask(benchmark.texts)[:, SCENE], benchmark.scenes),
        "goemotions_dev": measure(ask(dev.texts)[:, EMOTION], emotion_truth(dev.labels), seed),
        "emobank_dev": rating_figures(ask(rated.texts)[:, VAD], rated.vad),
    }


def _origin(config: TeacherConfig, model: str, data: Path) -> Origin:
    weights = {f"{MPNET}/{WEIGHTS_FILE}": file_sha256(model_file(model, WEIGHTS_FILE))}
    flags = " ".join(
        f"--{name.replace('_', '-')} {getattr(config, name)}" for name in FLAGS if name != "seed"
    )
    datasets = dataset_digests(data, *DATASETS) | weights
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
