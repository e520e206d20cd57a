"""Settings of every process that answers from released artifacts: which versions, and how they change."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from pydantic import BaseModel, Field

from ambiance import artifacts
from ambiance.errors import ArtifactError
from ambiance.server.artifact_choice import Choice, SharedChoice


class ArtifactPolicy(BaseModel):
    """Where artifacts lie, and how a process changes from one version to another."""

    artifacts: Path = Field(Path("artifacts"), description="folder of released artifacts")
    watch_seconds: float = Field(
        5.0,
        ge=0,
        le=3600,
        description="seconds between two looks for newer versions in that folder; 0: none are looked for",
    )
    chosen_versions: Path | None = Field(
        None,
        description="folder, of these processes alone, that keeps which versions ReloadArtifacts chose over "
        "a crash, and over what these settings ask for; unless set, a choice lasts as long as the process",
    )


S = TypeVar("S", bound=Any)


@contextmanager
def shared_by_workers(settings: S) -> Iterator[S]:
    """The settings with a folder in which several workers tell each other what they were told to serve."""
    if settings.workers == 1 or settings.chosen_versions is not None:
        yield settings
        return
    with TemporaryDirectory(prefix="ambiance-versions-") as folder:
        yield settings.model_copy(update={"chosen_versions": Path(folder)})


def choice_of(policy: ArtifactPolicy, *kinds: str) -> Choice:
    """What the processes with these settings were told to serve of these kinds.

    Raises:
        ArtifactError: if the folder that keeps it can't be written to.
    """
    if policy.chosen_versions is None:
        return Choice()
    try:
        return SharedChoice(policy.chosen_versions, "-".join(sorted(kinds)))
    except OSError as error:
        raise ArtifactError(f"{policy.chosen_versions}: {error.strerror or error}") from error


def version_to_start(root: Path, kind: str, asked: int | None, choice: Choice) -> int | None:
    """The version to begin with: what was chosen, else what is asked for; None for the newest whole one.

    What wasn't pinned when it was chosen is followed: to the newest version of its lineages.
    """
    chosen = choice.kinds.get(kind)
    if chosen is None:
        return asked
    if chosen.pinned:
        return chosen.version
    for version in reversed(artifacts.versions(root, kind)):
        try:
            spaces = artifacts.load(root, kind, version).manifest.spaces
        except ArtifactError:
            continue
        if {space.name: space.lineage for space in spaces} == chosen.lineages:
            return version
    return None
