"""Costs: the FOCUS billing export in BigQuery, as deliveries and as totals.

A delivery is one invoice month of one billing account. Google appends rows to the table, and
corrects by further rows: what a month contains is known by its number of rows, its newest export
time and its sums, which one query of seven columns reads for all months.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from providers.gcp.bigquery import BigQuery
from providers.gcp.billing_queries import periods_query, rows_query, totals_query
from providers.gcp.billing_rows import next_month, to_decimal, to_focus_row, to_period, to_time
from providers.gcp.billing_table import Column, TableName, check_columns, parse_table_name
from providers.gcp.invoice_months import InvoiceMonth, fingerprint, to_months
from skyclust.contract import (
    ALL_CHARGES,
    CostDelivery,
    CostMetric,
    CostProvider,
    CostTotal,
    CostTotalsProvider,
    FocusRow,
)
from skyclust.errors import ConfigurationError, Conflict

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients

GROSS: Final = "prices of charges, their own credits apart"
CREDITS: Final = "credits, those of charges among them"
TAXES: Final = "tax"
"""The scopes of the totals whose sum is that of all charges. The first two are no categories of
FOCUS: most of Google's credits are contained in the billed cost of the charge that they reduce."""

CLOSING_DAYS: Final = 10
"""Days after the end of a month in which Google still adds to it. Invoices are made within the
first days of the next month (https://cloud.google.com/billing/docs/how-to/invoice-month)."""

_ONLY_FROM_1_2: Final = "BillingAccountType"
"""A column that FOCUS has from 1.2 on; Google's older view has the columns of 1.0."""


class GcpCosts(CostProvider, CostTotalsProvider):
    """Deliveries and totals of the billing export that the credential names."""

    _clients: GcpClients
    _billing_export: str | None
    _billing_query_gib: int

    def list_deliveries(self, start: date, end: date) -> Iterator[CostDelivery]:
        """Yield a delivery for each billing account and invoice month that overlaps [start, end).

        A month of which the table has no row yields none: the export may not reach back so far.
        Raises ConfigurationError without a table in the credential, NotFound and
        PermissionDenied for the table, InvalidRequest for a table without the columns of FOCUS
        and for a query larger than the credential's limit.
        """
        table, reader = self._open_export()
        columns = _checked_columns(reader, table)
        query = periods_query(table, *_months(start, end))
        found = reader.rows(query, table, f"read what the months of {table} contain")
        for month in to_months(found):
            rows = InvoiceMonthRows(f"invoice-month-{month.period}", reader, table, columns, month)
            yield to_delivery(table, columns, month, rows, datetime.now(UTC))

    def cost_totals(self, start: date, end: date) -> Sequence[CostTotal]:
        """Return the totals of each invoice month that overlaps [start, end).

        Each month has the billed and the effective cost of all charges, and the billed cost of
        charges before credits and tax, of credits, and of tax. Raises what `list_deliveries` does.
        """
        table, reader = self._open_export()
        columns = _checked_columns(reader, table)
        query = totals_query(table, columns, *_months(start, end))
        found = reader.rows(query, table, f"read the totals of {table}")
        now = datetime.now(UTC)
        return [total for row in found for total in to_totals(row, now)]

    def _open_export(self) -> tuple[TableName, BigQuery]:
        if self._billing_export is None:
            raise ConfigurationError(
                "The credential names no billing export.",
                hint="Enable the FOCUS export, and give its table as billing_export_table.",
                provider="gcp",
            )
        table = parse_table_name(self._billing_export)
        return table, BigQuery(self._clients.bigquery(), self._billing_query_gib)


