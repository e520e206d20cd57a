"""What is lost by pricing a large library on a sample.

`PYTHONPATH=benchmarks python -m bench.training_prices` tells.

The clips are made up, as `training.index.scaled` does it; sentences of the written corpus set their prices,
and GoEmotions' dev comments are answered. Prices learned clip by clip take three minutes of processor time
for 40,000 clips.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ambiance import artifacts
from ambiance.placement.library_prices import price_by_sample
from ambiance.placement.mood_space import FIT_COMPONENTS, HIGHEST_PRICE
from ambiance.placement.prices import learn_prices, library_limits
from ambiance.placement.squared_l2 import append_price
from bench.processes import ROOT
from training.data.goemotions import load_comments
from training.data.sources import data_dir
from training.data.written import load_written
from training.index.scaled import ReleasedClips, mix_clips
from training.index.usage import TOP, measure_usage, nearest_rows
from training.space.on_all_cores import on_all_cores
from training.text.encode import read_texts

Vectors = NDArray[np.float32]


def measure(clips: int, root: Path, seed: int = 1, exact: bool = True) -> dict[str, dict[str, float]]:
    """Usage, fit and processor seconds of ways to price so many clips: not at all, by sample, exactly.

    Args:
        clips: from library_prices.SAMPLE_CLIPS.
        root: of the released artifacts.
        seed: of every draw.
        exact: whether to learn prices clip by clip too.
    """
    text = artifacts.load(root, artifacts.TEXT_ENCODER)
    texts = (load_written().texts, load_comments(data_dir(), "dev").texts)
    reference, dev = (read_texts(text, each).mood for each in texts)
    released = ReleasedClips.load(artifacts.load(root, artifacts.MUSIC_INDEX))
    vectors, asked = mix_clips(released, clips, seed).mood[:, :-1], reference[:, :-1]
    limits = library_limits(clips, HIGHEST_PRICE)
    ways = {
        "none": lambda: np.zeros(clips, np.float32),
        "sample": lambda: price_by_sample(asked, vectors, limits, seed, run=on_all_cores),
    }
    if exact:
        ways["exact"] = lambda: learn_prices(asked, vectors, limits, seed)
    figures = {}
    for name, price in ways.items():
        start = time.process_time()
        placed = append_price(vectors, price())
        seconds = round(time.process_time() - start, 1)
        figures[name] = {**_answers(dev, placed), "cpu_seconds": seconds}
    return figures


def _answers(queries: Vectors, placed: Vectors) -> dict[str, float]:
    rows = nearest_rows(queries, placed, TOP)
    fit = np.einsum("nc,nkc->nk", queries[:, :FIT_COMPONENTS], placed[rows][:, :, :FIT_COMPONENTS])
    return {
        **measure_usage(queries, placed),
        "distinct_answers": len(np.unique(rows)),
        "mean_fit": round(float(fit.mean()), 4),
    }


def main() -> None:
    """Read the flags and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.training_prices", description=__doc__)
    parser.add_argument("--clips", type=int, default=40_000)
    parser.add_argument("--artifacts", type=Path, default=ROOT / "artifacts")
    parser.add_argument("--no-exact", action="store_true", help="leave out what takes long")
    flags = parser.parse_args()
    print(json.dumps(measure(flags.clips, flags.artifacts, exact=not flags.no_exact), indent=2))


if __name__ == "__main__":
    main()
