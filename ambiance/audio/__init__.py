"""From a folder of recordings to clips: decoding, log-mel examples, the VGGish network, its features.

Only the command `ambiance import-audio` loads this package; it needs the extra `audio`.
"""
