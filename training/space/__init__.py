"""The space `mood`, where texts and clips meet: fitted by the text job, filled by the index job."""

from training.space.space import MoodSpace, fit_space

__all__ = ["MoodSpace", "fit_space"]
