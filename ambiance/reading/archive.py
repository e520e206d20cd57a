"""The files of an epub, unpacked one by one and never beyond a bound: an archive is what strangers made."""

import io
import zlib
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from ambiance.limits import MAX_BOOK_ENTRIES, MAX_BOOK_RATIO, MAX_BOOK_TEXT_BYTES
from ambiance.reading.refusals import refused

_DIRECTORY_ENTRY = b"PK\x01\x02"
_PASSWORD = 0x1  # flag of an entry
_SMALL = 1024 * 1024  # bytes that an entry may have at any ratio: a page of one picture repeated is no trap
_BROKEN = (BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError, ValueError)


class MissingEntryError(Exception):
    """Raised when an archive has no file of a name, or one that is damaged; says so after the name."""


class Archive:
    """A ZIP archive in memory, read within MAX_BOOK_TEXT_BYTES in all."""

    def __init__(self, data: bytes) -> None:
        """Read its directory.

        Raises:
            InvalidInputError: if it is damaged, or has more than MAX_BOOK_ENTRIES files.
        """
        # each takes a signature: known before the directory is read, which takes ten times its size
        if (count := data.count(_DIRECTORY_ENTRY)) > MAX_BOOK_ENTRIES:
            raise refused(f"at most {MAX_BOOK_ENTRIES:,} files in an epub, got {count:,}")
        try:
            self._zip = ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise refused(f"is a damaged archive ({error})") from None
        self._entries = {entry.filename.replace("\\", "/"): entry for entry in self._zip.infolist()}
        self._left = MAX_BOOK_TEXT_BYTES

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def read(self, name: str) -> bytes:
        """The content of a file.

        Raises:
            InvalidInputError: if it is a trap, or too much with what was read before.
            MissingEntryError: if it isn't there or damaged.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise MissingEntryError("isn't in the archive")
        if entry.flag_bits & _PASSWORD:
            raise refused("is protected by a password")
        if entry.compress_type not in (
            ZIP_STORED,
            ZIP_DEFLATED,
        ):  # others are unpacked whole before they are cut
            raise MissingEntryError("is packed as no epub's are")
        self._check_size(entry)
        try:
            with self._zip.open(entry) as file:
                # a read without a size would unpack all there is, whatever the directory says
                data = file.read(entry.file_size)
        except _BROKEN as error:
            raise MissingEntryError(f"is damaged ({error})") from None
        self._left -= len(data)
        return data

    def _check_size(self, entry: ZipInfo) -> None:
        if entry.file_size > max(_SMALL, MAX_BOOK_RATIO * entry.compress_size):
            what = f"{entry.file_size:,} bytes out of {entry.compress_size:,}"
            raise refused(f"unpacks to at most {MAX_BOOK_RATIO} times its size, got {what}")
        if entry.file_size > self._left:
            raise refused(f"at most {MAX_BOOK_TEXT_BYTES:,} bytes of text in an epub, unpacked; it has more")
