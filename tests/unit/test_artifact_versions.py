"""What is served as versions come, fail and go: artifacts of one small file, and loads that a test sets."""

import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from ambiance import artifacts
from ambiance.artifacts import Description, Manifest, Origin, Space
from ambiance.errors import AmbianceError, DeadlineError, PreconditionError, UnavailableError
from ambiance.server.artifact_choice import Choice
from ambiance.server.artifact_versions import ArtifactVersions, Plan
from ambiance.server.versioned_artifact import VersionedArtifact

KIND, OTHER = "text_encoder", "music_index"


def publish(root: Path, kind: str = KIND, lineage: str = "mood-1") -> int:
    """Publish the next version; returns its number."""
    origin = Origin(recipe="", seed=0, code_revision="", datasets={}, libraries={})
    space = Space(name="mood", dimension=2, metric="squared_l2", lineage=lineage)
    said = Description(kind=kind, spaces=[space], counts={}, origin=origin, quality={})
    artifact = artifacts.publish(root, said, lambda folder: (folder / "file").write_text("bytes") and None)
    return artifact.manifest.version


class Kind:
    """A kind that is served, and what loading it does."""

    def __init__(self, root: Path, kind: str = KIND, serving: int = 1) -> None:
        self.current = serving
        self.loads: list[int] = []
        self.errors: dict[int, Exception] = {}
        self.artifact = VersionedArtifact(root, kind, serving, self._load, self._swap)

    def _load(self, version: int) -> int:
        self.loads.append(version)
        if version in self.errors:
            raise self.errors[version]
        return version

    def _swap(self, loaded: int) -> None:
        self.current = loaded


def versions_of(*kinds: Kind, **settings: Any) -> ArtifactVersions:
    return ArtifactVersions([kind.artifact for kind in kinds], Choice(), **settings)


def waiting(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Reasons that were logged of versions that are waited for."""
    return [r.__dict__["reason"] for r in caplog.records if r.getMessage().startswith("waiting")]


@pytest.mark.parametrize("error", [UnavailableError("TF Serving doesn't answer"), ValueError("odd bytes")])
def test_a_version_that_cannot_be_loaded_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    kind = Kind(tmp_path, serving=publish(tmp_path))
    kind.errors[publish(tmp_path)] = error
    versions = versions_of(kind)
    for _ in range(3):
        versions.follow()
    assert kind.current == 1
    assert waiting(caplog) == [str(error)]
    # what may succeed another time is tried again, bytes that can't be read only once they have changed
    assert len(kind.loads) == (3 if isinstance(error, AmbianceError) else 1)
    kind.errors.clear()
    (tmp_path / KIND / "2" / "file").touch()
    versions.follow()
    assert kind.current == 2
    versions.follow()
    assert len(waiting(caplog)) == 1


def test_the_next_best_is_served_where_the_newest_is_damaged(tmp_path: Path) -> None:
    kind = Kind(tmp_path, serving=publish(tmp_path))
    publish(tmp_path)
    (tmp_path / KIND / str(publish(tmp_path)) / "file").write_text("BYTES!")
    versions_of(kind).follow()
    assert (kind.current, kind.loads) == (2, [2])


def test_of_several_kinds_the_best_pair_that_goes_together_is_served(tmp_path: Path) -> None:
    def misfit(plan: Plan) -> str | None:
        lineages = {manifest.spaces[0].lineage for manifest in plan.values()}
        return "they differ" if len(lineages) > 1 else None

    kind = Kind(tmp_path, KIND, publish(tmp_path, KIND))
    other = Kind(tmp_path, OTHER, publish(tmp_path, OTHER))
    versions = versions_of(other, kind, misfit=misfit)
    publish(tmp_path, KIND, "mood-2")
    versions.follow()
    assert (kind.current, other.current) == (1, 1)
    publish(tmp_path, OTHER, "mood-2")
    publish(tmp_path, OTHER, "mood-3")
    kind.errors[2] = OSError("the disk fails")
    versions.follow()
    assert (kind.current, other.current) == (1, 1)
    assert kind.loads == [2]  # not again for each index
    kind.errors.clear()
    versions.reload(KIND, 2, 5)  # takes the index along
    assert (kind.current, other.current) == (2, 2)
    with pytest.raises(PreconditionError, match=r"^they differ$"):
        versions.reload(OTHER, 3, 5)
    assert versions.serving() == {OTHER: 2, KIND: 2}


def test_one_load_at_a_time_beside_what_serves_and_lists(tmp_path: Path) -> None:
    kind = Kind(tmp_path, serving=publish(tmp_path))
    publish(tmp_path)
    loading, finish = threading.Event(), threading.Event()

    def load(version: int) -> int:
        loading.set()
        assert finish.wait(10)
        return version

    kind.artifact.load = load
    versions = versions_of(kind)
    change = threading.Thread(target=versions.follow)
    change.start()
    assert loading.wait(10)
    try:
        assert [status.serving for status in versions.statuses()] == [True, False]
        with pytest.raises(DeadlineError, match=r"^another version is still being loaded$"):
            versions.reload(KIND, 2, 0.05)
    finally:
        finish.set()
        change.join()
    assert kind.current == 2


def test_manifests_are_compared_not_only_their_numbers(tmp_path: Path) -> None:
    kind = Kind(tmp_path, serving=publish(tmp_path))
    held: Manifest = kind.artifact.serving
    assert kind.artifact.newest_first() == [held]
    assert versions_of(kind).reload("", 0, 5) == {KIND: 1}
    assert kind.loads == []  # what is served isn't loaded again


def test_changes_are_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    kind = Kind(tmp_path, serving=publish(tmp_path))
    publish(tmp_path)
    versions_of(kind).follow()
    changed = caplog.records[-1]
    assert changed.getMessage() == "serving another version"
    assert (changed.__dict__["version_before"], changed.__dict__["version"]) == (1, 2)
