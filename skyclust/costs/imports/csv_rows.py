"""CSV files as Arrow batches: every column is text, and an empty field is null."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.csv as arrow_csv

from skyclust.errors import InvalidRequest

BLOCK: Final = 2**20
"""Bytes that are parsed at once, which is also the longest row that can be read. pyarrow reads
many blocks ahead: with blocks of 8 MiB it held 360 MB and was slower, with 1 MiB it holds 70."""

_LONGEST_HEADER: Final = 2**20


def csv_header(stream: io.BufferedReader, name: str) -> list[str]:
    """Return the names of the columns, without a byte order mark, and leave the stream behind them.

    Raises InvalidRequest for a file without a header, and for two columns of one name.
    """
    line = stream.readline(_LONGEST_HEADER)
    # A quoted name may hold a line break.
    while line.count(b'"') % 2 and len(line) < _LONGEST_HEADER and (more := stream.readline()):
        line += more
    try:
        text = line.decode("utf-8-sig")
        names = next(csv.reader(io.StringIO(text, newline=""), strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidRequest(
            f"{name} has no readable header in its first line: {error}.",
            hint="Export it as CSV in UTF-8, with the names of the columns in the first line.",
        ) from error
    if not any(names):
        raise InvalidRequest(
            f"{name} is empty: it has no header.",
            hint="A month without charges is a file with a header and no rows.",
        )
    repeated = sorted({column for column in names if names.count(column) > 1})
    if repeated:
        raise InvalidRequest(
            f"{name} has more than one column {repeated[0]!r}.",
            hint="Export it again: which of them counts cannot be known.",
        )
    return names


def csv_batches(
    stream: BinaryIO, names: Sequence[str], *, only: Sequence[str] | None = None
) -> Iterator[Any]:
    """Yield the rows behind a header as record batches of text; `only` are the columns to read.

    Raises pyarrow's ArrowInvalid for a broken row; `broken_row` finds it.
    """
    try:
        reader = arrow_csv.open_csv(
            pa.PythonFile(stream, mode="r"),
            read_options=arrow_csv.ReadOptions(block_size=BLOCK, column_names=list(names)),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in names},
                include_columns=list(only) if only is not None else None,
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
    except pa.ArrowInvalid as error:
        # The header alone, with no row behind it.
        if "Empty CSV file" in str(error):
            return
        raise
    yield from reader


def broken_row(stream: BinaryIO, names: Sequence[str], name: str, reason: str) -> InvalidRequest:
    """Return the error for the first row that has not as many fields as the header.

    `stream` is the file's text from its begin. The line is counted as an editor does; where no
    such row is found, pyarrow's reason stands in its place.
    """
    hint = "Nothing of its delivery was imported. Copy or export the file again."
    reader = csv.reader(io.TextIOWrapper(stream, "utf-8-sig", newline=""), strict=True)
    begin = 1
    try:
        for row in reader:
            if row and len(row) != len(names):
                fields = f"the row has {len(row)} fields, the header {len(names)}"
                return InvalidRequest(f"{name}, line {begin}: {fields}.", hint=hint)
            begin = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError) as error:
        return InvalidRequest(f"{name}, from line {begin} on: {error}.", hint=hint)
    return InvalidRequest(f"{name} cannot be read as CSV: {reason}.", hint=hint)
