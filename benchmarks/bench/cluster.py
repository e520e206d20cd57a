"""The processes of one small installation, wired to each other: text service, index service, gateway."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import Running, serving

TEXT, MUSIC, GATEWAY = "text_service", "music_index_service", "gateway"
STANDALONE = "standalone"  # all of them in one process


@dataclass(frozen=True)
class Cluster:
    """Three processes that serve."""

    text: Running
    music: Running
    gateway: Running


@contextmanager
def running_cluster(artifacts: Path) -> Iterator[Cluster]:
    """Start all three on released artifacts."""
    with ExitStack() as stack:
        text = stack.enter_context(serving(TEXT, *artifact_flags(artifacts)))
        music = stack.enter_context(serving(MUSIC, *artifact_flags(artifacts)))
        gateway = stack.enter_context(serving(GATEWAY, *target_flags(text, music)))
        yield Cluster(text, music, gateway)


def artifact_flags(artifacts: Path) -> tuple[str, str]:
    """The flags by which a service finds its artifacts."""
    return "--artifacts", str(artifacts.resolve())


def target_flags(text: Running, music: Running) -> tuple[str, ...]:
    """The flags by which a gateway finds both services."""
    return "--text-target", text.target, "--music-target", music.target
