"""The benchmark of soundtracks: texts are what they say, figures right where a hand can count."""

from itertools import pairwise

import pytest

from ambiance.affect import FACETS
from ambiance.music.v1.clip_pb2 import Clip
from ambiance.type.v1.affect_pb2 import FacetScore, MoodScore, Vad
from soundtrack.boundaries import agreement, pk, stray, window_diff
from soundtrack.composed import compose
from soundtrack.hearing import Library, mood_facet
from soundtrack.measures import count
from soundtrack.page import KEPT, PAGE, soundtrack_page
from soundtrack.results import read
from soundtrack.sentences import measured
from soundtrack.texts import LongText, Scene, load_stories, read_story
from soundtrack.ways import Cue
from training.data.errors import DataError
from training.listener.files import HALVES


def test_scenes_cover_their_text_and_begin_with_a_sentence():
    for half in HALVES:
        for story in (*load_stories(half), *compose(half)):
            text = measured(story.text)
            assert story.scenes[0].start == 0
            assert story.scenes[-1].end == len(story.text)
            assert all(one.end == other.start for one, other in pairwise(story.scenes))
            assert {scene.start for scene in story.scenes} <= set(text.sentence_starts)
            assert all(scene.fits and not scene.fits & scene.jars for scene in story.scenes)


def test_halves_share_no_sentence_and_have_stories_of_many_scenes():
    sentences = {}
    for half in HALVES:
        stories = load_stories(half)
        assert sum(len(story.scenes) >= 7 for story in stories if story.source == "story") >= 4
        sentences[half] = {
            sentence.strip()
            for story in (*stories, *compose(half))
            for sentence in measured(story.text).sentences
        }
    assert not {sentence for sentence in sentences["dev"] & sentences["test"] if len(sentence.split()) > 5}


def test_composed_texts_are_the_same_each_time_and_neighbours_differ():
    assert compose("dev") == compose("dev")
    for story in compose("test"):
        for one, other in pairwise(story.scenes):
            assert len(one.fits & other.fits) <= len(one.fits | other.fits) / 3


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("== joy | happy | sad\nText.\n", "line 1: a story begins with '# '"),
        ("# A\nText.\n", "line 2: text before the first scene"),
        ("# A\n== joy | happy\nText.\n", "line 2: '== scene"),
        ("# A\n== mirth | happy | sad\nText.\n", "line 2: no such scene: 'mirth'"),
        ("# A\n== none | happy | sad\nText.\n", "line 2: no such scene: 'none'"),
        ("# A\n== joy | merry | sad\nText.\n", "line 2: facets are calm, .*got 'merry'"),
        ("# A\n== joy | happy | happy\nText.\n", "line 2: happy can't both fit and jar"),
        ("# A\n== joy | | sad\nText.\n", "line 2: some facet must fit"),
        ("# A\n== joy | happy | sad\n\n== grief | sad | happy\nText.\n", "line 2: a scene without text"),
        ("# A\n== joy | happy | sad\nText.\n", "at least 2 scenes, got 1"),
    ],
)
def test_what_is_no_story_is_named_with_its_line(tmp_path, content, complaint):
    path = tmp_path / "a.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=f"a.txt: {complaint}"):
        read_story(path)


