"""Pretrained encoders in small: an MPNet of two layers with a few dozen word pieces, and a BERT."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

if TYPE_CHECKING:
    from training.text.student.config import NetworkConfig
    from training.text.student.pretrained import Pretrained

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORDS = "happy days sing sang name religion lol haha don so sad 99 1984 日 ' ’ ♥ . ! , - un ##happy ##ber"


def word_piece() -> Tokenizer:
    """A tokenizer like MPNet's: its special tokens, padding and all; commoner words come first."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "[PAD]", "[unused0]", "[UNK]", "<mask>"]
    pieces = [*special, *_WORDS.split(), *_LETTERS, *(f"##{letter}" for letter in _LETTERS)]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(name, vocabulary[name]) for name in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    tokenizer.enable_padding(pad_id=vocabulary["<pad>"], pad_token="<pad>", length=16)
    return tokenizer


def save_mpnet(folder: Path) -> None:
    """Write a random MPNet of two layers with that tokenizer; it reads texts of 64 tokens."""
    import torch
    import transformers

    tokenizer = word_piece()
    tokenizer.save(str(folder / "tokenizer.json"))
    torch.manual_seed(0)
    config = transformers.MPNetConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=66,  # two more than are read: positions are counted from the padding's id on
    )
    transformers.MPNetModel(config).save_pretrained(folder)


def small_bert(network: "NetworkConfig", tokenizer: Tokenizer, places: int = 80) -> "Pretrained":
    """A random BERT for a framed network, with a tokenizer's tokens and its own marks after them."""
    from training.text.student.pretrained import Pretrained

    vocabulary, rng = tokenizer.get_vocab_size(), np.random.default_rng(0)
    tokenizer.add_special_tokens(["[CLS]", "[SEP]"])
    tokenizer.no_padding()  # as `load_minilm` has it
    width, hidden = network.width, network.width * network.feed_forward_factor

    def random(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.3, shape).astype(np.float32)

    weights = {
        "embeddings.word_embeddings.weight": random(vocabulary + 2, width),
        "embeddings.position_embeddings.weight": random(places, width),
        "embeddings.token_type_embeddings.weight": random(2, width),
    }
    norms, shapes = ["embeddings.LayerNorm"], {}
    for number in range(len(network.body) // 2):
        layer = f"encoder.layer.{number}"
        dense = [*(f"attention.self.{name}" for name in ("query", "key", "value")), "attention.output.dense"]
        shapes |= {f"{layer}.{name}": (width, width) for name in dense}
        shapes |= {f"{layer}.intermediate.dense": (hidden, width), f"{layer}.output.dense": (width, hidden)}
        norms += [f"{layer}.{name}.LayerNorm" for name in ("attention.output", "output")]
    for name, shape in shapes.items():
        weights |= {f"{name}.weight": random(*shape), f"{name}.bias": random(shape[0])}
    for name in norms:
        weights |= {f"{name}.weight": 1 + random(width), f"{name}.bias": random(width)}
    return Pretrained(weights, tokenizer, {"all-MiniLM-L6-v2/model.safetensors": "2" * 64})
