"""The teacher's network: a pretrained sentence encoder and one linear layer over three ways of pooling it."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from transformers import AutoModel, MPNetModel
from transformers.utils import logging

from ambiance.errors import AmbianceError
from training.data.lessons import SCENE, WIDTH

_PAD_ID = 1  # of MPNet: its positions are counted on from here
_HIDDEN = -1e4  # what the maximum sees instead of padding


class Reading(NamedTuple):
    """What the network says of n texts."""

    logits: torch.Tensor  # [n, WIDTH] columns as in training.data.lessons
    mean: torch.Tensor  # [n, hidden] the encoder's output, averaged over the tokens


class TeacherNetwork(nn.Module):
    """Token ids <int64>[n, length] and their mask, 1 at a token and 0 at padding, to a `Reading`."""

    def __init__(self, model: str, dropout: float, frozen_layers: int) -> None:
        """Load the encoder from a folder or the hub; the linear layer starts at random."""
        super().__init__()
        # Eager: in bfloat16 on a CPU the fused kernel's backward pass takes more than half of a step.
        self.encoder = _load_encoder(
            model,
            attn_implementation="eager",
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
        )
        # Frozen: the lessons hold few of the words that the encoder knows, and those alone would drift.
        self.encoder.embeddings.requires_grad_(False)
        self.encoder.encoder.relative_attention_bias.requires_grad_(False)
        for layer in self.encoder.encoder.layer[:frozen_layers]:
            layer.requires_grad_(False)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(3 * self.encoder.config.hidden_size, WIDTH)
        nn.init.normal_(self.head.weight, std=0.02)

    def forward(self, token_ids: torch.Tensor, mask: torch.Tensor) -> Reading:
        length, limit = token_ids.shape[1], self.encoder.config.max_position_embeddings - _PAD_ID - 1
        if length > limit:
            raise AmbianceError(f"text: at most {limit} tokens, got {length}")
        hidden = self.encoder(input_ids=token_ids, attention_mask=mask).last_hidden_state
        present = mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * present).sum(1) / present.sum(1)
        peak = hidden.masked_fill(present == 0, _HIDDEN).amax(1)
        return Reading(self.head(self.dropout(torch.cat([hidden[:, 0], mean, peak], dim=1))), mean)


def answers(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """<float32>[n, WIDTH] in [0, 1]: a posterior over the scenes, a sigmoid of everything else."""
    told = (1 / (1 + np.exp(-logits))).astype(np.float32)
    scenes = np.exp(logits[:, SCENE] - logits[:, SCENE].max(axis=1, keepdims=True))
    told[:, SCENE] = scenes / scenes.sum(axis=1, keepdims=True)
    return told


def load_token_vectors(model: str) -> NDArray[np.float32]:
    """<float32>[vocabulary, hidden] the vectors by which a pretrained encoder takes its tokens in."""
    return _load_encoder(model).get_input_embeddings().weight.detach().numpy()


def _load_encoder(model: str, **settings: object) -> MPNetModel:
    logging.set_verbosity_error()  # it warns of every weight of the pooling layer, which isn't wanted here
    logging.disable_progress_bar()
    return AutoModel.from_pretrained(model, add_pooling_layer=False, **settings)


def collate(rows: Sequence[NDArray[np.int32]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and mask of a batch, <int64>[n, length], as long as its longest text."""
    token_ids = nn.utils.rnn.pad_sequence(
        [torch.from_numpy(row).long() for row in rows], batch_first=True, padding_value=_PAD_ID
    )
    lengths = torch.tensor([len(row) for row in rows])
    return token_ids, (torch.arange(token_ids.shape[1]) < lengths[:, None]).long()


@torch.no_grad()
def read(
    network: TeacherNetwork, rows: Sequence[NDArray[np.int32]], batch_size: int = 128
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits <float32>[n, WIDTH] and mean outputs <float32>[n, hidden] of texts, in their order."""
    network.eval()
    order = np.argsort(
        [len(row) for row in rows], kind="stable"
    )  # alike in length, so that little is padding
    readings = []
    for start in range(0, len(rows), batch_size):
        batch = [rows[i] for i in order[start : start + batch_size]]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            readings.append(network(*collate(batch)))
    back = np.argsort(order)
    logits, means = (torch.cat(parts).float().numpy()[back] for parts in zip(*readings, strict=True))
    return logits, means
