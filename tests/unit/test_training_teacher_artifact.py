"""What the teacher knows, through the artifact and back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ambiance.artifacts import TEXT_TEACHER, Artifact, Description, Origin, file_sha256, load, publish
from ambiance.errors import ArtifactError
from training.teacher.artifact import (
    TOKENIZER_FILE,
    TRAIN,
    Teacher,
    decode_probabilities,
    encode_probabilities,
)

COMMENTS, SYNTHETIC, TOKENS = 6, 3, 40


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / TRAIN).parent.mkdir()
    (tmp_path / TRAIN).write_text("as published")
    return tmp_path


@pytest.fixture
def teacher(data_dir: Path) -> Teacher:
    random = np.random.default_rng(0)
    return Teacher(
        tokenizer_file=Path(TOKENIZER_FILE),
        token_vectors=random.normal(size=(TOKENS, 5)).astype(np.float32),
        train_soft_labels=random.random((COMMENTS, 28), np.float32),
        train_features=random.normal(scale=[[9.0, 0.01]], size=(COMMENTS, 2)).astype(np.float32),
        train_sha256=file_sha256(data_dir / TRAIN),
        synthetic_ids=tuple(np.array(ids, np.int32) for ids in ([7], [1, 39, 2], [3, 3])),
        synthetic_soft_labels=random.random((SYNTHETIC, 28), np.float32),
    )


def published(root: Path, teacher: Teacher) -> Artifact:
    origin = Origin(
        recipe="test", seed=0, code_revision="none", datasets={TRAIN: teacher.train_sha256}, libraries={}
    )
    description = Description(kind=TEXT_TEACHER, spaces=[], counts={}, origin=origin, quality={})

    def write_files(folder: Path) -> None:
        (folder / TOKENIZER_FILE).write_text("{}")
        teacher.save(folder)

    publish(root, description, write_files)
    return load(root, TEXT_TEACHER)


def test_what_is_saved_is_loaded(tmp_path: Path, teacher: Teacher) -> None:
    artifact = published(tmp_path, teacher)
    loaded = Teacher.load(artifact)
    assert loaded.tokenizer_file.read_text() == "{}"
    assert [ids.tolist() for ids in loaded.synthetic_ids] == [[7], [1, 39, 2], [3, 3]]
    assert all(ids.dtype == np.int32 for ids in loaded.synthetic_ids)
    for name in ("token_vectors", "train_features"):
        expected, found = getattr(teacher, name), getattr(loaded, name)
        assert found.dtype == np.float32
        steps = np.abs(expected).max(axis=0) / 127
        assert (np.abs(found - expected) <= steps * 0.51).all()
    for name in ("train_soft_labels", "synthetic_soft_labels"):
        np.testing.assert_allclose(getattr(loaded, name), getattr(teacher, name), atol=0.004)


def test_small_probabilities_keep_their_digits() -> None:
    probabilities = np.array([0, 1e-3, 0.01, 0.1, 0.5, 0.999, 1], np.float32)
    found = decode_probabilities(encode_probabilities(probabilities))
    assert found[0] == 0
    assert found[-1] == 1
    np.testing.assert_allclose(found[1:], probabilities[1:], rtol=0.07)


def test_every_byte_of_a_probability_comes_back_as_itself() -> None:
    codes = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(encode_probabilities(decode_probabilities(codes)), codes)


def test_files_that_do_not_fit_are_refused(tmp_path: Path, teacher: Teacher) -> None:
    odd = replace(teacher, train_features=teacher.train_features[1:])
    with pytest.raises(ArtifactError, match=r"train_features.npy and train_soft_labels.npy: 5 rows and 6"):
        Teacher.load(published(tmp_path, odd))


def test_a_text_too_few_is_refused(tmp_path: Path, teacher: Teacher) -> None:
    odd = replace(teacher, synthetic_ids=teacher.synthetic_ids[1:])
    with pytest.raises(ArtifactError, match=r"synthetic_soft_labels.npy: 2 rows and 3"):
        Teacher.load(published(tmp_path, odd))


def test_more_tokens_than_two_bytes_tell_apart_are_refused(tmp_path: Path, teacher: Teacher) -> None:
    with pytest.raises(ArtifactError, match="at most 65536 tokens, got 65537"):
        replace(teacher, token_vectors=np.zeros((65_537, 1), np.float32)).save(tmp_path)


def test_another_train_file_is_refused(data_dir: Path, teacher: Teacher) -> None:
    teacher.check_train(data_dir)
    (data_dir / TRAIN).write_text("edited")
    with pytest.raises(ArtifactError, match=f"the teacher read {teacher.train_sha256}"):
        teacher.check_train(data_dir)
