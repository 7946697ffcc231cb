"""Staging: rows of cost are split into one local file for each account, period and charge day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq

from skyclust.costs.file_errors import temporary_file_errors
from skyclust.costs.focus.ledger_schema import AMOUNTS, LEDGER_SCHEMA, TIMES
from skyclust.costs.ledger.row_digests import RowDigests, slice_hash
from skyclust.costs.ledger.staged_rows import checked_rows
from skyclust.costs.ledger.text_numbers import TextNumbers

BUFFERED_BYTES: Final = 32 << 20
"""Rows are sorted by slice and put aside when so many bytes of them are buffered."""

WRITERS: Final = 2
"""Slices that are written at once; Arrow compresses without holding up other threads."""

ROW_GROUP: Final = 65_536
"""Rows of a row group: few enough to hold in memory, many enough to be read fast."""


PARQUET: Final = {
    "compression": "zstd",
    "compression_level": 1,
    # Nobody reads the least and greatest of texts, which take a third of the time of writing.
    "write_statistics": [*TIMES],
    # Whoever reads a file gets texts, not the dictionaries that they were written from.
    "store_schema": False,
    # What reads the files for sums does not notice a changed byte: skyclust.costs.ledger.verifying.
    "write_page_checksum": True,
}

_RESOURCE: Final = "ResourceId"


class SliceKey(NamedTuple):
    """Which slice a row belongs to, within its source."""

    billing_account_id: str
    period_start: date
    charge_day: date


@dataclass(frozen=True)
class StagedSlice:
    """The rows of a slice in a local file; `content_hash` depends on them, not on their order."""

    key: SliceKey
    path: Path
    rows: int
    content_hash: str


@dataclass(frozen=True)
class StagedRows:
    """All rows of one import or delivery, in `folder`, which ends with the staging."""

    folder: Path
    slices: Mapping[SliceKey, StagedSlice]

    def groups(self) -> dict[tuple[str, date], list[StagedSlice]]:
        """Return the slices by billing account and begin of the period, sorted by day."""
        groups: dict[tuple[str, date], list[StagedSlice]] = {}
        for key in sorted(self.slices):
            groups.setdefault(key[:2], []).append(self.slices[key])
        return groups


def stage(tables: Iterable[Any], folder: Path) -> StagedRows:
    """Write the rows of tables and record batches into files of a folder, one a slice.

    Tables have the columns of the ledger and may have further ones, whose names begin with `x_`.
    The memory in use does not depend on the number of rows. Raises InvalidRequest for rows that
    lack what places them in the ledger, and for columns that it does not have; Unavailable when the
    disk is full.
    """
    aside = _RowsAside(folder)
    with ThreadPoolExecutor(1) as behind:
        # Rows are read while those before them are sorted and written; never more than one such
        # part waits, so that memory stays bounded.
        waiting: Future[None] | None = None
        for part in _parts(tables):
            if waiting is not None:
                waiting.result()
            waiting = behind.submit(_put_aside, aside, part)
        if waiting is not None:
            waiting.result()
    keys = sorted(aside.batches)
    with ThreadPoolExecutor(WRITERS) as writers:
        written = writers.map(lambda key: _write_staged(aside, key, folder), keys)
        slices = dict(zip(keys, written, strict=True))
    aside.remove()
    # DuckDB, which reads the files next, has memory of its own.
    pa.default_memory_pool().release_unused()
    return StagedRows(folder, slices)


def _parts(tables: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield checked rows in parts of about BUFFERED_BYTES."""
    buffered: list[Any] = []
    size = 0
    for table in tables:
        rows = checked_rows(table)
        buffered.append(rows)
        size += rows.nbytes
        if size >= BUFFERED_BYTES:
            yield buffered
            buffered, size = [], 0
    if buffered:
        yield buffered


