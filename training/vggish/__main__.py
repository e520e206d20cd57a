"""`make vggish`: download what the publisher offers, convert it, check it against his figures, write it."""

import sys
from pathlib import Path

from ambiance.audio.architecture import PUBLISHED, Architecture
from ambiance.audio.weights import DEFAULT_WEIGHTS, write_weights
from ambiance.errors import AmbianceError, ArtifactError
from training.data.download import download
from training.data.sources import Source
from training.origin import REPOSITORY

_PUBLISHER = "https://storage.googleapis.com/audioset"
# The publisher states no checksums. Compared instead: lengths with what the server promises, every array
# with its shape, and what the network hears of a tone with the publisher's figures.
CHECKPOINT = Source("vggish_model.ckpt", f"{_PUBLISHER}/vggish_model.ckpt", None)
COMPONENTS = Source("vggish_pca_params.npz", f"{_PUBLISHER}/vggish_pca_params.npz", None)


def main(target: Path = REPOSITORY / DEFAULT_WEIGHTS) -> int:
    """Make the file of weights; returns the exit status. Errors are one sentence on standard error."""
    if target.exists():
        print(f"{target}: is there already")
        return 0
    try:
        make(target)
    except AmbianceError as error:
        print(f"vggish: {error}", file=sys.stderr)
        return 1
    print(f"{target}: {target.stat().st_size:,} bytes, checked against the published figures")
    return 0


def make(
    target: Path,
    checkpoint: Source = CHECKPOINT,
    components: Source = COMPONENTS,
    architecture: Architecture = PUBLISHED,
) -> None:
    """Download beside the target what isn't there yet, and write the target once everything agrees.

    Raises:
        DataError: if the publisher can't be reached.
        ArtifactError: if what is there isn't what is published.
    """
    files = [target.with_name(source.path) for source in (checkpoint, components)]
    for source, path in zip((checkpoint, components), files, strict=True):
        if not path.exists():
            download(source, path)
    try:
        _convert(files[0], files[1], target, architecture)
    except ArtifactError as error:
        raise ArtifactError(f"{error}; delete both to download them again: {files[0]}, {files[1]}") from error


def _convert(checkpoint: Path, components: Path, target: Path, architecture: Architecture) -> None:
    # here, since TensorFlow takes seconds and its start would bury what a failed download says
    from ambiance.audio.network import Vggish  # noqa: PLC0415
    from training.vggish.check import figures, require_published  # noqa: PLC0415
    from training.vggish.checkpoint import convert  # noqa: PLC0415

    arrays = convert(checkpoint, components, architecture)
    require_published(figures(Vggish(arrays, architecture), arrays))
    write_weights(target, arrays, architecture)


if __name__ == "__main__":
    sys.exit(main())
