"""Fine-tunes the teacher on all lessons at once, each text for what its corpus tells of it."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax
from torch.optim.swa_utils import AveragedModel

from training.data.lessons import DISTRESS, EMOTION, SCENE, VAD, Lessons
from training.teacher.config import TeacherConfig
from training.teacher.network import TeacherNetwork, collate

_WARM_UP = 0.06  # share of the steps over which the learning rate rises; it falls to 0 over the others
_WEIGHT_DECAY = 0.01  # of matrices
_LARGEST_GRADIENT = 1.0  # norm
_AVERAGE_EVERY = 10  # steps
_LOG_EVERY = 50  # steps
_POOL = 40  # batches that are filled from the same texts, by length
_IMPOSSIBLE = -1e4  # logarithm of the share of a scene that a text can't be of

Rows = Sequence[NDArray[np.int32]]  # texts as the teacher's token ids
Known = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # targets, weights and open_scenes of texts
Tensors = tuple[torch.Tensor, ...] | list[torch.Tensor]


def fine_tune(
    network: TeacherNetwork,
    config: TeacherConfig,
    lessons: Lessons,
    rows: Rows,
    epochs: Iterable[NDArray[np.int64]],
) -> TeacherNetwork:
    """One stage: train in place; the network returned holds the moving average of the weights.

    Args:
        network: where the stage before left it.
        config: every number of the job.
        lessons: what is told of each text.
        rows: the texts' token ids.
        epochs: the texts of each, <int64>[n] rows in any order, as often as it goes through them.
    """
    random = np.random.default_rng(config.seed)
    known = _Known(lessons)
    average = AveragedModel(network, multi_avg_fn=_averaging(config.average_decay))
    steps = [batch for texts in epochs for batch in _batches(rows, texts, config.batch_size, random)]
    optimizer = torch.optim.AdamW(_parameter_groups(network, config), betas=(0.9, 0.98), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, len(steps)))
    network.train()
    started, loss = time.monotonic(), 0.0
    for step, batch in enumerate(steps, start=1):
        loss += _step(network, [rows[i] for i in batch], known.take(batch), config)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if step % _AVERAGE_EVERY == 0 or step == len(steps):
            average.update_parameters(network)
        if step % _LOG_EVERY == 0:
            progress = f"step {step:,} of {len(steps):,}, loss {loss / _LOG_EVERY:.3f}"
            print(f"{progress}, {time.monotonic() - started:.0f} s", flush=True)
            loss = 0.0
    return cast(TeacherNetwork, average.module)


class _Known:
    """The columns of lessons as tensors."""

    def __init__(self, lessons: Lessons) -> None:
        self._targets, self._weights = torch.from_numpy(lessons.targets), torch.from_numpy(lessons.weights)
        self._open_scenes = torch.from_numpy(lessons.open_scenes)

    def take(self, rows: NDArray[np.int64]) -> Known:
        """Those of some texts."""
        at = torch.from_numpy(rows)
        return self._targets[at], self._weights[at], self._open_scenes[at]


def start_from_frequencies(network: TeacherNetwork, lessons: Lessons) -> None:
    """Let the fresh head answer every text with how often each is so: it saves hundreds of steps."""
    shares = (lessons.targets * lessons.weights).sum(axis=0) / np.maximum(lessons.weights.sum(axis=0), 1)
    with torch.no_grad():
        network.head.bias.copy_(torch.logit(torch.from_numpy(shares), eps=1e-3))


def _step(network: TeacherNetwork, rows: Rows, known: Known, config: TeacherConfig) -> float:
    """Leave the clipped gradient in the network; the loss is averaged over the batch."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = network(*collate(rows)).logits
    loss = lessons_loss(logits.float(), *known, config)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
    return loss.item()


def lessons_loss(
    logits: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    open_scenes: torch.Tensor,
    config: TeacherConfig,
) -> torch.Tensor:
    """Mean over the texts of what each is told: columns as in `Lessons`."""
    per_column = binary_cross_entropy_with_logits(logits, targets, reduction="none") * weights
    emotions, distress = per_column[:, EMOTION].sum(1), per_column[:, DISTRESS].sum(1)
    errors = (torch.sigmoid(logits[:, VAD]) - targets[:, VAD]).square() * weights[:, VAD]
    logs, told = log_softmax(logits[:, SCENE], dim=1), targets[:, SCENE]
    # Of scenes that a text may be of, any will do: what counts is the share of all of them together.
    any_of = -torch.logsumexp(logs.where(told > 0, torch.tensor(_IMPOSSIBLE)), dim=1)
    scenes = any_of.where(open_scenes, -(told * logs).sum(1)) * weights[:, SCENE].amax(1)
    weighted = emotions + config.scene_weight * scenes + config.distress_weight * distress
    return (weighted + config.vad_weight * errors.mean(1)).mean()


def _rate(step: int, steps: int) -> float:
    """Share of the full learning rate: a straight rise, then a straight fall."""
    return min((step + 1) / (_WARM_UP * steps), max(0.0, (steps - step) / ((1 - _WARM_UP) * steps)))


def _averaging(decay: float) -> Callable[[Tensors, Tensors, torch.Tensor | int], None]:
    """An exponential moving average that looks back less far while it is young."""

    @torch.no_grad()
    def update(averages: Tensors, weights: Tensors, updates: torch.Tensor | int) -> None:
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
            parameters = [p for p in part.parameters() if (p.ndim > 1) == matrices and p.requires_grad]
            if parameters:
                yield {"params": parameters, "lr": rate, "weight_decay": _WEIGHT_DECAY * matrices}


def _batches(
    rows: Rows, texts: NDArray[np.int64], size: int, random: np.random.Generator
) -> list[NDArray[np.int64]]:
    """`texts`, numbers of rows, in batches of rows that are alike in length, in random order."""
    lengths = np.array([len(row) for row in rows])
    shuffled = random.permutation(texts)
    batches = []
    for start in range(0, len(shuffled), _POOL * size):
        pool = shuffled[start : start + _POOL * size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[first : first + size] for first in range(0, len(pool), size)]
    return [batches[i] for i in random.permutation(len(batches))]
