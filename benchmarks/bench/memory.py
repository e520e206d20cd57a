"""The most memory that a process and each of its children held, as the kernel keeps count of it."""

from pathlib import Path


class PeakMemory:
    """Looks at a running process and at all below it; each look finds the peaks up to then."""

    def __init__(self, process: int) -> None:
        """`process` by its id."""
        self._process = process
        self._peaks: dict[int, float] = {}  # MB by process

    def look(self) -> None:
        """Note the peaks of those that run now."""
        for process in _tree(self._process):
            if (peak := _peak_mb(process)) is not None:
                self._peaks[process] = peak

    def figures(self) -> dict[str, float]:
        """Megabytes of the process itself, of the child that held most, and of all peaks together."""
        children = [peak for process, peak in self._peaks.items() if process != self._process]
        return {
            "job": round(self._peaks.get(self._process, 0), 1),
            "largest_child": round(max(children, default=0), 1),
            "sum": round(sum(self._peaks.values()), 1),
        }


def _tree(process: int) -> list[int]:
    """A process and all below it; empty once it has ended."""
    found = [process]
    for above in found:
        for file in Path(f"/proc/{above}/task").glob("*/children"):
            try:
                found += map(int, file.read_text(encoding="ascii").split())
            except OSError:  # it has ended meanwhile
                continue
    return found


def _peak_mb(process: int) -> float | None:
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    sizes = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(sizes[0]) / 1024 if sizes else None  # one that has ended but isn't waited for has none
