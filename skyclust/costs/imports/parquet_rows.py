"""Parquet files as Arrow batches, in the types of the file."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import pyarrow as pa
from pyarrow import parquet

from skyclust.costs.file_errors import temporary_file_errors
from skyclust.costs.imports.content import LARGEST_FILE, LimitedContent
from skyclust.errors import InvalidRequest

_ROWS: Final = 16 * 1024
_BUFFER: Final = 2**18
"""Bytes of a column that are read at once; without it a column of a row group is read whole."""


@contextmanager
def opened_parquet(stream: BinaryIO, name: str, *, largest: int = LARGEST_FILE) -> Iterator[Any]:
    """Open a parquet file; one that cannot be read at any place is copied to a temporary file.

    Raises InvalidRequest where it is damaged or cut off, and where its columns are larger than
    `largest` bytes after unpacking.
    """
    with tempfile.TemporaryFile() as copy:
        source = stream
        if not stream.seekable():
            with temporary_file_errors():
                shutil.copyfileobj(LimitedContent(stream, name, largest), copy)
                copy.seek(0)
            source = copy
        try:
            file = parquet.ParquetFile(
                pa.PythonFile(source, mode="r"),
                buffer_size=_BUFFER,
                page_checksum_verification=True,
            )
        except (pa.ArrowException, OSError) as error:
            raise _damaged(name, error) from error
        groups = range(file.metadata.num_row_groups)
        if sum(file.metadata.row_group(number).total_byte_size for number in groups) > largest:
            raise _too_large(name, largest)
        yield file


def parquet_batches(
    file: Any, name: str, *, only: Sequence[str] | None = None, largest: int = LARGEST_FILE
) -> Iterator[Any]:
    """Yield the rows of an opened file as record batches; `only` are the columns to read.

    Raises InvalidRequest for a damaged page, and past `largest` bytes: a value that is written
    once can stand in every row.
    """
    columns = list(only) if only is not None else None
    left = largest
    try:
        for batch in file.iter_batches(batch_size=_ROWS, columns=columns):
            left -= batch.nbytes
            if left < 0:
                raise _too_large(name, largest)
            yield batch
    except (pa.ArrowException, OSError) as error:
        raise _damaged(name, error) from error


def _damaged(name: str, error: Exception) -> InvalidRequest:
    return InvalidRequest(
        f"{name} is not a whole parquet file: {error}.",
        hint="Copy or export the file again; nothing of its delivery was imported.",
    )


def _too_large(name: str, largest: int) -> InvalidRequest:
    return InvalidRequest(
        f"{name} is larger than {largest} bytes after unpacking.",
        hint="Split the export into smaller files, by day or by account.",
    )
