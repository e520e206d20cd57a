"""A file that somebody reads, as text: plain text in any encoding, HTML, and EPUB 2 and 3.

`read_text` is all of it. Plain text in UTF-8 or UTF-16 needs nothing; the rest needs the extra `reading`.
"""

from ambiance.reading.files import Reading, read_text

__all__ = ["Reading", "read_text"]
