"""ambiance.server.blas_environment: a search, or a write, keeps to the thread that it is asked in."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASK = """
import importlib, json, sys
importlib.import_module(sys.argv[1])
from threadpoolctl import threadpool_info
found = [pool for pool in threadpool_info() if "numpy" in pool["filepath"]]  # FAISS is told at each call
print(json.dumps([pool["num_threads"] for pool in found]))
"""


def threads_in(module: str, **environment: str) -> set[int]:
    """What numpy's OpenBLAS is set to in a process of that module."""
    inherited = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    said = subprocess.check_output(
        [sys.executable, "-c", ASK, module], env=inherited | environment, cwd=ROOT, text=True
    )
    return set(json.loads(said))


@pytest.mark.skipif(os.cpu_count() == 1, reason="OpenBLAS has one thread there anyway")
@pytest.mark.parametrize("module", ["music_index_service.__main__", "standalone.__main__"])
def test_a_process_that_searches_multiplies_on_one_thread(module: str) -> None:
    assert threads_in(module) == {1}


def test_what_the_environment_says_stays() -> None:
    assert threads_in("music_index_service.__main__", OPENBLAS_NUM_THREADS="2") == {2}
