"""Where a candidate waits: a root that shows the releases, so that its own versions are the next numbers.

The jobs publish into it as into any root. What they write (versions, sources, commands in manifests) is then
already what it will be among the releases, and publishing copies bytes and rewrites none of them.
"""

import shutil
from contextlib import ExitStack
from pathlib import Path

from ambiance.artifacts import Artifact, Description, publish, versions
from ambiance.errors import ArtifactError
from training.evaluate.released import PARTS, Release


def prepare_staging(staging: Path, artifacts_root: Path) -> None:
    """Empty the staging root and link the newest release of each part into it.

    Raises:
        ArtifactError: if the folder holds anything but parts of a release: it may be another's.
    """
    if staging.exists():
        if strange := sorted(entry.name for entry in staging.iterdir() if entry.name not in PARTS):
            raise ArtifactError(
                f"{staging}: holds {', '.join(strange[:3])}, so it isn't emptied for a candidate"
            )
        shutil.rmtree(staging)  # links are removed, not followed
    for kind in PARTS:
        folder = staging / kind
        folder.mkdir(parents=True)
        for version in versions(artifacts_root, kind)[-1:]:
            (folder / str(version)).symlink_to((artifacts_root / kind / str(version)).resolve())


def publish_candidate(candidate: Release, artifacts_root: Path, notes: dict[str, str]) -> list[Artifact]:
    """Publish all parts of a candidate, or none.

    The index comes last: it names the encoders it is made from. Services read versions when they start, so
    one that runs sees nothing of this. A text service that starts between the two finds the new encoder
    while the music index service has the old index; their mood spaces are of different lineages, and the
    gateway refuses to serve rather than to search one with vectors of the other.

    Args:
        candidate: loaded from the staging root.
        artifacts_root: of the releases.
        notes: to add to each manifest's.

    Raises:
        ArtifactError: if another version was published meanwhile, so that the numbers no longer fit.
    """
    for part in candidate.parts:
        _require_next(part, artifacts_root)
    published = []
    with ExitStack() as undo:
        for part in candidate.parts:
            artifact = _republish(part, artifacts_root, notes)
            undo.callback(shutil.rmtree, artifact.path)
            published.append(artifact)
        undo.pop_all()
    return published


def _require_next(part: Artifact, artifacts_root: Path) -> None:
    newest = max(versions(artifacts_root, part.manifest.kind), default=0)
    if part.manifest.version != newest + 1:
        where = artifacts_root / part.manifest.kind
        raise ArtifactError(f"{where}: expected {part.manifest.version} to be next, the newest is {newest}")


def _republish(part: Artifact, artifacts_root: Path, notes: dict[str, str]) -> Artifact:
    fields = {name: getattr(part.manifest, name) for name in Description.model_fields}
    description = Description(**fields | {"notes": part.manifest.notes | notes})

    def copy_files(folder: Path) -> None:
        for entry in part.manifest.files:
            (folder / entry.path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(part.path / entry.path, folder / entry.path)

    return publish(artifacts_root, description, copy_files)
