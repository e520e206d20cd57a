"""A load test of a real cluster on this machine, as `make load` runs it, though short and slow."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clusters import ROOT, ClusterUnderTest, Completed

NewCluster = Callable[[str], ClusterUnderTest]

# Generous, so that a busy machine fails no call.
PATIENT = ("--quick", "--deadline", "30", "--p99-limit", "60000")


def load(*flags: str, data: Path) -> Completed:
    """Run a load test in a process of its own, without data sets."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "benchmarks"), "AMBIANCE_DATA": str(data)}
    command = [sys.executable, "-m", "load", *flags]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def only_result(out: Path) -> dict[str, Any]:
    """What the one run that wrote into a folder found."""
    (path,) = out.glob("*/result.json")
    result: dict[str, Any] = json.loads(path.read_text())
    return result


def test_without_a_server_it_says_so(tmp_path: Path) -> None:
    done = load("--target", "127.0.0.1:1", "--out", str(tmp_path), data=tmp_path)
    assert done.returncode == 69
    assert done.stderr.startswith("load: 127.0.0.1:1: UNAVAILABLE: ")
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def cluster(new_cluster: NewCluster) -> ClusterUnderTest:
    """One that is up."""
    cluster = new_cluster("local")
    started = cluster.manage("up")
    assert started.returncode == 0, started.stderr
    return cluster


@pytest.mark.cluster
@pytest.mark.timeout(300)
def test_a_fixed_rate(cluster: ClusterUnderTest, tmp_path: Path) -> None:
    out = tmp_path / "out"
    flags = (*PATIENT, "--only", "rates", "--rate", "40", "-k", "7", "--out", str(out))
    done = load("--target", cluster.target, *flags, data=tmp_path)
    assert done.returncode == 0, done.stderr
    (step,) = only_result(out)["steps"]
    assert step["outcomes"] == {"OK": 40}
    assert step["offered_per_s"] == 40
    assert step["replies_checked"] > 0
    assert step["reply_faults"] == {}
    assert "made-up sentences" in done.stdout


@pytest.mark.cluster
@pytest.mark.timeout(300)
def test_a_whole_test_and_its_baseline(cluster: ClusterUnderTest, tmp_path: Path) -> None:
    out, baseline = tmp_path / "out", tmp_path / "baseline.json"
    flags = (*PATIENT, "--concurrency", "4", "--start-rate", "300", "--out", str(out))
    done = load("--target", cluster.target, *flags, "--save-baseline", str(baseline), data=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    result = only_result(out)
    assert json.loads(baseline.read_text()) == result
    assert result["capacity_per_s"] >= result["throughput"]["match"]["calls_per_s"]
    assert result["overload"]["rate"] == pytest.approx(3 * result["capacity_per_s"])
    assert result["at_80"]["rate"] == pytest.approx(0.8 * result["knee"]["rate"])
    assert all(figure["name"] in done.stdout for figure in result["figures"])
    assert set(result["throughput"]) == {"echo", "match", "batch"}
    assert sum(kind["failures"] for kind in result["throughput"].values()) == 0
    assert result["one_process"] is False
    (report,) = out.glob("*/report.html")
    assert report.stat().st_size > 100_000  # its pictures are in it

    for figure in result["figures"]:
        figure["value"] = 1e9 if figure["higher_is_better"] else 0.0
    baseline.write_text(json.dumps(result))
    flags = (*PATIENT, "--concurrency", "4", "--only", "unloaded", "--baseline", str(baseline))
    worse = load("--target", cluster.target, *flags, "--out", str(out), data=tmp_path)
    assert worse.returncode == 1, worse.stderr
    assert "unloaded p50 / three echoes: " in worse.stdout
    assert worse.stdout.count(": WORSE") == 5
