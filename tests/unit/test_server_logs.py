"""Logs as plain lines: they tell what the JSON tells. And lines that others write, as records."""

import json
import logging
import subprocess
import sys

from ambiance.server.telemetry import PlainFormatter


def line(message: str, **facts: object) -> str:
    record = logging.getLogger("kit").makeRecord("kit", logging.ERROR, "f", 1, message, (), None, extra=facts)
    return PlainFormatter().format(record)


def test_the_facts_of_a_record_follow_its_message() -> None:
    told = line("worker ended", reason="it was killed", starts_in_seconds=0.5)
    assert told.endswith("ERROR kit: worker ended reason='it was killed' starts_in_seconds=0.5")


def test_a_record_without_facts_is_its_message() -> None:
    assert line("serving").endswith("ERROR kit: serving")


WRITE_PAST_PYTHON = """
import os, sys
from ambiance.server.native_lines import native_lines_logged
from ambiance.server.telemetry import configure_logging

with native_lines_logged():
    configure_logging("info", "json")
    os.write(2, b"INFO: Created a delegate.\\n\\nW0000 00:00:1 a.cc:1] odd\\n")
    os.write(2, b"E0000 00:00:1 a.cc:2] bad\\nERROR: worse\\n")
    os.write(2, b'{"a": "worker"}\\n{http2_error:2}\\nhalf \\xff line')
print("over", file=sys.stderr)
os.write(2, b"past it\\n")
"""


def test_what_native_code_prints_becomes_records_with_its_level() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WRITE_PAST_PYTHON], capture_output=True, text=True, check=True
    )
    *records, over, past = done.stderr.splitlines()
    assert (over, past) == ("over", "past it")
    assert [json.loads(record).get("message", "as it was") for record in records] == [
        "INFO: Created a delegate.",
        "W0000 00:00:1 a.cc:1] odd",
        "E0000 00:00:1 a.cc:2] bad",
        "ERROR: worse",
        "as it was",
        "{http2_error:2}",
        r"half \xff line",
    ]
    levels = [json.loads(record).get("level") for record in records]
    assert levels == ["INFO", "WARNING", "ERROR", "ERROR", None, "WARNING", "WARNING"]