@dataclass
class _RowsAside:
    """Rows that are put aside in Arrow's own format, a batch a slice, until all have been read.

    `batches` are the places of each slice's batches: the number of the file, and in it. `extra`
    are the columns beyond those of the ledger.
    """

    folder: Path
    files: list[Path] = field(default_factory=list)
    batches: dict[SliceKey, list[tuple[int, int]]] = field(default_factory=dict)
    extra: set[str] = field(default_factory=set)
    texts: TextNumbers = field(default_factory=TextNumbers)

    def put(self, tables: list[Any]) -> None:
        """Put aside the rows of tables, sorted by slice."""
        table = pa.concat_tables(tables, promote_options="default")
        if table.num_rows == 0:
            return
        self.extra.update(table.column_names[len(LEDGER_SCHEMA) :])
        keys, table = _keys(table), self.texts.numbered(table)
        order = _order(keys, table)
        keys, table = keys.take(order).combine_chunks(), table.take(order).combine_chunks()
        path = self.folder / f"aside-{len(self.files)}.arrow"
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with (
            pa.OSFile(str(path), "wb") as sink,
            pa.ipc.new_file(sink, table.schema, options=options) as written,
        ):
            for number, (start, end, key) in enumerate(_runs(keys)):
                for batch in table.slice(start, end - start).to_batches():
                    written.write_batch(batch)
                self.batches.setdefault(key, []).append((len(self.files), number))
        self.files.append(path)

    def read(self, key: SliceKey) -> Iterator[list[Any]]:
        """Yield the batches of a slice, ROW_GROUP rows or a few more at once."""
        waiting: list[Any] = []
        rows = 0
        for file, number in self.batches[key]:
            with pa.OSFile(str(self.files[file]), "rb") as source:
                waiting.append(pa.ipc.open_file(source).get_batch(number))
            rows += waiting[-1].num_rows
            if rows >= ROW_GROUP:
                yield waiting
                waiting, rows = [], 0
        if waiting:
            yield waiting

    def remove(self) -> None:
        """Remove the files."""
        for path in self.files:
            path.unlink()


def _put_aside(aside: _RowsAside, part: list[Any]) -> None:
    with temporary_file_errors():
        aside.put(part)


def _write_staged(aside: _RowsAside, key: SliceKey, folder: Path) -> StagedSlice:
    with temporary_file_errors():
        return _write_slice(aside, key, folder)


def _write_slice(aside: _RowsAside, key: SliceKey, folder: Path) -> StagedSlice:
    path = folder / f"{uuid4().hex}.parquet"
    fields = [*LEDGER_SCHEMA, *(pa.field(name, pa.string()) for name in sorted(aside.extra))]
    schema = pa.schema(field.with_type(_written_type(field)) for field in fields)
    # Amounts hardly repeat within a row group.
    repeating = [field.name for field in fields if field.name not in AMOUNTS]
    digests: list[Any] = []
    with pq.ParquetWriter(path, schema, use_dictionary=repeating, **PARQUET) as written:
        for batches in aside.read(key):
            of_rows = RowDigests(sum(batch.num_rows for batch in batches))
            columns = [_column(aside.texts, batches, field, of_rows) for field in fields]
            written.write_table(pa.table(columns, schema=schema), row_group_size=ROW_GROUP)
            digests.append(of_rows.array())
    return StagedSlice(key, path, sum(map(len, digests)), slice_hash(digests))


def _written_type(field: Any) -> Any:
    texts = pa.types.is_string(field.type)
    return pa.dictionary(pa.int32(), field.type) if texts else field.type


def _column(texts: TextNumbers, batches: list[Any], field: Any, digests: RowDigests) -> Any:
    """Return a column of batches, any of which may lack it, and add it to the rows' digests."""
    is_text = pa.types.is_string(field.type)
    lacking = pa.int32() if is_text else field.type
    parts = [
        batch[field.name] if field.name in batch.schema.names else pa.nulls(batch.num_rows, lacking)
        for batch in batches
    ]
    if is_text:
        encoded = texts.encoded(field.name, parts)
        digests.add_texts(field.name, encoded.texts, encoded.digests)
        return encoded.texts
    numbers = pa.concat_arrays(parts)
    digests.add_numbers(field.name, numbers)
    return numbers


def _keys(table: Any) -> Any:
    return pa.table(
        {
            "account": table["BillingAccountId"],
            "period": table["BillingPeriodStart"].cast(pa.date32(), safe=False),
            "day": table["ChargePeriodStart"].cast(pa.date32(), safe=False),
        }
    )


def _order(keys: Any, numbered: Any) -> Any:
    """Return the order of rows by slice, and by resource within: files are smaller so, and sums by
    resource are faster, for each of them is in one place of the memory."""
    by = [(name, "ascending") for name in keys.column_names]
    if _RESOURCE in numbered.column_names and pa.types.is_int32(numbered[_RESOURCE].type):
        keys = keys.append_column(_RESOURCE, numbered[_RESOURCE])
        by.append((_RESOURCE, "ascending"))
    return pc.sort_indices(keys, sort_keys=by)


def _runs(keys: Any) -> Iterator[tuple[int, int, SliceKey]]:
    """Yield begin, end and key of each run of equal keys."""
    rows = keys.num_rows
    if rows == 0:
        return
    differs = None
    for name in keys.column_names:
        column = keys[name]
        other = pc.not_equal(column.slice(1), column.slice(0, rows - 1))
        differs = other if differs is None else pc.or_(differs, other)
    starts = [0, *(place + 1 for place in pc.indices_nonzero(differs).to_pylist())]
    for start, end in zip(starts, [*starts[1:], rows], strict=True):
        values = [keys[name][start].as_py() for name in keys.column_names]
        yield start, end, SliceKey(*values)
