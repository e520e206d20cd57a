"""The one error of the data layer."""

from ambiance.errors import AmbianceError


class DataError(AmbianceError):
    """Raised when a data set is missing, damaged or not as published; names the file and record or line."""


# What to do about a file that isn't there.
REMEDY = "`make data` downloads it if AMBIANCE_DATA is unset"
