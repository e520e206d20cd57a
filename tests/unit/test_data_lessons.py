"""What each corpus tells of its texts, and how the corpora become one set of lessons."""

from dataclasses import replace
from pathlib import Path

import lesson_files
import numpy as np
import pytest

from ambiance.affect import EMOTIONS, NO_SCENE, SCENES
from training.data.errors import DataError
from training.data.goemotions import Comments
from training.data.lessons import (
    DISTRESS,
    EMOTION,
    MIXED_SHARE,
    SCENE,
    SCENES_OF_EMOTION,
    SCENES_OF_PLUTCHIK,
    VAD,
    WIDTH,
    Lessons,
    join,
    load_lessons,
    of_comments,
    of_dialogue,
    of_distress,
    of_judged,
    of_ratings,
    of_written,
)
from training.data.sources import data_dir
from training.data.written import DistressSentences, WrittenSentences, load_distress, load_written
from training.data.xed import PLUTCHIK, DialogueLines, load_xed

SLICES = (EMOTION, SCENE, VAD, DISTRESS)


def comments(*labels: tuple[str, ...]) -> Lessons:
    """Lessons of comments with these emotions."""
    ids = tuple(tuple(EMOTIONS.names.index(name) for name in names) for names in labels)
    return of_comments(Comments(("text",) * len(ids), ids, ("id",) * len(ids)))


def scenes(lessons: Lessons, row: int = 0) -> dict[str, float]:
    """Scenes of a text that are more than 0."""
    return {
        SCENES[i]: float(lessons.targets[row, SCENE][i]) for i in lessons.targets[row, SCENE].nonzero()[0]
    }


def weights(lessons: Lessons, row: int = 0) -> list[float]:
    """Of emotions, scenes, VAD and distress."""
    return [float(lessons.weights[row, part].max()) for part in SLICES]


def test_the_slices_part_every_column() -> None:
    columns = [column for part in SLICES for column in range(WIDTH)[part]]
    assert columns == list(range(WIDTH))
    assert [len(range(WIDTH)[part]) for part in SLICES] == [28, len(SCENES), 3, 1]


def test_the_tables_name_emotions_and_scenes_that_there_are() -> None:
    assert set(SCENES_OF_EMOTION) <= set(EMOTIONS.names)
    assert set(SCENES_OF_PLUTCHIK) == set(PLUTCHIK)
    for table in (SCENES_OF_EMOTION, SCENES_OF_PLUTCHIK):
        assert all(allowed and set(allowed) <= set(SCENES) for allowed in table.values())
        assert all(len(set(allowed)) == len(allowed) for allowed in table.values())


def test_a_comment_tells_its_emotions_and_allows_the_scenes_of_each() -> None:
    lessons = comments(("grief", "pride"))
    told = {EMOTIONS.names[i] for i in lessons.targets[0, EMOTION].nonzero()[0]}
    assert told == {"grief", "pride"}
    assert scenes(lessons) == {"grief": 1, "triumph": 1}
    assert lessons.open_scenes.tolist() == [True]
    assert weights(lessons) == pytest.approx([1, 0.5, 0, 0.2])


def test_a_neutral_comment_is_hardly_a_word_on_the_scene() -> None:
    lessons = comments(("neutral",), ("neutral", "fear"))
    assert scenes(lessons) == {NO_SCENE: 1}
    assert weights(lessons) == pytest.approx([1, 0.1, 0, 0.2])
    assert scenes(lessons, 1) == {"fear": 1, "suspense": 1}  # an emotion beside it speaks louder
    assert weights(lessons, 1) == pytest.approx([1, 0.5, 0, 0.2])


def test_an_emotion_that_allows_no_scene_tells_of_none() -> None:
    lessons = comments(("curiosity",), ("curiosity", "neutral"), ("curiosity", "grief"))
    assert [scenes(lessons, row) for row in range(3)] == [{}, {}, {"grief": 1}]
    assert lessons.open_scenes.tolist() == [False, False, True]
    assert [weights(lessons, row)[1] for row in range(3)] == [0, 0, 0.5]


