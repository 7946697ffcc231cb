"""The content of a file as bytes: unpacked where it is gzipped, and never more than a limit."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import BinaryIO, Final

from skyclust.errors import InvalidRequest

LARGEST_FILE: Final = 32 * 2**30
"""Bytes of a file after unpacking: about 50 million rows of CSV. AWS and Azure split exports into
files of at most about 1 GB; what is larger than the limit is taken for a decompression bomb."""

_GZIP: Final = b"\x1f\x8b"
_PARQUET: Final = b"PAR1"
_UNREADABLE: Final = {
    b"PK": "a ZIP archive",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
    b"{": "a JSON document",
}


class LimitedContent(io.RawIOBase):
    """Reads a stream to its end, and raises InvalidRequest past `largest` bytes or where it breaks.

    `name` is the file's name in errors.
    """

    def __init__(self, stream: BinaryIO, name: str, largest: int) -> None:
        super().__init__()
        self._stream = stream
        self._name = name
        self._largest = self._left = largest

    def readable(self) -> bool:
        """Return true: it is for reading alone."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer has no name before 3.12
        """Fill the buffer with what comes next; returns the number of bytes, 0 at the end."""
        try:
            content = self._stream.read(len(buffer))
        except (EOFError, OSError, zlib.error) as error:
            raise InvalidRequest(
                f"{self._name} is damaged or was cut off: {error}.",
                hint="Copy or export the file again; nothing of its delivery was imported.",
            ) from error
        self._left -= len(content)
        if self._left < 0:
            raise InvalidRequest(
                f"{self._name} is larger than {self._largest} bytes after unpacking.",
                hint="Split the export into smaller files, by day or by account.",
            )
        buffer[: len(content)] = content
        return len(content)


def begins_with(stream: BinaryIO, length: int = 4) -> tuple[bytes, BinaryIO]:
    """Return the first bytes of a stream, and the stream from its begin."""
    buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
    if not isinstance(buffered, io.BufferedReader):
        buffered = io.BufferedReader(_Raw(stream))
    return buffered.peek(length)[:length], buffered


def is_parquet(head: bytes) -> bool:
    """Return whether a file with these first bytes is parquet."""
    return head.startswith(_PARQUET)


def unpacked_text(
    head: bytes, stream: BinaryIO, name: str, *, largest: int = LARGEST_FILE
) -> io.BufferedReader:
    """Return a CSV file's text as bytes, unpacked where its content is gzip.

    Reading raises InvalidRequest where the gzip is damaged or cut off, and past `largest` bytes.
    Content that is no CSV, such as a ZIP archive, is refused at once.
    """
    known = next((kind for magic, kind in _UNREADABLE.items() if head.startswith(magic)), None)
    if known is not None:
        raise InvalidRequest(
            f"{name} is {known}, not CSV, gzipped CSV or parquet.",
            hint="Unpack it, or export it as CSV in UTF-8, gzipped CSV or parquet.",
        )
    packed = head.startswith(_GZIP)
    content: BinaryIO = gzip.GzipFile(fileobj=stream) if packed else stream  # type: ignore[assignment]  # a GzipFile reads as any binary stream
    return io.BufferedReader(LimitedContent(content, name, largest), buffer_size=2**20)


class _Raw(io.RawIOBase):
    """Any binary stream as a raw one, so that it can be looked into."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer has no name before 3.12
        content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)
