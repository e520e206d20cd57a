"""From what was heard in clips to rows of an index: evidence, prices, and which clips are worth hearing.

Training places a whole library so, and the music index service the clips that are written to it. Nothing here
needs more than numpy.
"""

from ambiance.placement.encoded_clips import EncodedClips
from ambiance.placement.listenability import ListenabilityRule

__all__ = ["EncodedClips", "ListenabilityRule"]
