"""Which clips are worth hearing: one JSON file, so that those that are written later are judged alike.

An index may do without; then nothing can be written to one that is made on its model.
"""

from pydantic import BaseModel, ConfigDict

from ambiance.index_format.match_probability import Probability

LISTENABILITY_FILE = "listenability.json"


class ListenabilityRecord(BaseModel):
    """`listenability.json`, as `ambiance.placement.listenability` applies it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    spoiling: list[str]  # labels any of which spoils music
    spoken: list[str]  # labels of speech
    most_speech: Probability  # from which a clip is mainly speech
    most_labelled_speech: Probability  # the same for a clip that bears a label of speech
    most_low_quality: Probability  # from which a recording is a bad one
