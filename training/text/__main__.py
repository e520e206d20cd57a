"""`python -m training.text`: train the text encoder and publish its next version."""

import argparse
import sys
from pathlib import Path

from ambiance.errors import AmbianceError
from training.evaluate.tables import published_line
from training.text.config import SAMPLE_WEIGHTS, TextConfig
from training.text.job import run


def main() -> None:
    """Read the flags, run the job, say what was published."""
    defaults = TextConfig()
    parser = argparse.ArgumentParser(prog="python -m training.text", description=__doc__, allow_abbrev=False)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"), help="folder to publish into")
    parser.add_argument("--recipe", choices=[defaults.recipe], default=defaults.recipe)
    parser.add_argument("--seed", type=int, default=defaults.seed, help="of every random number")
    parser.add_argument("--sample-weights", choices=SAMPLE_WEIGHTS, default=defaults.sample_weights)
    flags = parser.parse_args()
    config = TextConfig(recipe=flags.recipe, seed=flags.seed, sample_weights=flags.sample_weights)
    try:
        artifact = run(config, flags.artifacts, verbose=True)
    except AmbianceError as error:
        sys.exit(str(error))
    print(published_line(artifact))


if __name__ == "__main__":
    main()
