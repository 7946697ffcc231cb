"""Rows of the ledger as files of FOCUS 1.2, 1.3 or 1.4: parquet and CSV.

A file has every column of its version, in the order of the specification, then the `x_` columns.
Importing it again gives the rows that were written, but for these: a value of a column that the
version does not have is lost, and a null provider column is filled from its counterpart of another
version (`with_provider_names`), which the version demands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from skyclust.costs.focus.amounts import to_plain_text
from skyclust.costs.focus.headers import ESCAPED
from skyclust.costs.focus.ledger_schema import LEDGER_SCHEMA
from skyclust.costs.focus.model import WRITTEN_VERSIONS, columns_of
from skyclust.costs.focus.providers import with_provider_names
from skyclust.costs.focus.times import to_focus_text
from skyclust.errors import InternalError, InvalidRequest

FORMULA: Final = "^[=+\\-@\t\r\n'\uff1d\uff0b\uff0d\uff20]"
"""Begins of a text that a spreadsheet program may run as a formula
(https://owasp.org/www-community/attacks/CSV_Injection), and the apostrophe that stops it."""


def write_focus_parquet(
    batches: Iterable[Any],
    target: Path | BinaryIO,
    version: str,
    *,
    extra_columns: Sequence[str] | None = None,
) -> int:
    """Write Tables or RecordBatches of the ledger as one parquet file, and return its rows.

    Numbers are decimals with 12 digits behind the point, times are instants in UTC, JSON columns
    hold JSON text. `extra_columns` are the `x_` columns to write; None: those of the first batch.
    Raises InvalidRequest for a version that is not written.
    """
    rows = 0
    schema, tables = _export(batches, version, extra_columns)
    where = str(target) if isinstance(target, Path) else target
    metadata = {"focus_version": version}
    with parquet.ParquetWriter(where, schema.with_metadata(metadata), compression="zstd") as file:
        for table in tables:
            rows += table.num_rows
            file.write_table(table.replace_schema_metadata(metadata))
    return rows


def write_focus_csv(
    batches: Iterable[Any],
    target: Path | BinaryIO,
    version: str,
    *,
    extra_columns: Sequence[str] | None = None,
    escape_formulas: bool = True,
) -> int:
    """Write Tables or RecordBatches of the ledger as one CSV file, and return its rows.

    Numbers have no exponent, times are written as 2026-07-01T00:00:00Z, null is an empty field.
    With `escape_formulas` a text that a spreadsheet program would take for a formula has an
    apostrophe before it, as has one that begins with an apostrophe; the column x_SkyClustEscaped
    marks it, and importing takes exactly these away. Raises InvalidRequest for a version that is
    not written.
    """
    rows = 0
    schema, tables = _export(batches, version, extra_columns)
    names = [*schema.names, *([ESCAPED] if escape_formulas else ())]
    where = str(target) if isinstance(target, Path) else target
    with csv.CSVWriter(where, pa.schema([(name, pa.string()) for name in names])) as file:
        for table in tables:
            rows += table.num_rows
            columns = [_csv_texts(column, escape_formulas) for column in table.columns]
            if escape_formulas:
                columns.append(pa.repeat("true", table.num_rows))
            file.write_table(pa.table(columns, names=names))
    return rows


def _export(
    batches: Iterable[Any], version: str, extra_columns: Sequence[str] | None
) -> tuple[Any, Iterator[Any]]:
    """Return the schema of a version's file, and its rows table by table."""
    if version not in WRITTEN_VERSIONS:
        raise InvalidRequest(
            f"FOCUS {version[:40]} is not written.",
            hint=f"Choose one of {', '.join(WRITTEN_VERSIONS)}.",
        )
    remaining = iter(batches)
    first = next(remaining, None)
    extra = _extra_of(first) if extra_columns is None else list(extra_columns)
    fields = [LEDGER_SCHEMA.field(name) for name in columns_of(version)]
    schema = pa.schema([*fields, *((name, pa.string()) for name in extra)])
    return schema, _tables(first, remaining, schema, extra)


def _extra_of(batch: Any) -> list[str]:
    names = () if batch is None else batch.schema.names
    return sorted(name for name in names if name not in LEDGER_SCHEMA.names)


def _tables(first: Any, remaining: Iterator[Any], schema: Any, extra: list[str]) -> Iterator[Any]:
    batch = first
    while batch is not None:
        unexpected = [name for name in _extra_of(batch) if name not in extra]
        if unexpected:
            raise InternalError(
                f"A batch has the column {unexpected[0]}, which the file that is written has not.",
                hint="Give the x_ columns of all batches as extra_columns.",
            )
        yield _of_version(batch, schema)
        batch = next(remaining, None)


def _of_version(batch: Any, schema: Any) -> Any:
    table = pa.Table.from_batches([batch]) if isinstance(batch, pa.RecordBatch) else batch
    required = "HostProviderName" not in schema.names
    filled = with_provider_names(table, publisher_required=required)
    columns = [
        filled.column(field.name).cast(field.type)
        if field.name in filled.column_names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _csv_texts(column: Any, escape_formulas: bool) -> Any:
    array = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    if pa.types.is_decimal(array.type):
        return to_plain_text(array)
    if pa.types.is_timestamp(array.type):
        return to_focus_text(array)
    if not escape_formulas:
        return array
    risky = pc.match_substring_regex(array, FORMULA)
    if not pc.any(risky).as_py():
        return array
    return pc.if_else(risky, pc.binary_join_element_wise("'", array, ""), array)
