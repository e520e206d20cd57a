"""What every test may rely on: the environment that its runner happens to have changes nothing."""

import os
from collections.abc import Iterator

import pytest

# What tells the tests where the real data sets are.
KEPT = "AMBIANCE_DATA"


@pytest.fixture(scope="session", autouse=True)
def _environment_of_our_own() -> Iterator[None]:
    """Clear our settings from the environment, and have no proxy stand before this machine's own ports."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("AMBIANCE_") and name != KEPT:
                patch.delenv(name)
        for name in ("no_proxy", "NO_PROXY"):
            patch.setenv(name, ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1,::1"])))
        yield
