"""A pretrained encoder's files in small: a WordPiece tokenizer of a few dozen pieces."""

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORDS = "happy days sing sang name religion lol haha don 99 1984 日 ' ’ ♥ . ! , un ##happy ##ber"


def word_piece() -> Tokenizer:
    """A tokenizer like BERT's: its special tokens, padding and all."""
    special = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]"]
    pieces = [*special, *_WORDS.split(), *_LETTERS, *(f"##{letter}" for letter in _LETTERS)]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    tokenizer.enable_padding(length=16)
    return tokenizer
