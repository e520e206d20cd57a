"""A pretrained encoder in small: a WordPiece tokenizer of a few dozen pieces, and an MPNet of two layers."""

from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

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
