"""Reads the files of deliveries as Arrow batches, in bounded memory."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa

from skyclust.contract.cost import CostFile
from skyclust.contract.cost_files import StoredCostFile
from skyclust.costs.imports.content import begins_with, is_parquet, unpacked_text
from skyclust.costs.imports.csv_rows import broken_row, csv_batches, csv_header
from skyclust.costs.imports.parquet_rows import opened_parquet, parquet_batches
from skyclust.costs.imports.row_selection import select_rows
from skyclust.errors import InvalidRequest

ChooseColumns = Callable[[Sequence[str]], Sequence[str]]
"""Takes the names of a file's columns, and returns those to read."""


_ROWS: Final = 8 * 1024
"""Rows of a batch, at least: what is done with a batch costs time for each of its columns."""


def read_batches(file: CostFile) -> Iterator[Any]:
    """Yield the rows of a file as record batches: a CSV's columns as text, a parquet's as typed.

    The content decides what the file is, not its name. An empty field of CSV is null. Rows of
    other deliveries of the file are left out (`StoredCostFile.selection`).

    Raises InvalidRequest, with the file and where it can the line, for a broken row, a damaged or
    cut off file, one larger than `LARGEST_FILE` after unpacking, one with other than the number of
    rows that its manifest states, and a row that is not of the delivery; NotFound or Conflict where
    the file is gone or was overwritten.
    """
    selection = file.selection if isinstance(file, StoredCostFile) else None
    expected = file.row_count if isinstance(file, StoredCostFile) else None
    count = 0
    waiting: list[Any] = []
    for batch in read_columns(file):
        count += batch.num_rows
        chosen = batch if selection is None else select_rows(batch, selection, file.name)
        if chosen.num_rows:
            waiting.append(chosen)
        if sum(each.num_rows for each in waiting) >= _ROWS:
            yield _joined(waiting)
            waiting.clear()
    if waiting:
        yield _joined(waiting)
    if expected is not None and count != expected:
        raise InvalidRequest(
            f"{file.name} has {count} rows, and {expected} by its manifest.",
            hint="Nothing of its delivery was imported. Copy or export the file again.",
        )


def read_columns(file: CostFile, choose: ChooseColumns | None = None) -> Iterator[Any]:
    """Yield all rows of a file as record batches, with the columns that `choose` returns.

    Raises as `read_batches` does for a file that cannot be read.
    """
    with file.open() as opened:
        head, stream = begins_with(opened)
        if is_parquet(head):
            with opened_parquet(stream, file.name) as parquet:
                names = parquet.schema_arrow.names
                yield from parquet_batches(parquet, file.name, only=_chosen(choose, names))
            return
        text = unpacked_text(head, stream, file.name)
        names = csv_header(text, file.name)
        try:
            yield from csv_batches(text, names, only=_chosen(choose, names))
        except pa.ArrowInvalid as error:
            with _text_of(file) as again:
                raise broken_row(again, names, file.name, str(error)) from error


def columns_of(file: CostFile) -> list[str]:
    """Return the names of a file's columns; raises as `read_batches` does."""
    with file.open() as opened:
        head, stream = begins_with(opened)
        if is_parquet(head):
            with opened_parquet(stream, file.name) as parquet:
                return list(parquet.schema_arrow.names)
        return csv_header(unpacked_text(head, stream, file.name), file.name)


def _joined(batches: Sequence[Any]) -> Any:
    if len(batches) == 1:
        return batches[0]
    return pa.Table.from_batches(batches).combine_chunks().to_batches()[0]


def _chosen(choose: ChooseColumns | None, names: Sequence[str]) -> Sequence[str] | None:
    return choose(names) if choose is not None else None


@contextmanager
def _text_of(file: CostFile) -> Iterator[io.BufferedReader]:
    with file.open() as opened:
        head, stream = begins_with(opened)
        yield unpacked_text(head, stream, file.name)
