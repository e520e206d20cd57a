"""Indexes larger than the released one, made once and kept: benchmarks of size start from them."""

import subprocess
import sys
from pathlib import Path

from ambiance import artifacts
from bench.options import Options

RELEASED_CLIPS, AUDIOSET_CLIPS, HUGE_CLIPS = 12_642, 2_084_320, 20_000_000
QUICK_CLIPS = 20_000


def scaled_artifacts(options: Options, clips: int) -> Path:
    """A folder of artifacts whose music index holds so many made-up clips; it is made if there is none yet.

    Raises:
        subprocess.CalledProcessError: if it can't be made.
    """
    own = options.scaled / str(clips)
    for folder in (options.scaled, own):
        if artifacts.versions(folder, artifacts.MUSIC_INDEX) and _clips(folder) == clips:
            return folder
    command = [sys.executable, "-m", "training.index.scaled", "--clips", str(clips)]
    command += ["--artifacts", str(options.artifacts), "--into", str(own)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return own


def made_already(options: Options, clips: int) -> Path | None:
    """Where `scaled_artifacts` would find so many clips without making them."""
    own = options.scaled / str(clips)
    return own if artifacts.versions(own, artifacts.MUSIC_INDEX) else None


def _clips(folder: Path) -> int:
    return artifacts.load(folder, artifacts.MUSIC_INDEX).manifest.counts["clips"]