def test_remarks_are_not_read(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(
        "# A\n% by B\n== joy | happy | sad\nOne\nline.\n\n== grief | sad | happy\nTwo.\n", encoding="utf-8"
    )
    story = read_story(path)
    assert story.text == "One line.\n\nTwo."
    assert [(scene.name, scene.start, scene.end) for scene in story.scenes] == [
        ("joy", 0, 11),
        ("grief", 11, 15),
    ]


def test_boundaries_are_paired_one_to_one_within_two_sentences():
    # 9 is near 10, and so is 11, but only one may have it; 30 is three away from 33
    found = agreement([10, 20, 33], [9, 11, 20, 30])
    assert found["boundary_f1"] == (4.0, 7.0)
    assert found["boundary_precision"] == (2.0, 4.0)
    assert found["boundary_recall"] == (2.0, 3.0)
    # the first of both may take the earlier, so that the second has one, too
    assert agreement([10, 12], [8, 10])["boundary_recall"] == (2.0, 2.0)
    assert stray([10, 20, 33], [9, 11, 20, 30]) == [False, False, False, True]


def test_pk_and_window_diff_count_windows():
    # eight sentences, one boundary before the fifth: windows of 2, six of them, of which two span it
    assert pk([4], [4], 8) == window_diff([4], [4], 8) == (0.0, 6.0)
    assert pk([4], [], 8) == window_diff([4], [], 8) == (2.0, 6.0)
    # found twice where it is once: ends stay apart, counts differ
    assert pk([4], [3, 4], 8) == (1.0, 6.0)
    assert window_diff([4], [3, 4], 8) == (2.0, 6.0)


def test_sentences_end_with_their_quotes_and_not_with_titles():
    text = measured('"Well?" said Mr. Pym. "No!"\n\nHe left')
    assert [sentence.strip() for sentence in text.sentences] == [
        '"Well?"',
        "said Mr. Pym.",
        '"No!"',
        "He left",
    ]
    assert text.words(0, len(text.text)) == 7


def _clip(name, video, facet, mood="happy"):
    return Clip(
        id=name,
        youtube_id=video,
        vad=Vad(valence=0.5, arousal=1.0 if facet == "energetic" else 0.0, dominance=0.5),
        facets=[FacetScore(facet=each, score=0.9 if each == facet else 0.1) for each in FACETS],
        moods=[MoodScore(mood=mood, score=1)],
    )


def test_figures_of_cues_that_a_hand_can_count():
    text = "One two three four. Five six. Seven eight nine ten."
    scenes = (
        Scene("joy", 0, 30, frozenset({"happy"}), frozenset({"sad"})),
        Scene("grief", 30, len(text), frozenset({"sad"}), frozenset({"energetic"})),
    )
    happy, sad = _clip("a", "v", "happy"), _clip("b", "w", "sad", "sad")
    energetic = _clip("c", "v", "energetic", "exciting")  # of the first one's video
    cues = [Cue(0, 20, happy), Cue(20, 30, sad), Cue(30, len(text), energetic)]
    library = Library((happy, sad, energetic))
    counts = count(LongText("", "story", text, scenes), measured(text), cues, library.main_facet, mood_facet)
    assert counts["fit"] == counts["mood_fit"] == (4.0, 10.0)  # "happy" in joy
    assert counts["jar"] == (6.0, 10.0)  # "sad" in joy, "energetic" in grief
    assert counts["repeats"] == (1.0, 3.0)
    assert counts["jump"] == (pytest.approx(2 * 0.8 * 2**0.5), 2.0)
    assert counts["largest_vad_jump"] == (pytest.approx(1.0), 1.0)
    held = [Cue(0, 30, happy), Cue(30, len(text), happy)]
    counts = count(LongText("", "story", text, scenes), measured(text), held, library.main_facet, mood_facet)
    assert counts["repeats"][0] == counts["changes"][0] == counts["jump"][0] == 0


def test_a_clip_is_mainly_what_it_is_more_than_others():
    usual = [_clip(str(i), str(i), "energetic") for i in range(9)]
    odd = Clip()
    odd.CopyFrom(usual[0])
    next(facet for facet in odd.facets if facet.facet == "eerie").score = 0.4
    assert Library((*usual, odd)).main_facet(odd) == "eerie"


def test_the_page_tells_what_was_kept():
    kept = [read(KEPT / f"{name}.json") for name in ("test", "dev", "speed", "shown")]
    assert soundtrack_page(*kept) == PAGE.read_text(encoding="utf-8")
    test, dev = kept[:2]
    for half, result in zip(("test", "dev"), (test, dev), strict=True):
        titles = [story.title for story in (*load_stories(half), *compose(half))]
        assert [text["title"] for text in result["texts"]] == titles
