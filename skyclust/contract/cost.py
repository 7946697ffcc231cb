"""The ability to read what a cloud's own billing says: deliveries of FOCUS rows, and totals.

A delivery is to costs what a scope is to inventory: what a source claims to be complete for a
range of days of one billing account and billing period. The ledger applies it all or nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import BinaryIO, Final, Protocol

from skyclust.contract.ability import Ability
from skyclust.model.cost_metric import CostMetric

FocusRow = Mapping[str, object]
"""One row under FOCUS column names. Amounts are Decimal, times are aware datetimes, `Tags` is a
mapping or its JSON text, and a value that is not known is None."""


ALL_CHARGES: Final = "all charges"
"""The scope of a total that leaves nothing out: usage, purchases, tax, credits, and refunds."""


class FileFormat(StrEnum):
    """The formats of a delivered file."""

    CSV = "csv"
    CSV_GZIP = "csv.gz"
    PARQUET = "parquet"


@dataclass(frozen=True)
class BillingPeriod:
    """A billing period, half open in UTC: from `start` on, before `end`."""

    start: date
    end: date

    def __str__(self) -> str:
        return self.start.isoformat()[:7]


class CostFile(Protocol):
    """A part of a delivery that is a file."""

    @property
    def name(self) -> str:
        """Its name in the source."""

    @property
    def format(self) -> FileFormat:
        """The format that the source says."""

    @property
    def size(self) -> int | None:
        """Bytes; None where the source does not say."""

    @property
    def digest(self) -> str | None:
        """What the source calls its content: an ETag or a hash; None where it does not say."""

    def open(self) -> AbstractContextManager[BinaryIO]:
        """Open the file for one read from its begin; raises an error of the tree, NotFound too."""


class CostRows(Protocol):
    """A part of a delivery that an API answers in rows."""

    @property
    def name(self) -> str:
        """Its name in the source."""

    def pages(self) -> Iterator[Sequence[FocusRow]]:
        """Yield the rows page by page to the end; raises for a page that could not be read."""


@dataclass(frozen=True)
class CostTotal:
    """What the source itself calls the total of an account and period, in one metric.

    `scope` says in words what the source counts: "all charges", "usage without tax and credits".
    `invoice_id` is set where the total is that of one invoice. `sub_account_id` is set where it is
    that of one sub account.
    """

    billing_account_id: str
    period: BillingPeriod
    metric: CostMetric
    currency: str
    amount: Decimal
    scope: str
    read_at: datetime
    start: date | None = None
    """The first day it counts; None: the whole period. `end` is exclusive."""
    end: date | None = None
    invoice_id: str | None = None
    sub_account_id: str | None = None


@dataclass(frozen=True)
class CostDelivery:
    """What a source delivers for one billing account and billing period.

    `complete_from` and `complete_to` (exclusive) are the charge days that it claims to be complete
    for: rows of those days that it does not contain are withdrawn, other days are untouched. A
    claim of the whole billing period covers every charge day of its rows, also those outside of
    the period: usage of 31 July that is invoiced in August, a refund dated in an earlier month.
    `produced_at` orders deliveries of one source: an older one never replaces a newer one.
    `fingerprint` is equal for two deliveries with equal content, and is known without reading the
    parts; None where only the content can tell. A source whose rows are estimates for display,
    such as Cost Explorer, sets `shadow`: its rows are compared with, and never added to, those of
    an authoritative source.
    """

    source: str
    """The source's name in the workspace: its kind and a name, `aws-data-exports:production`."""
    provider: str
    billing_account_id: str
    period: BillingPeriod
    complete_from: date
    complete_to: date
    produced_at: datetime
    focus_version: str
    files: Sequence[CostFile] = ()
    rows: Sequence[CostRows] = ()
    fingerprint: str | None = None
    shadow: bool = False
    provisional: bool = True
    """Whether the provider may still change these days: the period is not closed or invoiced."""
    totals: Sequence[CostTotal] = field(default=())


@dataclass(frozen=True)
class CostCalls:
    """Calls of a source that cost money, and what they cost."""

    calls: int
    price: Decimal
    currency: str = "USD"


class CostProvider(Ability):
    """Reads the deliveries of the cloud's own billing."""

    @abstractmethod
    def list_deliveries(self, start: date, end: date) -> Iterator[CostDelivery]:
        """Yield a delivery for each account and billing period that overlaps [start, end).

        Only what is needed to identify a delivery is read: its parts are opened by the caller. An
        account without charges in a period yields a delivery without parts, or one whose parts
        have no rows; a source that was not found, that is not configured, or that does not answer
        raises. Raises IncompleteList after the last delivery for those that could not be read.
        """

    def calls_made(self) -> CostCalls | None:
        """Return the priced calls that this object has made; None where calls are free."""
        return None


class CostTotalsProvider(Ability):
    """Reads what the cloud itself calls the total, to reconcile the ledger with."""

    @abstractmethod
    def cost_totals(self, start: date, end: date) -> Sequence[CostTotal]:
        """Return the totals of each account and billing period that overlaps [start, end).

        Raises for a total that could not be read; an account without charges has the total zero
        only where the source says zero.
        """
