"""Files of FOCUS as batches of rows, as they were delivered: CSV, CSV with gzip, and parquet."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import pyarrow as pa
from pyarrow import csv, parquet

from skyclust.contract.cost import FileFormat
from skyclust.costs.focus.headers import Headers, read_headers
from skyclust.costs.focus.normalize import normalize
from skyclust.errors import InvalidRequest

BATCH_ROWS: Final = 64 * 1024
CSV_BLOCK: Final = 16 * 1024 * 1024
"""Bytes of CSV that are read at once; a row is never longer."""


class FocusFile:
    """A file of FOCUS that is read once, batch by batch.

    `headers` has the version and the remarks. Raises InvalidRequest for what is no such file.
    """

    def __init__(
        self, stream: BinaryIO, kind: FileFormat, *, origin: str, version: str | None = None
    ) -> None:
        self._origin = origin
        try:
            if kind is FileFormat.PARQUET:
                self._names, self._batches = _parquet_batches(stream)
            else:
                zipped = kind is FileFormat.CSV_GZIP
                content = gzip.GzipFile(fileobj=stream) if zipped else stream
                self._names, self._batches = _csv_batches(content)
        except (pa.ArrowInvalid, OSError, EOFError) as error:
            raise self._unreadable(error) from error
        self.headers: Headers = read_headers(self._names, version=version, origin=origin)

    def tables(self) -> Iterator[Any]:
        """Yield the rows as pyarrow Tables of the ledger (`normalize`)."""
        first_row = 1
        batches = iter(self._batches)
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowInvalid, OSError, EOFError) as error:
                raise self._unreadable(error) from error
            if batch is None:
                return
            yield normalize(batch, origin=self._origin, first_row=first_row, headers=self.headers)
            first_row += batch.num_rows

    def _unreadable(self, error: Exception) -> InvalidRequest:
        return InvalidRequest(
            f"{self._origin} cannot be read: {str(error)[:200]}",
            hint="The file is damaged or incomplete, or not of the format that its name says.",
        )


def _parquet_batches(stream: BinaryIO) -> tuple[list[str], Iterator[Any]]:
    file = parquet.ParquetFile(stream)
    return file.schema_arrow.names, file.iter_batches(batch_size=BATCH_ROWS)


def _csv_batches(stream: Any) -> tuple[list[str], Iterator[Any]]:
    """Return the column names of a CSV file and its rows, every value as text."""
    reader = csv.open_csv(
        stream,
        read_options=csv.ReadOptions(block_size=CSV_BLOCK, use_threads=True),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        # A type that Arrow infers from the first block would turn identifiers into numbers.
        convert_options=csv.ConvertOptions(
            default_column_type=pa.string(), strings_can_be_null=False
        ),
    )
    return reader.schema.names, reader
