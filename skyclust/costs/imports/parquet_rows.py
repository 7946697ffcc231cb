"""Parquet files as Arrow batches, in the types of the file."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import pyarrow as pa
from pyarrow import parquet

from skyclust.costs.imports.content import LARGEST_FILE, LimitedContent
from skyclust.errors import InvalidRequest

_ROWS: Final = 64 * 1024


@contextmanager
def opened_parquet(stream: BinaryIO, name: str, *, largest: int = LARGEST_FILE) -> Iterator[Any]:
    """Open a parquet file; one that cannot be read at any place is copied to a temporary file.

    Raises InvalidRequest where it is damaged or cut off, and where its columns are larger than
    `largest` bytes after unpacking.
    """
    with tempfile.TemporaryFile() as copy:
        source = stream
        if not stream.seekable():
            shutil.copyfileobj(LimitedContent(stream, name, largest), copy)
            copy.seek(0)
            source = copy
        try:
            file = parquet.ParquetFile(
                pa.PythonFile(source, mode="r"), page_checksum_verification=True
            )
        except (pa.ArrowException, OSError) as error:
            raise _damaged(name, error) from error
        groups = range(file.metadata.num_row_groups)
        if sum(file.metadata.row_group(number).total_byte_size for number in groups) > largest:
            raise InvalidRequest(
                f"{name} is larger than {largest} bytes after unpacking.",
                hint="Split the export into smaller files, by day or by account.",
            )
        yield file


def parquet_batches(file: Any, name: str, *, only: Sequence[str] | None = None) -> Iterator[Any]:
    """Yield the rows of an opened file as record batches; `only` are the columns to read."""
    columns = list(only) if only is not None else None
    try:
        yield from file.iter_batches(batch_size=_ROWS, columns=columns)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> InvalidRequest:
    return InvalidRequest(
        f"{name} is not a whole parquet file: {error}.",
        hint="Copy or export the file again; nothing of its delivery was imported.",
    )
