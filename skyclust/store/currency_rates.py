"""The dated rates by which a workspace converts its costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from sqlalchemy import Connection, delete, select

from skyclust.errors import Conflict, InvalidRequest
from skyclust.model.currency_rate import CurrencyRate
from skyclust.store import workspaces
from skyclust.store.bulk import insert_rows
from skyclust.store.cost_choice_tables import currency_rates
from skyclust.store.types import now


def record(
    connection: Connection,
    workspace_id: str,
    rates: Sequence[CurrencyRate],
    *,
    closed_before: date,
) -> int:
    """Write rates and return how many are new or changed.

    Months before `closed_before` keep their rates. Raises InvalidRequest for a rate that is not
    more than zero, Conflict for one that differs from the rate of a closed month, NotFound for an
    unknown workspace; then nothing is written.
    """
    workspaces.hold(connection, workspace_id, alone=True)
    known = {
        (one.currency, one.to_currency, one.valid_from): one
        for one in list_all(connection, workspace_id)
    }
    new: dict[tuple[str, str, date], CurrencyRate] = {}
    changed: list[CurrencyRate] = []
    for rate in rates:
        key = (rate.currency, rate.to_currency, rate.valid_from)
        before = known.get(key)
        _require_valid(rate, before, closed_before)
        if before is not None and before.rate == rate.rate:
            continue
        if before is not None:
            changed.append(before)
        new[key] = rate
    for one in changed:
        _remove(connection, workspace_id, one)
    recorded = {"workspace_id": workspace_id, "recorded_at": now()}
    insert_rows(connection, currency_rates, [asdict(one) | recorded for one in new.values()])
    return len(new)


def list_all(connection: Connection, workspace_id: str) -> list[CurrencyRate]:
    """Return the rates of a workspace, by currencies and date."""
    columns = currency_rates.c
    rows = connection.execute(
        select(currency_rates)
        .where(columns.workspace_id == workspace_id)
        .order_by(columns.currency, columns.to_currency, columns.valid_from)
    )
    return [
        CurrencyRate(row.currency, row.to_currency, row.valid_from, row.rate, row.origin)
        for row in rows
    ]


def _require_valid(rate: CurrencyRate, before: CurrencyRate | None, closed_before: date) -> None:
    if rate.rate <= 0 or rate.currency == rate.to_currency:
        raise InvalidRequest(
            f"The rate of {rate.currency} in {rate.to_currency} from {rate.valid_from} must be"
            " more than zero, and between two currencies."
        )
    if before is not None and before.rate != rate.rate and rate.valid_from < closed_before:
        raise Conflict(
            f"The rate of {rate.currency} in {rate.to_currency} from {rate.valid_from} is"
            f" {before.rate}, and its month is closed.",
            hint="A closed month keeps its rate; give a later date.",
        )


def _remove(connection: Connection, workspace_id: str, rate: CurrencyRate) -> None:
    columns = currency_rates.c
    connection.execute(
        delete(currency_rates).where(
            columns.workspace_id == workspace_id,
            columns.currency == rate.currency,
            columns.to_currency == rate.to_currency,
            columns.valid_from == rate.valid_from,
        )
    )
