"""What importing the client loads: only what a caller must have installed."""

import subprocess
import sys

import pytest

SERVER_ONLY = ("pydantic", "pydantic_settings", "prometheus_client", "pythonjsonlogger", "tokenizers")


@pytest.mark.parametrize(
    "statement",
    [
        "from ambiance import Client",
        "import ambiance.aio",
        "import ambiance.cli",
        "from ambiance.commands.output import json_output, presentation",
    ],
)
def test_no_library_of_the_servers(statement: str) -> None:
    code = f"import sys; {statement}; print([m for m in {SERVER_ONLY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_errors_alone_load_no_grpc() -> None:
    code = "import sys, ambiance.errors; print('grpc' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_health_check_loads_no_numpy() -> None:
    code = "import sys, ambiance.cli; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_every_exported_name_is_there() -> None:
    import ambiance

    assert sorted(ambiance.__all__) == ambiance.__all__
    assert all(getattr(ambiance, name) for name in ambiance.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    import ambiance

    with pytest.raises(AttributeError, match="Klient"):
        _ = ambiance.Klient
