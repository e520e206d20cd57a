"""What a service and the process that compacts for it hold in memory, and when the latter runs."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

_LOOK_S = 0.1


@dataclass
class Watch:
    """Looks at a service until it is stopped."""

    process: int
    compacting: list[tuple[float, float]] = field(default_factory=list)  # from and until when, monotonic
    service_mb: list[float] = field(default_factory=list)  # at every look
    child_mb: float = 0.0  # most that a compaction held

    def __post_init__(self) -> None:
        """Begin."""
        self._stop = Event()
        self._thread = Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def is_compacting(self, at: float) -> bool:
        """Whether a compaction ran at a moment."""
        return any(begun <= at <= ended for begun, ended in self.compacting)

    def _look(self) -> None:
        running = False
        while not self._stop.wait(_LOOK_S):
            now, children = time.monotonic(), _children(self.process)
            self.service_mb.append(_resident_mb(self.process))
            if children and running:
                self.compacting[-1] = self.compacting[-1][0], now
            elif children:
                self.compacting.append((now, now))
            self.child_mb = max([self.child_mb, *map(_resident_mb, children)])
            running = bool(children)


def _children(process: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found += map(int, file.read_text(encoding="ascii").split())
        except OSError:  # the thread has ended meanwhile
            continue
    return found


def _resident_mb(process: int) -> float:
    """Anonymous and mapped; 0 of one that has ended."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024
