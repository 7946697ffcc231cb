"""Makes deliveries of exports whose files are in an object store: a bucket, or a folder."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO

from skyclust.contract.cost import BillingPeriod, CostDelivery, FileFormat
from skyclust.errors import InvalidRequest
from skyclust.providerkit.cost_exports import CostExport
from skyclust.providerkit.object_store import ObjectStore, StoredObject


@dataclass(frozen=True)
class RowSelection:
    """Which rows of a file are those of a delivery: of one billing account and billing period.

    `days` are the charge days, half open; None: all. Rows of any other account, period or day are
    left to other deliveries of the same file where `skips_others` is set, and else refused.
    """

    billing_account_id: str
    period_start: date
    days: tuple[date, date] | None = None
    skips_others: bool = False


@dataclass(frozen=True)
class StoredCostFile:
    """A file of a delivery in an object store.

    `row_count` is what its manifest says it has, and `selection` which rows are the delivery's:
    the reader of files checks both. `facts` are what was found by reading the whole file, as a JSON
    document: it is kept with the delivery, so that the same file need not be read again for them.
    """

    name: str
    format: FileFormat
    size: int | None
    digest: str | None
    store: ObjectStore = field(repr=False, compare=False)
    item: StoredObject = field(repr=False, compare=False)
    row_count: int | None = None
    selection: RowSelection | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Open the file for one read from its begin.

        Raises NotFound where it is gone, and Conflict where it was overwritten since it was listed.
        """
        return self.store.open(self.item)


def named_format(name: str) -> FileFormat | None:
    """Return the format that a file's name says, None for a name of no data file.

    The content decides between CSV and gzipped CSV when the file is read.
    """
    lower = name.lower()
    if lower.endswith(".parquet"):
        return FileFormat.PARQUET
    if lower.endswith((".csv.gz", ".csv.gzip", ".gz")):
        return FileFormat.CSV_GZIP
    return FileFormat.CSV if lower.endswith(".csv") else None


def stored_file(
    store: ObjectStore,
    item: StoredObject,
    *,
    row_count: int | None = None,
    selection: RowSelection | None = None,
) -> StoredCostFile:
    """Return an object as a file of a delivery; raises InvalidRequest for an unknown format."""
    form = named_format(item.name)
    if form is None:
        raise InvalidRequest(
            f"{item.name} is not a CSV, gzipped CSV or parquet file.",
            hint="Choose one of these formats for the export.",
        )
    return StoredCostFile(item.name, form, item.size, item.etag, store, item, row_count, selection)


def export_delivery(
    store: ObjectStore,
    export: CostExport,
    *,
    source: str,
    provider: str,
    billing_account_id: str,
    provisional: bool,
    skips_others: bool = False,
) -> CostDelivery:
    """Return the delivery of one refresh of an export, with its files unread.

    A row of another account or period is refused when it is read, unless `skips_others`.
    """
    selection = RowSelection(billing_account_id, export.period_start, skips_others=skips_others)
    return CostDelivery(
        source=source,
        provider=provider,
        billing_account_id=billing_account_id,
        period=BillingPeriod(export.period_start, export.period_end),
        complete_from=export.complete_from,
        complete_to=export.complete_to,
        produced_at=export.produced_at,
        focus_version=export.focus_version,
        files=tuple(
            stored_file(store, file.item, row_count=file.rows, selection=selection)
            for file in export.files
        ),
        fingerprint=export.fingerprint,
        provisional=provisional,
    )
