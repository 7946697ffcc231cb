"""What is in files that no manifest describes: their accounts, billing periods and charge days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import pyarrow as pa

from skyclust.contract.cost import BillingPeriod, CostFile
from skyclust.costs.focus.providers import provider_of
from skyclust.costs.imports.reading import read_columns
from skyclust.costs.imports.row_selection import (
    ACCOUNT,
    DAY,
    PERIOD,
    column_named,
    day_of,
    required_column,
)
from skyclust.errors import InvalidRequest

_PERIOD_END: Final = "BillingPeriodEnd"
_PROVIDERS: Final = ("ProviderName", "HostProviderName", "InvoiceIssuerName", "ServiceProviderName")
"""Columns that name the cloud, the most certain first: a service may be another company's."""

_COUNTED_AT_ONCE: Final = 100_000
"""Rows that wait to be counted: rows of one hour and account come in any order."""


@dataclass
class FileSpan:
    """The rows of one billing account and billing period: their charge days, in any file.

    `providers` counts the rows by the name of their provider.
    """

    billing_account_id: str
    period: BillingPeriod
    days: set[date] = field(default_factory=set)
    providers: dict[str | None, int] = field(default_factory=dict)

    @property
    def provider(self) -> str:
        """The cloud that most rows name, as SkyClust calls it; "unknown" where none names one."""
        name = max(self.providers, key=lambda key: self.providers[key], default=None)
        return provider_of(name)

    def ranges(self) -> Iterator[tuple[date, date]]:
        """Yield the half-open ranges of days that follow each other, in their order."""
        start = end = None
        for day in sorted(self.days):
            if day != end:
                if start is not None and end is not None:
                    yield start, end
                start = day
            end = day + timedelta(days=1)
        if start is not None and end is not None:
            yield start, end

    def document(self) -> dict[str, Any]:
        """Return the span as a JSON document, which `read_span` reads."""
        return {
            "billing_account_id": self.billing_account_id,
            "period": _texts((self.period.start, self.period.end)),
            "days": [_texts(days) for days in self.ranges()],
            "providers": [[name, rows] for name, rows in self.providers.items()],
        }

    def add(self, other: FileSpan) -> None:
        """Add the rows of another file."""
        start = min(self.period.start, other.period.start)
        self.period = BillingPeriod(start, max(self.period.end, other.period.end))
        self.days |= other.days
        for name, rows in other.providers.items():
            self.providers[name] = self.providers.get(name, 0) + rows


def read_span(document: Mapping[str, Any]) -> FileSpan:
    """Return the span of a document."""
    period, *ranges = (
        [date.fromisoformat(day) for day in days]
        for days in (document["period"], *document["days"])
    )
    days = {
        start + timedelta(days=number)
        for start, end in ranges
        for number in range((end - start).days)
    }
    providers = dict(document["providers"])
    return FileSpan(document["billing_account_id"], BillingPeriod(*period), days, providers)


def joined_spans(spans: Iterable[FileSpan]) -> list[FileSpan]:
    """Return the spans of several files as those of one, sorted by account and period."""
    joined: dict[tuple[str, int, int], FileSpan] = {}
    for span in spans:
        key = (span.billing_account_id, span.period.start.year, span.period.start.month)
        joined.setdefault(key, FileSpan(span.billing_account_id, span.period)).add(span)
    return [joined[key] for key in sorted(joined)]


def _texts(days: tuple[date, date]) -> list[str]:
    return [day.isoformat() for day in days]


def file_spans(files: Iterable[CostFile]) -> list[FileSpan]:
    """Return what the rows of files belong to, sorted by account and period.

    Reads four columns of each file. Raises InvalidRequest for a row without account, period or
    charge day, and as `read_batches` does.
    """
    spans: dict[tuple[str, int, int], FileSpan] = {}
    for file in files:
        for row in _different_rows(read_columns(file, _columns(file.name))):
            _add(spans, row, file.name)
    return [spans[key] for key in sorted(spans)]


def billing_accounts(files: Iterable[CostFile]) -> list[str]:
    """Return the billing accounts that the rows of files name, sorted."""
    return sorted({span.billing_account_id for span in file_spans(files)})


def first_billing_account(files: Iterable[CostFile]) -> str | None:
    """Return the billing account of the first row of files; None where they have no rows."""
    for file in files:

        def account(names: Sequence[str], name: str = file.name) -> Sequence[str]:
            return [required_column(names, ACCOUNT, name)]

        for batch in read_columns(file, account):
            for value in batch.column(0):
                if value.is_valid:
                    return str(value.as_py())
    return None


def _columns(file: str) -> Any:
    def choose(names: Sequence[str]) -> Sequence[str]:
        provider = next((name for each in _PROVIDERS if (name := column_named(names, each))), None)
        optional = (column_named(names, _PERIOD_END), provider)
        required = [required_column(names, column, file) for column in (ACCOUNT, PERIOD, DAY)]
        return [*required, *(name for name in optional if name is not None)]

    return choose


def _different_rows(batches: Iterable[Any]) -> Iterator[Mapping[str, Any]]:
    """Yield each different row of a file's batches under the names of FOCUS, with its `count`."""
    waiting: list[Any] = []
    for batch in batches:
        waiting.append(_with_count(batch))
        # What was counted before is not counted again before as many rows came.
        if sum(table.num_rows for table in waiting[1:]) >= max(
            _COUNTED_AT_ONCE, waiting[0].num_rows
        ):
            waiting = [_grouped(waiting)]
    if waiting:
        yield from _grouped(waiting).to_pylist()


def _with_count(batch: Any) -> Any:
    names = batch.schema.names
    columns: dict[str, Any] = {}
    for column in (ACCOUNT, PERIOD, DAY, _PERIOD_END):
        name = column_named(names, column)
        if name is not None:
            columns[column] = batch.column(name)
    provider = next((name for each in _PROVIDERS if (name := column_named(names, each))), None)
    if provider is not None:
        columns["provider"] = batch.column(provider)
    columns["count"] = pa.repeat(1, batch.num_rows)
    return pa.table(columns)


def _grouped(tables: Sequence[Any]) -> Any:
    table = pa.concat_tables(tables)
    keys = [name for name in table.column_names if name != "count"]
    groups = table.group_by(keys).aggregate([("count", "sum")])
    return groups.rename_columns(
        ["count" if name == "count_sum" else name for name in groups.column_names]
    ).select(table.column_names)


def _add(spans: dict[tuple[str, int, int], FileSpan], row: Mapping[str, Any], file: str) -> None:
    if row[ACCOUNT] is None:
        raise InvalidRequest(
            f"{file} has a row without a {ACCOUNT}.",
            hint="FOCUS requires the billing account in every row.",
        )
    account = str(row[ACCOUNT])
    start = day_of(row[PERIOD], PERIOD, file)
    after = date(start.year + start.month // 12, start.month % 12 + 1, 1)
    end = day_of(row[_PERIOD_END], _PERIOD_END, file) if row.get(_PERIOD_END) else after
    key = (account, start.year, start.month)
    span = spans.setdefault(key, FileSpan(account, BillingPeriod(start, end)))
    span.period = BillingPeriod(min(span.period.start, start), max(span.period.end, end))
    span.days.add(day_of(row[DAY], DAY, file))
    name = row.get("provider")
    span.providers[name] = span.providers.get(name, 0) + int(row["count"])
