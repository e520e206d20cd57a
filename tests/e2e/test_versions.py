"""Versions of a cluster's index: followed, taken back by one command, and kept to over a crash."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ambiance import artifacts
from ambiance.artifacts import MUSIC_INDEX
from artifact_copies import publish_copy
from clusters import ROOT, ClusterUnderTest, wait_until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

NewCluster = Callable[[str], ClusterUnderTest]


def make(cluster: ClusterUnderTest, *arguments: str) -> str:
    """What `make` prints, with the programs of this environment."""
    programs = f"BIN={Path(sys.executable).parent}"
    done = subprocess.run(
        ["make", "-s", "-o", ".venv/.serving", programs, *arguments],
        cwd=ROOT,
        env={**os.environ, **cluster.variables, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def served(cluster: ClusterUnderTest) -> int:
    """The version of the index that a match is made with, or 0 while there is no answer."""
    done = cluster.match("I am so happy", "-k", "1")
    found = re.search(r"index music_index (\d+)", done.stdout)
    return int(found[1]) if found else 0


def test_an_index_is_followed_taken_back_and_kept_to(new_cluster: NewCluster) -> None:
    cluster = new_cluster("local")
    cluster = replace(cluster, variables={**cluster.variables, "AMBIANCE_MUSIC_WATCH_SECONDS": "0.2"})
    assert cluster.manage("up").returncode == 0
    released = max(artifacts.versions(cluster.artifacts, MUSIC_INDEX))
    assert served(cluster) == released
    publish_copy(cluster.artifacts, MUSIC_INDEX, released + 1)
    wait_until(lambda: served(cluster) == released + 1)

    told = make(cluster, "reload", f"KIND={MUSIC_INDEX}", f"VERSION={released}")
    assert re.search(rf"^music_index +{released}  serving  ", told, re.M)
    assert told == make(cluster, "versions")
    assert served(cluster) == released
    log = (cluster.run_dir / "supervisord.log").read_text()
    [pid] = re.findall(r"spawned: 'music_index_service' with pid (\d+)", log)
    os.kill(int(pid), signal.SIGKILL)
    wait_until(lambda: served(cluster) == released)

    make(cluster, "reload")
    assert served(cluster) == released + 1
    make(cluster, "reload", f"KIND={MUSIC_INDEX}", f"VERSION={released}")
    assert cluster.manage("down").returncode == 0
    assert cluster.manage("up").returncode == 0
    assert served(cluster) == released + 1
