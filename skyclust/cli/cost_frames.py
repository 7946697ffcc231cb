"""What the views of costs share: the query, the days that are known, and how rows are printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
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

    from skyclust.costs.ledger.known_days import KnownDays

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


def days_known(workspace: str, days: Range, *, time_zone: str = "UTC") -> KnownDays:
    """Return the days that every account's source has delivered, and those that may change.

    A day of another time zone is known when both UTC days that it has a part of are. Without any
    account no day is known.
    """
    from skyclust.costs.ledger.cost_query import CostQuery
    from skyclust.costs.ledger.coverage import coverage
    from skyclust.costs.ledger.known_days import KnownDays, known_days
    from skyclust.store.engine import open_store

    start, end = CostQuery(*days, time_zone=time_zone).charge_days
    found = known_days(coverage(open_store(), workspace, start, end), start, end)
    if time_zone == "UTC":
        return found
    known, provisional = set(), set()
    for number in range((days[1] - days[0]).days):
        day = days[0] + timedelta(days=number)
        first, last = CostQuery(day, day + timedelta(days=1), time_zone=time_zone).charge_days
        parts = {first + timedelta(days=part) for part in range((last - first).days)}
        if parts <= found.known:
            known.add(day)
            if parts & found.provisional:
                provisional.add(day)
    return KnownDays(frozenset(known), frozenset(provisional), found.filling_from)


def say_gaps(workspace: str, days: Range) -> None:
    """Say on stderr which accounts lack days, so that a gap does not look like low cost."""
    from skyclust.costs.ledger.coverage import coverage
    from skyclust.costs.ledger.known_days import gap_sentences
    from skyclust.store.engine import open_store

    accounts = [one for one in coverage(open_store(), workspace, *days) if one.authoritative]
    if not accounts:
        say(
            "No costs were ever delivered. `skyclust cost collect` reads them from the clouds,"
            " `skyclust cost import` from files.",
            style="yellow",
        )
    for sentence in gap_sentences(accounts, days[0], min(days[1], datetime.now(UTC).date())):
        say(f"{sentence} `skyclust cost deliveries` shows what there is.", style="yellow")


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
