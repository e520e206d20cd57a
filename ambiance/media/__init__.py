"""Asks, at a gentle rate, whether the media of clips can still be played, and tells the index.

Only the command `ambiance check-media` runs it. It needs nothing but the standard library beside the client:
one request at a time has no use for a pool of connections, and urllib knows proxies and redirects.
"""
