"""The figures of a soundtrack, and what each means."""

from dataclasses import dataclass

RECENT = 12  # cues within which a listener notices that something comes again


@dataclass(frozen=True)
class Figure:
    """A figure and what it means."""

    key: str
    title: str
    meaning: str
    higher_is_better: bool


FIGURES = (
    Figure(
        "boundary_f1",
        "boundary F1",
        "changes of the music against beginnings of scenes, at most two sentences apart",
        True,
    ),
    Figure(
        "pk",
        "Pk",
        "windows of half a scene whose ends the music puts apart and the text doesn't, or the reverse",
        False,
    ),
    Figure(
        "window_diff",
        "WindowDiff",
        "such windows in which the numbers of changes and of beginnings differ",
        False,
    ),
    Figure("fit", "fit", "share of the time of reading in which the clip's main facet fits the scene", True),
    Figure("jar", "jar", "share of the time in which it jars", False),
    Figure("mood_fit", "fit of the mood", "the same by the likeliest of the clip's seven moods", True),
    Figure("mood_jar", "jar of the mood", "the same", False),
    Figure("jump", "jump", "mean distance of the facets from cue to cue, 0 to 3.5", False),
    Figure("largest_jump", "largest jump", "the largest in a text, mean over texts", False),
    Figure(
        "vad_jump",
        "jump of VAD",
        "mean distance of valence, arousal and dominance from cue to cue, 0 to 1.7",
        False,
    ),
    Figure("largest_vad_jump", "largest jump of VAD", "the largest in a text, mean over texts", False),
    Figure(
        "stray_changes",
        "changes within a scene",
        "changes of the music a minute, farther than two sentences from where a scene begins",
        False,
    ),
    Figure(
        "stray_movement",
        "movement within a scene",
        "distance of the facets that these changes make, a minute",
        False,
    ),
    Figure(
        "repeats",
        "repeats",
        f"share of cues whose clip or video was heard in the last {RECENT} cues and isn't held",
        False,
    ),
)
CAPTIONED_FIGURES = (
    Figure("fit", "fit, by captions", "as fit, of captioned clips alone and by their captions", True),
    Figure("jar", "jar, by captions", "as jar, likewise", False),
)
DESCRIBED = (
    Figure(
        "boundary_precision", "precision", "share of the changes that have a scene's beginning near", True
    ),
    Figure("boundary_recall", "recall", "share of the scenes' beginnings that have a change near", True),
    Figure("cues", "cues a minute", "of reading", False),
    Figure("changes", "changes a minute", "of the music", False),
    Figure("silence", "silence", "share of the time in which nothing plays", False),
)
