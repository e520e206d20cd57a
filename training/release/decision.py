"""Whether a candidate may take the release's place: no figure that gates may fall by more than its spread."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.evaluate.headline import HEADLINES, Headline
from training.evaluate.tables import markdown_table, number


@dataclass(frozen=True)
class Comparison:
    """One headline figure of the release and of the candidate, on validation."""

    figure: Headline
    old: float
    new: float
    allowance: float  # by how much it may be worse: such differences come from the random seed alone

    @property
    def holds(self) -> bool:
        """Whether the candidate's figure is at most as much worse as allowed."""
        # rounding of the stored figures must not decide
        return self.figure.fall(self.old, self.new) <= self.allowance + 1e-9


def compare(
    old: Mapping[str, float], new: Mapping[str, float], spread: Mapping[str, Mapping[str, float]]
) -> list[Comparison]:
    """Set every headline figure of two releases side by side.

    Args:
        old: the release's, by name.
        new: the candidate's.
        spread: name -> `range` over random seeds, largest less smallest (of a dozen figures, some always fall
            by more than a standard deviation); where there is none, or where it is smaller than the figure's
            floor, the floor is allowed.
    """
    return [
        Comparison(
            figure,
            old[figure.name],
            new[figure.name],
            max(figure.floor, spread.get(figure.name, {}).get("range", 0.0)),
        )
        for figure in HEADLINES
    ]


def fallen(comparisons: Sequence[Comparison]) -> list[str]:
    """What stands against the candidate, a line a figure; empty if nothing does."""
    return [
        f"{each.figure.title}: {number(each.figure, each.old)} to {number(each.figure, each.new)}, "
        f"allowed {number(each.figure, each.allowance)}"
        for each in comparisons
        if each.figure.gates and not each.holds
    ]


def comparison_table(comparisons: Sequence[Comparison]) -> str:
    """Old against new."""
    rows = [
        (
            each.figure.title,
            number(each.figure, each.old),
            number(each.figure, each.new),
            number(each.figure, each.allowance),
            ("yes" if each.holds else "NO") if each.figure.gates else "history",
        )
        for each in comparisons
    ]
    return markdown_table(("figure on validation", "release", "candidate", "allowed fall", "holds"), rows)