def test_a_line_of_dialogue_allows_scenes_and_tells_nothing_else() -> None:
    disgust, fear = PLUTCHIK.index("disgust"), PLUTCHIK.index("fear")
    lessons = of_dialogue(DialogueLines(("a", "b"), ((disgust, fear), ())))
    assert set(scenes(lessons)) == {"disgust", "anger", "fear", "suspense", "action"}
    assert scenes(lessons, 1) == {NO_SCENE: 1}
    assert lessons.open_scenes.all()
    assert weights(lessons) == pytest.approx([0, 0.5, 0, 0])
    assert weights(lessons, 1) == pytest.approx([0, 0.1, 0, 0])


def test_a_rated_sentence_tells_vad_alone() -> None:
    lessons = of_ratings(("a",), np.array([[0.1, 0.5, 0.9]], np.float32))
    np.testing.assert_array_equal(lessons.targets[:, VAD], np.array([[0.1, 0.5, 0.9]], np.float32))
    assert weights(lessons) == [0, 0, 1, 0]
    assert not lessons.open_scenes.any()


def test_a_judged_sentence_tells_its_scenes_and_nothing_else() -> None:
    awe, hope, none = map(SCENES.index, ("awe", "hope", NO_SCENE))
    lessons = of_judged(("a", "b", "c", "d"), {0: (hope,), 2: (hope, awe), 3: (none,)})
    assert lessons.texts == ("a", "c", "d")
    assert scenes(lessons) == {"hope": 1}
    assert scenes(lessons, 1) == pytest.approx({"hope": MIXED_SHARE, "awe": 1 - MIXED_SHARE})
    assert scenes(lessons, 2) == {NO_SCENE: 1}
    assert not lessons.open_scenes.any()
    assert [weights(lessons, row) for row in (0, 1)] == [[0, 1, 0, 0]] * 2
    assert weights(lessons, 2) == pytest.approx([0, 0.3, 0, 0])  # what tells of nothing is common


def test_a_written_sentence_tells_its_scene_or_both_of_them() -> None:
    awe, hope = SCENES.index("awe"), SCENES.index("hope")
    lessons = of_written(WrittenSentences(("a", "b"), ((hope,), (hope, awe)), ("verse",) * 2))
    assert scenes(lessons) == {"hope": 1}
    assert scenes(lessons, 1) == pytest.approx({"hope": MIXED_SHARE, "awe": 1 - MIXED_SHARE})
    assert not lessons.open_scenes.any()
    assert weights(lessons) == pytest.approx([0, 1, 0, 0.2])
    assert lessons.targets[:, DISTRESS].tolist() == [[0], [0]]


def test_a_distress_sentence_tells_whether_somebody_is_in_danger() -> None:
    lessons = of_distress(DistressSentences(("a", "b"), (True, False)))
    assert lessons.targets[:, DISTRESS].tolist() == [[1], [0]]
    assert weights(lessons) == [0, 0, 0, 1]


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lesson_files.write_corpora(tmp_path)
    lesson_files.use_small_corpora(monkeypatch, tmp_path)
    return tmp_path


def test_lessons_follow_each_other_corpus_by_corpus(small: Path) -> None:
    lessons = load_lessons(small)
    assert len(lessons) == lesson_files.LESSONS
    assert lessons.texts[0] == "a admiration day"
    assert lessons.texts[lesson_files.COMMENTS] == "what anger"
    assert lessons.texts[-1] == "safe 7"
    for column in (lessons.targets, lessons.weights):
        assert (column.dtype, column.shape) == (np.float32, (lesson_files.LESSONS, WIDTH))
        assert (column.min(), column.max()) == (0, 1)
    for part in SLICES:
        np.testing.assert_array_equal(
            lessons.weights[:, part],
            lessons.weights[:, part][:, :1].repeat(lessons.weights[:, part].shape[1], axis=1),
        )


