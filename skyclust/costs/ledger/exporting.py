"""Exports of the ledger: the rows of a range of days as one FOCUS file, slice by slice."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pyarrow as pa
from pyarrow import parquet

from skyclust.costs.file_errors import NO_SPACE, file_error
from skyclust.costs.focus.ledger_schema import LEDGER_SCHEMA
from skyclust.costs.focus.writing import write_focus_csv, write_focus_parquet
from skyclust.costs.ledger.slice_files import read_current
from skyclust.costs.ledger.storage import LedgerRoot, open_root
from skyclust.errors import InvalidRequest, NotFound
from skyclust.file_modes import owner_only
from skyclust.store import cost_slices, workspaces
from skyclust.store.cost_slices import SliceFile
from skyclust.store.engine import Store

BATCH_ROWS: Final = 50_000
"""Rows that an export holds in memory at a time."""

FILTERS: Final = ("provider", "billing_account")
"""Dimensions that an export is filtered by: those that all rows of a slice have in common."""


class ExportFormat(StrEnum):
    """The formats of an export."""

    PARQUET = "focus-parquet"
    CSV = "focus-csv"


@dataclass(frozen=True)
class ExportOptions:
    """What is exported, and how.

    `where` has the accepted values by dimension (FILTERS). Without `sources` the authoritative
    source of each account is exported. `escape_formulas` is of CSV alone.
    """

    format: ExportFormat
    focus_version: str
    start: date
    end: date
    where: Mapping[str, Collection[str | None]]
    sources: Sequence[str] | None = None
    escape_formulas: bool = True
    replace: bool = False


@dataclass(frozen=True)
class Exported:
    """What an export wrote: rows, of how many slices, and of which accounts."""

    rows: int
    slices: int
    billing_accounts: tuple[str, ...]


def export_focus(
    store: Store,
    workspace_id: str,
    target: Path,
    options: ExportOptions,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    root: LedgerRoot | None = None,
) -> Exported:
    """Write the rows of the charge days [start, end) to a file that only its owner may read.

    The file is there whole or not at all. `progress` is called with the slices that are done, and
    how many there are. Raises NotFound where there is no row to write, and for an unknown
    workspace; InvalidRequest for a file that exists, unless it is to be replaced, a version that is
    not written, a filter that slices do not have, and a folder that cannot be written;
    Unavailable where the disk is full; and as `read_current` does.
    """
    unknown = sorted(set(options.where) - set(FILTERS))
    if unknown:
        raise InvalidRequest(
            f"An export cannot be filtered by {unknown[0]}.", hint=f"Filters: {', '.join(FILTERS)}."
        )
    if target.exists() and not (options.replace and target.is_file()):
        raise InvalidRequest(
            f"{target} exists.", hint="Give another path, or --force to replace a file."
        )
    ledger = root or open_root()
    return read_current(
        lambda: _files(store, workspace_id, options),
        lambda files: _exported(ledger, files, target, options, progress),
        ledger,
    )


def _exported(
    ledger: LedgerRoot,
    files: Sequence[SliceFile],
    target: Path,
    options: ExportOptions,
    progress: Callable[[int, int], None],
) -> Exported:
    if not files:
        raise NotFound(
            f"There are no costs from {options.start} until {options.end} (exclusive) to export.",
            hint="`skyclust cost deliveries` shows what was delivered.",
        )
    draft = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        with open(draft, "xb", opener=owner_only) as written:
            rows = _write(ledger, files, written, options, progress)
            written.flush()
            os.fsync(written.fileno())
        draft.replace(target)
    except OSError as error:
        if error.errno in NO_SPACE:
            raise file_error(
                f"{target} cannot be written", error, "Make space there, or give another path."
            ) from error
        raise InvalidRequest(
            f"{target} cannot be written: {error.strerror or error}.", hint="Give another path."
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return Exported(rows, len(files), tuple(sorted({one.billing_account_id for one in files})))


def _files(store: Store, workspace_id: str, options: ExportOptions) -> list[SliceFile]:
    with store.reading() as connection:
        workspaces.get(connection, workspace_id)
        files = cost_slices.current_files(
            connection, workspace_id, options.start, options.end, sources=options.sources
        )
    wanted = [
        one
        for one in files
        if one.provider in options.where.get("provider", (one.provider,))
        and one.billing_account_id
        in options.where.get("billing_account", (one.billing_account_id,))
    ]
    return sorted(wanted, key=lambda one: (one.billing_account_id, one.charge_day, one.file))


def _write(
    root: LedgerRoot,
    files: Sequence[SliceFile],
    written: Any,
    options: ExportOptions,
    progress: Callable[[int, int], None],
) -> int:
    extra = sorted(_extra_columns(root, files))
    batches = _batches(root, files, progress)
    if options.format is ExportFormat.PARQUET:
        return write_focus_parquet(batches, written, options.focus_version, extra_columns=extra)
    return write_focus_csv(
        batches,
        written,
        options.focus_version,
        extra_columns=extra,
        escape_formulas=options.escape_formulas,
    )


def _extra_columns(root: LedgerRoot, files: Sequence[SliceFile]) -> set[str]:
    """Return the `x_` columns of all slices: a file has one heading."""
    names: set[str] = set()
    for one in files:
        with root.open(one.file) as opened:
            names.update(parquet.read_schema(opened).names)
    return names.difference(LEDGER_SCHEMA.names)


def _batches(
    root: LedgerRoot, files: Sequence[SliceFile], progress: Callable[[int, int], None]
) -> Iterator[Any]:
    """Yield the rows of the slices in tables of about BATCH_ROWS: small ones make large files."""
    waiting: list[Any] = []
    rows = 0
    for number, one in enumerate(files, 1):
        with (
            root.open(one.file) as opened,
            parquet.ParquetFile(opened, page_checksum_verification=True) as slices,
        ):
            for batch in slices.iter_batches(batch_size=BATCH_ROWS):
                waiting.append(pa.Table.from_batches([batch]))
                rows += batch.num_rows
                if rows >= BATCH_ROWS:
                    yield _together(waiting)
                    waiting, rows = [], 0
        progress(number, len(files))
    if waiting:
        yield _together(waiting)


def _together(tables: Sequence[Any]) -> Any:
    return pa.concat_tables(tables, promote_options="default").combine_chunks()
