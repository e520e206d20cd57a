"""What goes wrong with a recording."""

from ambiance.errors import AmbianceError


class AudioError(AmbianceError):
    """Raised when a file can't be made into clips. The message is the reason, without the file's name."""