@dataclass
class InvoiceMonthRows:
    """The rows of one account and invoice month, as they were when the delivery was listed."""

    name: str
    reader: BigQuery
    table: TableName
    columns: Sequence[Column]
    month: InvoiceMonth

    def pages(self) -> Iterator[Sequence[FocusRow]]:
        """Yield the rows page by page to the end.

        Raises Conflict after the last page when there are more or fewer rows than were listed:
        the table was changed otherwise than by appending to it.
        """
        month = self.month
        period = month.period
        query = rows_query(
            self.table,
            self.columns,
            account=month.account,
            start=period.start,
            end=period.end,
            exported_at=month.exported_at,
        )
        doing = f"read the charges of {period} from {self.table}"
        read = 0
        for page in self.reader.pages(query, self.table, doing):
            read += len(page)
            yield [to_focus_row(row, period) for row in page]
        if read != month.row_count:
            raise Conflict(
                f"Could not {doing}: {month.row_count} rows were counted and {read} read.",
                hint="Was the table changed in the meantime? The next collection reads it again.",
                provider="gcp",
            )


def to_delivery(
    table: TableName,
    columns: Sequence[Column],
    month: InvoiceMonth,
    rows: InvoiceMonthRows,
    now: datetime,
) -> CostDelivery:
    """Return the delivery of an account and month.

    It claims the whole month, for the table has all that the invoice has so far, and the days of
    charges outside of it: usage of 31 July that is invoiced in August belongs to the delivery of
    August, and so does usage of the last hours of August in Pacific time, whose day in UTC is
    1 September.
    """
    period = month.period
    closed_at = period.end + timedelta(days=CLOSING_DAYS)
    return CostDelivery(
        source=f"gcp-billing-export:{table}",
        provider="gcp",
        billing_account_id=month.account,
        period=period,
        complete_from=min(month.first_day, period.start),
        complete_to=max(month.last_day + timedelta(days=1), period.end),
        produced_at=month.exported_at,
        focus_version="1.2" if _ONLY_FROM_1_2 in {each.name for each in columns} else "1.0",
        rows=(rows,),
        fingerprint=fingerprint(columns, month),
        provisional=now.date() < closed_at,
        totals=tuple(
            CostTotal(
                month.account,
                period,
                metric,
                currency,
                amount,
                ALL_CHARGES,
                now,
                start=month.first_day,
                end=month.last_day + timedelta(days=1),
            )
            for currency, amounts in month.sums.items()
            for metric, amount in zip(_METRICS, amounts, strict=True)
            if amount is not None
        ),
    )


_METRICS: Final = (CostMetric.BILLED, CostMetric.EFFECTIVE)


def to_totals(row: Mapping[str, Any], read_at: datetime) -> Iterator[CostTotal]:
    """Yield the totals of one account, month and currency; none for an amount that is null.

    A total is of the days from the first charge to the last: later ones are not exported yet.
    """
    account, currency = row["BillingAccountId"], row["BillingCurrency"]
    period = to_period(row["invoice_year"], row["invoice_month"])
    billed = to_decimal(row["billed_cost"], "BilledCost")
    effective = to_decimal(row["effective_cost"], "EffectiveCost")
    first = to_time(row["first_charge"], "ChargePeriodStart").date()
    last = to_time(row["last_charge"], "ChargePeriodStart").date()
    tax, credit = to_decimal(row["tax"], "tax"), to_decimal(row["credits"], "credits")
    gross = None
    if billed is not None and tax is not None and credit is not None:
        gross = billed - tax - credit
    for metric, scope, amount in (
        (CostMetric.BILLED, ALL_CHARGES, billed),
        (CostMetric.EFFECTIVE, ALL_CHARGES, effective),
        (CostMetric.BILLED, GROSS, gross),
        (CostMetric.BILLED, CREDITS, credit),
        (CostMetric.BILLED, TAXES, tax),
    ):
        if amount is not None:
            yield CostTotal(
                account,
                period,
                metric,
                currency,
                amount,
                scope,
                read_at,
                start=first,
                end=last + timedelta(days=1),
            )


def _checked_columns(reader: BigQuery, table: TableName) -> list[Column]:
    columns = reader.columns(table)
    check_columns(table, columns)
    return columns


def _months(start: date, end: date) -> tuple[date, date]:
    """Return the first day of the months that overlap [start, end), and the day after them."""
    last = end - timedelta(days=1)
    return start.replace(day=1), next_month(last)
