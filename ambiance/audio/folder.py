"""Finds the recordings below a folder, in a fixed order, and says what it passed over and why."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ambiance.errors import InvalidInputError

READ = frozenset({".wav", ".flac", ".mp3", ".ogg", ".oga"})
# Sound as well, but not decoded: passing over it in silence would lose music that its owner believes in.
UNREAD = frozenset({".aac", ".aif", ".aiff", ".alac", ".ape", ".m4a", ".mp4", ".opus", ".wma", ".wv"})


@dataclass
class Found:
    """What is below a folder.

    Attributes:
        recordings: paths to read, in order.
        rejects: path and reason of what can't be read.
        other_count: files that aren't recordings by their names: pictures, lists.
    """

    recordings: list[Path] = field(default_factory=list)
    rejects: list[tuple[Path, str]] = field(default_factory=list)
    other_count: int = 0


def find_recordings(root: Path) -> Found:
    """Every recording below a folder. Links are followed, to each folder once, so that loops end.

    Raises:
        InvalidInputError: if the folder can't be listed.
    """
    found = Found()
    try:
        top = root.resolve(strict=True)
        os.scandir(top).close()
    except (
        OSError,
        RuntimeError,
    ) as error:  # RuntimeError: a loop of links, before Python 3.13
        reason = getattr(error, "strerror", None) or str(error)
        what = f"a folder that can be read, got {os.fsdecode(root)!a}: {reason}"
        raise InvalidInputError.of("DIR", what) from None
    visited: dict[tuple[int, int], Path] = {}
    links: list[
        Path
    ] = []  # to folders: they wait, so that a folder is known by its own path where it has one
    _walk(top, found, visited, links)
    while links:
        _walk(links.pop(0), found, visited, links)
    found.recordings.sort(key=os.fsencode)
    return found


def _walk(top: Path, found: Found, visited: dict[tuple[int, int], Path], links: list[Path]) -> None:
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            state = folder.stat()
            known = visited.setdefault((state.st_dev, state.st_ino), folder)
            if known is not folder:
                found.rejects.append((folder, f"leads to a folder that was read already: {known}"))
                continue
            entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
        except OSError as error:
            found.rejects.append((folder, error.strerror or str(error)))
            continue
        folders.extend(_sort_in(entries, found, links))


def _sort_in(entries: list["os.DirEntry[str]"], found: Found, links: list[Path]) -> Iterator[Path]:
    """Put each entry where it belongs; yields the folders to go on with."""
    for entry in entries:
        path, suffix = Path(entry.path), Path(entry.name).suffix.lower()
        try:
            is_folder = entry.is_dir()
            if entry.is_symlink():
                entry.stat()  # fails if it leads nowhere, or to itself
        except OSError as error:
            found.rejects.append((path, error.strerror or str(error)))
            continue
        if is_folder:
            if entry.is_symlink():
                links.append(path)
            else:
                yield path
        elif suffix in READ:
            found.recordings.append(path)
        elif suffix in UNREAD:
            found.rejects.append((path, f"{suffix} isn't read; wav, flac, mp3 and ogg are"))
        else:
            found.other_count += 1
