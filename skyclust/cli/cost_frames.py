"""What the views of costs share: the query, the days that are known, and how rows are printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from skyclust.cli.columns import Column
from skyclust.cli.cost_options import Range, parse_where
from skyclust.cli.list_options import ListOptions
from skyclust.cli.output import say, show_list
from skyclust.costs.money import UNKNOWN, money_text, percent_text
from skyclust.model.cost_metric import CostMetric

if TYPE_CHECKING:
    from pandas import DataFrame

    from skyclust.costs.ledger.coverage import AccountCoverage
    from skyclust.costs.ledger.currency_days import CurrencyDays

_AMOUNT_NAMES: Final = frozenset({*(metric.value for metric in CostMetric), "savings"})
"""Columns whose missing value is an amount that is not known."""


def read_costs(  # one query
    workspace: str,
    days: Range,
    by: Sequence[str],
    where: Sequence[str] | None,
    sources: Sequence[str] | None,
    *,
    time_zone: str = "UTC",
) -> DataFrame:
    """Return the frame of one question about a workspace."""
    from skyclust.costs.ledger.cost_query import CostQuery
    from skyclust.costs.ledger.queries import query_costs
    from skyclust.store.engine import open_store

    query = CostQuery(
        start=days[0],
        end=days[1],
        by=tuple(by),
        where=parse_where(where),
        sources=tuple(sources) if sources else None,
        time_zone=time_zone,
    )
    return query_costs(open_store(), [workspace], query)


def read_coverage(workspace: str, days: Range, *, time_zone: str = "UTC") -> list[AccountCoverage]:
    """Return the coverage of the UTC days that a range of days in a time zone has a part of.

    Raises NotFound for an unknown workspace, and InvalidRequest for an unknown time zone.
    """
    from skyclust.costs.ledger.cost_query import CostQuery
    from skyclust.costs.ledger.coverage import coverage
    from skyclust.store.engine import open_store

    return coverage(open_store(), workspace, *CostQuery(*days, time_zone=time_zone).charge_days)


def days_by_currency(
    accounts: Sequence[AccountCoverage],
    days: Range,
    where: Sequence[str] | None = None,
    *,
    sources: Sequence[str] | None = None,
    into: str | None = None,
    time_zone: str = "UTC",
) -> dict[str, CurrencyDays]:
    """Return which days the accounts of each currency have delivered, by the options of a view.

    `accounts` is the coverage of the same days in the same time zone, `into` the currency that
    amounts are converted to. A day of another time zone than UTC is delivered when both UTC days
    that it has a part of are, and provisional when one of them is.
    """
    from skyclust.costs.ledger.cost_query import CostQuery
    from skyclust.costs.ledger.currency_days import CurrencyDays, currency_days

    charge_days = CostQuery(*days, time_zone=time_zone).charge_days
    found = currency_days(accounts, *charge_days, parse_where(where), sources=sources, into=into)
    if time_zone == "UTC":
        return found
    parts: dict[date, set[date]] = {}
    for number in range((days[1] - days[0]).days):
        day = days[0] + timedelta(days=number)
        first, last = CostQuery(day, day + timedelta(days=1), time_zone=time_zone).charge_days
        parts[day] = {first + timedelta(days=part) for part in range((last - first).days)}
    return {
        currency: CurrencyDays(
            frozenset(day for day, utc in parts.items() if utc <= one.delivered),
            frozenset(day for day, utc in parts.items() if utc & one.provisional),
        )
        for currency, one in found.items()
    }


def say_gaps(
    accounts: Sequence[AccountCoverage],
    days: Range,
    where: Sequence[str] | None = None,
    sources: Sequence[str] | None = None,
) -> None:
    """Print on stderr which accounts lack days, so that a gap does not look like low cost.

    `accounts` is the coverage of a range that includes these days. Of them those are looked at
    whose costs the filters of the view leave.
    """
    from skyclust.costs.ledger.known_days import counted_accounts, gap_sentences

    if not accounts:
        say(
            "No costs were ever delivered. `skyclust cost collect` reads them from the clouds,"
            " `skyclust cost import` from files.",
            style="yellow",
        )
        return
    counted = counted_accounts(accounts, parse_where(where), sources)
    if not counted:
        say(
            "No account with these filters was ever delivered."
            " `skyclust cost accounts` shows those that were.",
            style="yellow",
        )
    for sentence in gap_sentences(counted, days[0], min(days[1], datetime.now(UTC).date())):
        say(f"{sentence} `skyclust cost deliveries` shows what there is.", style="yellow")


def not_counted(
    accounts: Sequence[AccountCoverage],
    days: Range,
    where: Sequence[str] | None,
    sources: Sequence[str] | None,
) -> list[dict[str, Any]]:
    """Print on stderr which costs are in no sum, and return the same for programs.

    Those are days of a shadow that no source that counts has. `accounts` is the coverage of a range
    that includes these days. Nothing is missing of `sources` that a person named.
    """
    from skyclust.costs.ledger.known_days import uncounted_sentences

    if sources:
        return []
    limits = parse_where(where)
    missing = [
        one
        for one in accounts
        if one.provider in limits.get("provider", [one.provider])
        and one.billing_account_id in limits.get("billing_account", [one.billing_account_id])
    ]
    for sentence in uncounted_sentences(missing, *days):
        say(f"{sentence} `skyclust cost accounts` says which source counts.", style="yellow")
    return [
        {
            "billing_account": one.billing_account_id,
            "source": one.source,
            "provider": one.provider,
            "days": [day.isoformat() for day in one.not_counted if days[0] <= day < days[1]],
        }
        for one in missing
        if any(days[0] <= day < days[1] for day in one.not_counted)
    ]


def show_costs(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    options: ListOptions,
    *,
    title: str,
) -> None:
    """Print rows of costs: amounts with two digits for people, exactly for programs."""
    show_list(
        [{name: _for_people(name, value) for name, value in row.items()} for row in rows]
        if options.is_table
        else rows,
        columns,
        options,
        title=title,
    )


def _for_people(name: str, value: object) -> object:
    if name in {"share", "percent"} and isinstance(value, Decimal):
        return percent_text(value)
    if isinstance(value, Decimal):
        return money_text(value)
    return UNKNOWN if value is None and name in _AMOUNT_NAMES else value
