"""Reads AudioSet and encodes its music, part by part, in several processes, into a folder of spool files."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from training.data.audioset import CLIP_COUNTS, iterate_split_shards
from training.data.errors import DataError
from training.index.spool import Hearing, Part, clips_in, iterate_parts, spool_part
from training.lifetimes import end_with_parent

MAX_WORKERS = 64

_Job = tuple[Hearing, Part, Path]


@dataclass(frozen=True)
class SpoolSettings:
    """Where spool files are kept, of which none is ever removed, and how many processes write them."""

    folder: Path
    workers: int = 1  # 1: this process alone


def spool_music(
    data_dir: Path, splits: Sequence[str], hearing: Hearing, spool_settings: SpoolSettings
) -> list[Path]:
    """Have a spool file for every part of these splits, and return their paths, as the parts were read.

    This process reads the files, which for the archive means to unpack it, and the workers parse and encode.
    A few parts are under way at any time: memory doesn't grow with the number of clips. A part that has its
    file already, from a run that was broken off say, is only read to be recognised.

    Raises:
        DataError: if a split is missing or anything in it is damaged; names the file and the record. Or if
            a spool file is damaged, or there can't be such a folder.
        ArtifactError: if the encoder writes what is out of range; names the clip.
    """
    try:
        spool_settings.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{spool_settings.folder}: not a folder for spool files: {error.strerror}") from error
    files: list[Path] = []
    total = sum(CLIP_COUNTS.get(split, 0) for split in splits)
    with tqdm(total=total, desc="hearing", unit=" clips", unit_scale=True, disable=None) as bar:

        def unfinished() -> Iterator[_Job]:
            for part in iterate_parts(iterate_split_shards(data_dir, splits)):
                file = spool_settings.folder / hearing.file_name(part)
                files.append(file)
                if file.exists():
                    bar.update(clips_in(file))
                else:
                    yield hearing, part, file

        for clips_read in _run(unfinished(), spool_settings):
            bar.update(clips_read)
    return files


def _run(jobs: Iterable[_Job], spool_settings: SpoolSettings) -> Iterator[int]:
    """Clips read by each job, as they end."""
    if spool_settings.workers == 1:
        for job in jobs:
            yield spool_part(*job)
        return
    # Spawned: a fork would copy this process's threads in whatever state they are.
    pool = ProcessPoolExecutor(spool_settings.workers, get_context("spawn"), end_with_parent)
    under_way: deque[Future[int]] = deque()
    try:
        for job in jobs:
            under_way.append(pool.submit(spool_part, *job))
            if len(under_way) > spool_settings.workers + 1:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    except BrokenProcessPool as error:
        raise DataError(
            f"a process that encoded clips was ended; run it again to go on from {spool_settings.folder}"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)
