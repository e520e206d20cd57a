"""What every test may rely on: the environment that its runner happens to have changes nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

# How long an example takes says nothing on a machine that does other things, too.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

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


class _FilesTogether(LoadFileScheduling):
    """Gives a file to one worker, which starts what its tests share once; and all that ask Milvus to one."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "Milvus" if Path(file).name.startswith("test_milvus_") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _FilesTogether:
    return _FilesTogether(config, log)
