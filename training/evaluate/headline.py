"""The figures a release is judged by: their targets, and the least change in them that means anything."""

from dataclasses import dataclass

CLIP_FLOOR = 0.0025  # about one of the 421 mood rows
LIBRARY_FLOOR = 0.0005


@dataclass(frozen=True)
class Headline:
    """One figure of a section, in [0, 1]."""

    name: str
    title: str
    target: float
    smaller_is_better: bool = False
    floor: float = CLIP_FLOOR  # a spread over seeds below it counts as it

    def meets(self, value: float) -> bool:
        """Whether a value is on the target's good side."""
        return value <= self.target if self.smaller_is_better else value >= self.target

    def fall(self, old: float, new: float) -> float:
        """By how much the new value is worse; negative if it is better."""
        return new - old if self.smaller_is_better else old - new


HEADLINES = (
    Headline("ekman_macro_f1", "Ekman-7 macro-F1", 0.64),
    Headline("emotion_macro_f1", "28-label macro-F1", 0.50),
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
