"""Types that tests of several rungs share."""

from collections.abc import Callable

import grpc

# Starts an application on a port of the system's choice and returns a channel to it; see service/conftest.py.
Serve = Callable[..., grpc.Channel]
