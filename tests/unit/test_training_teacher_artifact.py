"""What the teacher knows, through the artifact and back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ambiance.artifacts import TEXT_TEACHER, Artifact, Description, Origin, load, publish
from ambiance.errors import ArtifactError
from training.data.lessons import WIDTH, Lessons, of_ratings
from training.teacher.artifact import (
    LESSONS_FILE,
    TOKENIZER_FILE,
    Teacher,
    decode_probabilities,
    encode_probabilities,
)

LESSONS, SYNTHETIC, TOKENS = 6, 3, 40


@pytest.fixture
def lessons() -> Lessons:
    return of_ratings([f"text {i}" for i in range(LESSONS)], np.full((LESSONS, 3), 0.5, np.float32))


@pytest.fixture
def teacher(lessons: Lessons) -> Teacher:
    random = np.random.default_rng(0)
    return Teacher(
        tokenizer_file=Path(TOKENIZER_FILE),
        token_vectors=random.normal(size=(TOKENS, 5)).astype(np.float32),
        answers=random.random((LESSONS, WIDTH), np.float32),
        features=random.normal(scale=[[9.0, 0.01]], size=(LESSONS, 2)).astype(np.float32),
        lessons_sha256=lessons.digest,
        synthetic_ids=tuple(np.array(ids, np.int32) for ids in ([7], [1, 39, 2], [3, 3])),
        synthetic_answers=random.random((SYNTHETIC, WIDTH), np.float32),
    )


def published(root: Path, teacher: Teacher) -> Artifact:
    origin = Origin(recipe="test", seed=0, code_revision="none", datasets={}, libraries={})
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
    assert loaded.lessons_sha256 == teacher.lessons_sha256
    for name in ("token_vectors", "features"):
        expected, found = getattr(teacher, name), getattr(loaded, name)
        assert found.dtype == np.float32
        steps = np.abs(expected).max(axis=0) / 127
        assert (np.abs(found - expected) <= steps * 0.51).all()
    for name in ("answers", "synthetic_answers"):
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
    odd = replace(teacher, features=teacher.features[1:])
    with pytest.raises(ArtifactError, match=r"features.npy and answers.npy: 5 rows and 6"):
        Teacher.load(published(tmp_path, odd))


def test_a_text_too_few_is_refused(tmp_path: Path, teacher: Teacher) -> None:
    odd = replace(teacher, synthetic_ids=teacher.synthetic_ids[1:])
    with pytest.raises(ArtifactError, match=r"synthetic_answers.npy: 2 rows and 3"):
        Teacher.load(published(tmp_path, odd))


def test_more_tokens_than_two_bytes_tell_apart_are_refused(tmp_path: Path, teacher: Teacher) -> None:
    with pytest.raises(ArtifactError, match="at most 65536 tokens, got 65537"):
        replace(teacher, token_vectors=np.zeros((65_537, 1), np.float32)).save(tmp_path)


def test_the_words_of_the_lessons_stay_where_they_are(
    tmp_path: Path, teacher: Teacher, lessons: Lessons
) -> None:
    artifact = published(tmp_path, teacher)
    assert artifact.file(LESSONS_FILE).read_text() == f"{lessons.digest}\n"
    for entry in artifact.manifest.files:
        content = artifact.file(entry.path).read_bytes()
        assert all(text.encode() not in content for text in lessons.texts)


def test_lengths_that_do_not_sum_to_the_ids_are_refused(tmp_path: Path, teacher: Teacher) -> None:
    def write_files(folder: Path) -> None:
        (folder / TOKENIZER_FILE).write_text("{}")
        teacher.save(folder)
        np.save(folder / "synthetic_lengths.npy", np.array([1, 3, 3], np.uint16))

    origin = Origin(recipe="test", seed=0, code_revision="none", datasets={}, libraries={})
    publish(
        tmp_path, Description(kind=TEXT_TEACHER, spaces=[], counts={}, origin=origin, quality={}), write_files
    )
    with pytest.raises(ArtifactError, match=r"synthetic_lengths.npy sums to 7, .* holds 6 tokens"):
        Teacher.load(load(tmp_path, TEXT_TEACHER))


def test_other_lessons_are_refused(teacher: Teacher, lessons: Lessons) -> None:
    teacher.check_lessons(lessons)
    others = lessons.take(np.arange(LESSONS)[::-1])
    with pytest.raises(ArtifactError, match=f"{others.digest}, the teacher read {lessons.digest}"):
        teacher.check_lessons(others)
