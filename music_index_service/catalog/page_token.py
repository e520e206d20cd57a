"""Page tokens of ListClips: where the next page starts, opaque to callers and checked when it comes back."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from zlib import crc32

_CHECKSUM_BYTES = 4


@dataclass(frozen=True)
class PageToken:
    """The first clip of a page of one version of an index."""

    version: int
    index: str
    clip_id: str

    def encode(self) -> str:
        """Write it as URL-safe text."""
        body = f"{self.version}\n{self.index}\n{self.clip_id}".encode()
        # Clip ids differ by a digit: without a checksum, one wrong character could name another clip.
        checksum = crc32(body).to_bytes(_CHECKSUM_BYTES)
        return urlsafe_b64encode(checksum + body).decode()

    @classmethod
    def decode(cls, token: str) -> "PageToken":
        """Read what `encode` wrote.

        Raises:
            ValueError: if it isn't that.
        """
        body = urlsafe_b64decode(token.encode("ascii"))[_CHECKSUM_BYTES:]
        version, index, clip_id = body.decode().split("\n", 2)
        decoded = cls(int(version), index, clip_id)
        if decoded.encode() != token:  # compares the checksum, too
            raise ValueError("was changed")
        return decoded
