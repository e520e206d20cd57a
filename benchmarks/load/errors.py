"""What ends a load test early."""


class LoadError(Exception):
    """Raised when a load test can't go on; its message is the sentence that its caller reads."""


class NobodyAnswersError(LoadError):
    """Raised when no server answers at the address."""
