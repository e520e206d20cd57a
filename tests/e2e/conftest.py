"""Clusters for the tests of this rung, down again when a module's tests are through."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from clusters import ClusterUnderTest, prepare_cluster

NewCluster = Callable[[str], ClusterUnderTest]


@pytest.fixture(scope="module")
def new_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewCluster]:
    """Returns a function that prepares a cluster for an engine; all are down again after the module."""
    with ExitStack() as stack:

        def prepare(engine: str) -> ClusterUnderTest:
            cluster = prepare_cluster(engine, tmp_path_factory.mktemp(engine))
            stack.callback(cluster.manage, "down")
            return cluster

        yield prepare
