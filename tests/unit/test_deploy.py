"""What a cluster is started with: counts of workers, and what an image's build is given to read."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ambiance.rpc.settings import ServerSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def layout(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT))
    from deploy import layout

    return layout


@pytest.mark.parametrize(
    ("value", "count"), [("1", 1), ("3", 3), ("64", 64), ("0", 1), ("65", 1), ("-1", 1), ("two", 1), ("", 1)]
)
def test_a_count_of_workers_that_the_service_refuses_counts_as_one(
    layout: Any, tmp_path: Path, value: str, count: int
) -> None:
    cluster = layout.Cluster(tmp_path, {"AMBIANCE_GATEWAY_WORKERS": value}, engine=None)
    assert cluster.workers(layout.GATEWAY) == count


def test_both_know_the_same_limit_of_workers(layout: Any) -> None:
    assert ServerSettings(workers=layout.MAX_WORKERS).workers == layout.MAX_WORKERS
    with pytest.raises(ValidationError):
        ServerSettings(workers=layout.MAX_WORKERS + 1)


def test_a_cluster_of_other_artifacts_is_not_taken_for_the_one_asked_for(
    monkeypatch: pytest.MonkeyPatch, layout: Any, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "deploy"))
    from deploy import cluster

    running = cluster.Cluster(tmp_path, {"AMBIANCE_ARTIFACTS": str(tmp_path / "artifacts")}, engine="local")
    for asked in ("", str(tmp_path / "artifacts")):
        monkeypatch.setenv("AMBIANCE_ARTIFACTS", asked)
        cluster._refuse_other_artifacts(running)
    monkeypatch.setenv("AMBIANCE_ARTIFACTS", str(tmp_path / "artifacts" / "large"))
    with pytest.raises(cluster.ClusterError, match=r"serves .*artifacts, not .*large; end it first"):
        cluster._refuse_other_artifacts(running)


def test_an_image_is_built_with_every_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    packages = project["tool"]["hatch"]["build"]["packages"]
    assert packages
    assert [name for name in [*packages, "protos"] if f"!{name}/**" not in sent] == []
    assert [
        name for name in ("pyproject.toml", "hatch_build.py", "constraints.txt") if f"!{name}" not in sent
    ] == []
