"""Being told to stop: by a signal that doesn't interrupt the main thread, and from within."""

import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, threading, time
from ambiance.server.stopping import Stop

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have it ignored, nohup say
stop = Stop()
assert not stop.wait(0)
threading.Thread(target=lambda: (time.sleep(0.2), {told}), daemon=True).start()
# The signal goes to the other thread, as if it came just before the main thread begins to wait.
signal.pthread_sigmask(signal.SIG_BLOCK, {{signal.SIGTERM, signal.SIGINT, signal.SIGHUP}})
assert stop.wait(20)
assert stop.wait(0)
"""


@pytest.mark.parametrize(
    "told",
    [*(f"os.kill(os.getpid(), signal.{name})" for name in ("SIGTERM", "SIGINT", "SIGHUP")), "stop.set()"],
)
def test_word_to_stop_is_never_missed(told: str) -> None:
    subprocess.run([sys.executable, "-c", SCRIPT.format(told=told)], check=True, timeout=30)


def test_under_nohup_a_closed_terminal_stops_nothing() -> None:
    script = """
import os, signal
from ambiance.server.stopping import Stop

signal.signal(signal.SIGHUP, signal.SIG_IGN)
stop = Stop()
os.kill(os.getpid(), signal.SIGHUP)
assert not stop.wait(0.2)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
