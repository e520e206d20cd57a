"""Logs as plain lines: they tell what the JSON tells."""

import logging

from ambiance.rpc.telemetry import PlainFormatter


def line(message: str, **facts: object) -> str:
    record = logging.getLogger("kit").makeRecord("kit", logging.ERROR, "f", 1, message, (), None, extra=facts)
    return PlainFormatter().format(record)


def test_the_facts_of_a_record_follow_its_message() -> None:
    told = line("worker ended", reason="it was killed", starts_in_seconds=0.5)
    assert told.endswith("ERROR kit: worker ended reason='it was killed' starts_in_seconds=0.5")


def test_a_record_without_facts_is_its_message() -> None:
    assert line("serving").endswith("ERROR kit: serving")