def test_judged_sentences_stand_between_the_public_corpora_and_our_own(small: Path) -> None:
    lessons = load_lessons(small)
    first = lesson_files.COMMENTS + lesson_files.DIALOGUE + lesson_files.RATED["train"]
    corpora = (0, lesson_files.COMMENTS, lesson_files.COMMENTS + lesson_files.DIALOGUE)
    sentences = [lessons.texts[start + row] for start in corpora for row in lesson_files.JUDGED_ROWS]
    assert list(lessons.texts[first : first + lesson_files.JUDGED]) == sentences
    for row in range(lesson_files.JUDGED):
        assert set(scenes(lessons, first + row)) == set(lesson_files.JUDGEMENTS[row % 3])


def test_lessons_are_those_of_annotators_or_our_own(small: Path) -> None:
    lessons = load_lessons(small)
    counts = (
        lesson_files.COMMENTS + lesson_files.DIALOGUE + lesson_files.RATED["train"],
        lesson_files.JUDGED,
        lesson_files.WRITTEN,
        lesson_files.DISTRESS,
    )
    for kind, expected in (
        ("are_annotated", (True, False, False, False)),  # what annotators left open is theirs too
        ("tells_scene", (False, True, True, False)),  # of no scene, too
        ("are_written", (False, False, True, True)),
    ):
        np.testing.assert_array_equal(getattr(lessons, kind), np.repeat(expected, counts), kind)


def test_some_lessons_are_taken_by_index_or_mask(small: Path) -> None:
    lessons = load_lessons(small)
    some = lessons.take(np.array([3, 1]))
    assert some.texts == (lessons.texts[3], lessons.texts[1])
    np.testing.assert_array_equal(some.targets, lessons.targets[[3, 1]])
    mask = np.arange(len(lessons)) < 2
    assert lessons.take(mask).digest == lessons.take(np.array([0, 1])).digest
    assert join([lessons.take(mask), lessons.take(~mask)]).digest == lessons.digest


def test_the_digest_is_of_texts_and_all_that_is_told_of_them(small: Path) -> None:
    lessons = load_lessons(small)
    assert load_lessons(small).digest == lessons.digest
    changed = [replace(lessons, texts=(*lessons.texts[:-1], "safe 8"))]
    for name in ("targets", "weights", "open_scenes"):
        column = getattr(lessons, name).copy()
        column.flat[0] = not column.flat[0]
        changed.append(replace(lessons, **{name: column}))
    parted = replace(lessons, texts=(lessons.texts[0] + lessons.texts[1], "", *lessons.texts[2:]))
    digests = [other.digest for other in (lessons, *changed, parted)]
    assert len(set(digests)) == 6


@pytest.mark.parametrize(
    "name",
    ["goemotions/train.tsv", "xed/neu_en.txt", "xed/en-annotated.tsv", "emobank/emobank-train-dev.csv"],
)
def test_a_corpus_that_is_missing_is_named(small: Path, name: str) -> None:
    (small / name).unlink()
    with pytest.raises(DataError, match=rf"{name}: No such file.*make data"):
        load_lessons(small)


@pytest.mark.data
def test_the_real_lessons_tell_enough_of_everything() -> None:
    if not data_dir().is_dir():
        pytest.skip("the data sets are not on this machine")
    lessons = load_lessons(data_dir())
    assert len(lessons) > 80_000
    assert lessons.targets[lessons.tells_scene, SCENE].sum(axis=0).min() > 900
    np.testing.assert_allclose(lessons.targets[lessons.tells_scene, SCENE].sum(axis=1), 1, rtol=1e-6)
    judged = lessons.tells_scene & ~lessons.are_written
    assert judged.sum() > 25_000
    assert lessons.are_annotated.sum() == 43_410 + 8062 + len(load_xed(data_dir()))
    assert lessons.are_written.sum() == len(load_written()) + len(load_distress())
    assert (lessons.weights[:, EMOTION.start] == 1).sum() == 43_410
    assert (lessons.weights[:, VAD.start] == 1).sum() == 8062
    known = lessons.weights[:, DISTRESS.start] == 1
    assert 0.3 < lessons.targets[known, DISTRESS.start].mean() < 0.7
