"""A real Milvus for tests, where it is installed."""

from importlib.util import find_spec

import pytest

from bench.local_milvus import LocalMilvus

__all__ = ["LocalMilvus", "require_milvus"]

NEEDED = ("pymilvus", "milvus")


def require_milvus() -> None:
    """Skip the test, or the whole module, in one sentence, where the packages aren't installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}, of the extra dev", allow_module_level=True)
