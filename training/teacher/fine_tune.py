"""Fine-tunes one member of the teacher on the train comments and takes down what it says.

A member runs in a process of its own on one thread: several threads would mostly wait for each other.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.optim.swa_utils import AveragedModel

from training.teacher.config import TeacherConfig
from training.teacher.network import TeacherNetwork, collate, read

_WARM_UP = 0.06  # share of the steps over which the learning rate rises; it falls to 0 over the others
_WEIGHT_DECAY = 0.01  # of matrices
_LARGEST_GRADIENT = 1.0  # norm
_AVERAGE_EVERY = 10  # steps
_LOG_EVERY = 100  # steps
_POOL = 40  # batches that are filled from the same comments, by length

Rows = Sequence[NDArray[np.int32]]  # texts as the teacher's token ids
Tensors = list[torch.Tensor]


@dataclass(frozen=True)
class Lessons:
    """What a member learns from and what it is asked."""

    labels: NDArray[np.bool_]  # [comments, 28] emotions that each train comment bears
    train: Rows
    dev: Rows
    synthetic: Rows


@dataclass(frozen=True)
class Answers:
    """What a member says of each text: logits <float32>[n, 28]; of train also its mean output [n, hidden]."""

    train: NDArray[np.float32]
    dev: NDArray[np.float32]
    synthetic: NDArray[np.float32]
    train_means: NDArray[np.float32]


def train_member(config: TeacherConfig, model: str, member: int, lessons: Lessons) -> Answers:
    """Fine-tune from the member's own seed, then read every text with the averaged weights."""
    torch.set_num_threads(1)
    torch.manual_seed(config.seed + member)
    network = TeacherNetwork(model, config.dropout)
    average = _fine_tune(network, config, member, lessons)
    train, train_means = read(average, lessons.train)
    print(f"member {member}: train read", flush=True)
    dev, synthetic = (read(average, rows)[0] for rows in (lessons.dev, lessons.synthetic))
    return Answers(train, dev, synthetic, train_means)


def _fine_tune(
    network: TeacherNetwork, config: TeacherConfig, member: int, lessons: Lessons
) -> TeacherNetwork:
    """Train in place; the network returned holds the moving average of the weights."""
    random = np.random.default_rng(config.seed + member)
    targets = torch.from_numpy(lessons.labels).float()
    with torch.no_grad():
        network.head.bias.copy_(torch.logit(targets.mean(0), eps=1e-4))
    average = AveragedModel(network, multi_avg_fn=_averaging(config.average_decay))
    steps = config.epochs * -(-len(lessons.train) // config.batch_size)
    optimizer = torch.optim.AdamW(_parameter_groups(network, config), betas=(0.9, 0.98), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
    network.train()
    started, loss = time.monotonic(), 0.0
    batches = (b for _ in range(config.epochs) for b in _batches(lessons.train, config.batch_size, random))
    for step, batch in enumerate(batches, start=1):
        loss += _step(network, [lessons.train[i] for i in batch], targets[batch])
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % _AVERAGE_EVERY == 0 or step == steps:
            average.update_parameters(network)
        if step % _LOG_EVERY == 0:
            progress = f"step {step} of {steps}, loss {loss / _LOG_EVERY:.3f}"
            print(f"member {member}: {progress}, {time.monotonic() - started:.0f} s", flush=True)
            loss = 0.0
    return average.module


def _step(network: TeacherNetwork, rows: Rows, targets: torch.Tensor) -> float:
    """Leave the clipped gradient in the network; the loss is the sum of 28 cross-entropies, averaged."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = network(*collate(rows)).logits
    loss = binary_cross_entropy_with_logits(logits.float(), targets, reduction="sum") / len(rows)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
    return loss.item()


def _rate(step: int, steps: int) -> float:
    """Share of the full learning rate: a straight rise, then a straight fall."""
    return min((step + 1) / (_WARM_UP * steps), max(0.0, (steps - step) / ((1 - _WARM_UP) * steps)))


def _averaging(decay: float) -> Callable[[Tensors, Tensors, torch.Tensor], None]:
    """An exponential moving average that looks back less far while it is young."""

    @torch.no_grad()
    def update(averages: Tensors, weights: Tensors, updates: torch.Tensor) -> None:
        step = _AVERAGE_EVERY * int(updates)
        kept = min(decay, (step + 10) / (step + 100)) ** _AVERAGE_EVERY
        torch._foreach_lerp_(averages, weights, 1 - kept)

    return update


def _parameter_groups(network: TeacherNetwork, config: TeacherConfig) -> Iterator[dict[str, Any]]:
    """Lower layers learn more slowly: they know the language, the upper ones the task."""
    layers = network.encoder.encoder.layer
    rates = [config.learning_rate * config.layer_decay**above for above in range(len(layers))]
    parts = [*zip(reversed(layers), rates, strict=True), (network.head, config.head_learning_rate)]
    for part, rate in parts:
        for matrices in (True, False):
            parameters = [p for p in part.parameters() if (p.ndim > 1) == matrices]
            yield {"params": parameters, "lr": rate, "weight_decay": _WEIGHT_DECAY * matrices}


def _batches(rows: Rows, size: int, random: np.random.Generator) -> list[NDArray[np.int64]]:
    """Every row once, in batches of rows that are alike in length, in random order."""
    lengths = np.array([len(row) for row in rows])
    shuffled = random.permutation(len(rows))
    batches = []
    for start in range(0, len(rows), _POOL * size):
        pool = shuffled[start : start + _POOL * size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[first : first + size] for first in range(0, len(pool), size)]
    return [batches[i] for i in random.permutation(len(batches))]
