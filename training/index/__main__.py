"""`python -m training.index`: publish the next version of the music index."""

import argparse
import sys
from pathlib import Path

from ambiance.errors import AmbianceError
from training.data.sources import data_dir
from training.index.config import IndexConfig
from training.index.job import run


def main() -> None:
    """Read the flags, run the job, say what was published."""
    parser = argparse.ArgumentParser(prog="python -m training.index", description=__doc__, allow_abbrev=False)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder to publish into")
    parser.add_argument("--encoder-version", type=int, help="of the music encoder; the largest by default")
    parser.add_argument("--text-version", type=int, help="of the text encoder; the largest by default")
    parser.add_argument("--seed", type=int, default=IndexConfig.seed, help="of every random number")
    flags = parser.parse_args()
    try:
        config = IndexConfig(
            encoder_version=flags.encoder_version, text_version=flags.text_version, seed=flags.seed
        )
        artifact = run(config, data_dir(), flags.artifacts)
    except AmbianceError as error:
        sys.exit(str(error))
    print(f"{artifact.path}: {artifact.manifest.counts}")


if __name__ == "__main__":
    main()
