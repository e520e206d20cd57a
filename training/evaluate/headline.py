"""The figures a release is judged by: their targets, and the least change in them that means anything."""

from dataclasses import dataclass

CLIP_FLOOR = 0.0025  # about one of the 421 mood rows
LIBRARY_FLOOR = 0.0005
TEXT_FLOOR = 0.01  # about four of the 427 texts of the benchmark's dev half


@dataclass(frozen=True)
class Headline:
    """One figure of a section, a share unless its title says otherwise."""

    name: str
    title: str
    target: float
    smaller_is_better: bool = False
    floor: float = CLIP_FLOOR  # a spread over seeds below it counts as it
    gates: bool = False  # whether a release that is worse is refused; the rest is history

    def meets(self, value: float) -> bool:
        """Whether a value is on the target's good side."""
        return value <= self.target if self.smaller_is_better else value >= self.target

    def fall(self, old: float, new: float) -> float:
        """By how much the new value is worse; negative if it is better."""
        return new - old if self.smaller_is_better else old - new


_LISTENER = (
    Headline("listener_fit", "answers whose main facet fits", 0.85, floor=TEXT_FLOOR, gates=True),
    Headline(
        "listener_jar",
        "answers whose main facet jars",
        0.04,
        smaller_is_better=True,
        floor=TEXT_FLOOR,
        gates=True,
    ),
    Headline(
        "listener_mostly_jarring",
        "sentences most of whose answers jar",
        0.024,
        smaller_is_better=True,
        floor=TEXT_FLOOR,
        gates=True,
    ),
    Headline(
        "mood_jar",
        "answers whose strongest mood jars",
        0.04,
        smaller_is_better=True,
        floor=TEXT_FLOOR,
        gates=True,
    ),
    Headline(
        "captions_fit_lift",
        "captions that say what fits, times chance",
        3.0,
        floor=0.1,
        gates=True,
    ),
    Headline(
        "captions_jar",
        "captions that say what jars",
        0.06,
        smaller_is_better=True,
        floor=TEXT_FLOOR,
        gates=True,
    ),
)
LISTENER_FIGURES = tuple(figure.name for figure in _LISTENER)

HEADLINES = (
    *_LISTENER,
    Headline("ekman_macro_f1", "Ekman-7 macro-F1", 0.62, floor=0.01, gates=True),
    Headline("emotion_macro_f1", "28-label macro-F1", 0.50, floor=0.01, gates=True),
    Headline("ekman_micro_precision", "Ekman-7 seed protocol, micro precision", 0.68),
    Headline("ekman_macro_precision", "Ekman-7 seed protocol, macro precision", 0.66),
    Headline("music_micro_precision", "music 5 moods, micro precision", 0.68),
    Headline("music_macro_precision", "music 5 moods, macro precision", 0.67),
    Headline("half_library_micro_precision", "connection, mean over half-libraries, micro", 0.66),
    Headline("half_library_macro_precision", "connection, mean over half-libraries, macro", 0.60),
    Headline("precision_at_10_without_neutral", "connection, P@10 without neutral", 0.65),
    Headline("mood_clips_largest_share", "largest share of answers, mood rows", 0.03, smaller_is_better=True),
    Headline(
        "library_largest_share",
        "largest share of answers, whole library",
        0.005,
        smaller_is_better=True,
        floor=LIBRARY_FLOOR,
    ),
    Headline("library_coverage_at_10", "share of the library in any top 10", 0.50),
)
