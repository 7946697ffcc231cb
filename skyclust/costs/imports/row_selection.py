"""Which rows of a batch are those of a delivery, by account, billing period and charge day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final

import pyarrow as pa
from pyarrow import compute

from skyclust.contract.cost_files import RowSelection
from skyclust.errors import InvalidRequest
from skyclust.providerkit.cost_exports import plain_name

ACCOUNT: Final = "BillingAccountId"
PERIOD: Final = "BillingPeriodStart"
DAY: Final = "ChargePeriodStart"


def column_named(names: Sequence[str], column: str) -> str | None:
    """Return the name under which a file has a column of FOCUS; None where it lacks it."""
    wanted = plain_name(column)
    return next((name for name in names if plain_name(name) == wanted), None)


def required_column(names: Sequence[str], column: str, file: str) -> str:
    """Return the name under which a file has a column of FOCUS; raises InvalidRequest."""
    name = column_named(names, column)
    if name is None:
        raise InvalidRequest(
            f"{file} has no column {column}.",
            hint="Import a FOCUS export with all columns that FOCUS requires.",
        )
    return name


def day_of(value: object, column: str, file: str) -> date:
    """Return the UTC day of a time as a file has it: text in ISO 8601, a datetime or a date.

    A time without an offset is UTC. Raises InvalidRequest with the column's name.
    """
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and (day := _parsed_day(value)) is not None:
        return day
    raise InvalidRequest(
        f"{file} has {value!r} as its {column}, which is no time in ISO 8601.",
        hint="FOCUS requires times such as 2026-07-01T00:00:00Z in every row.",
    )


@lru_cache(maxsize=4096)
def _parsed_day(text: str) -> date | None:
    try:
        moment = datetime.fromisoformat(text.strip().removesuffix(" UTC"))
    except ValueError:
        return None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


def select_rows(batch: Any, selection: RowSelection, file: str) -> Any:
    """Return the rows of a batch that a selection names.

    Raises InvalidRequest for any other row, unless the selection leaves them to other deliveries.
    """
    names = batch.schema.names
    account = batch.column(required_column(names, ACCOUNT, file)).cast(pa.string())
    period_column = required_column(names, PERIOD, file)
    mask = compute.and_(
        compute.fill_null(compute.equal(account, selection.billing_account_id), False),
        _days_in(batch.column(period_column), PERIOD, file, _month_of(selection.period_start)),
    )
    if selection.days is not None:
        start, end = selection.days
        charged = batch.column(required_column(names, DAY, file))
        mask = compute.and_(mask, _days_in(charged, DAY, file, lambda day: start <= day < end))
    if compute.all(mask).as_py() is not False:
        return batch
    if not selection.skips_others:
        row = compute.index(mask, False).as_py()
        other = account[row].as_py()
        period = batch.column(period_column)[row].as_py()
        raise InvalidRequest(
            f"{file} has a row of the billing account {other} and period {period} in the delivery"
            f" of {selection.billing_account_id} and {selection.period_start:%Y-%m}.",
            hint="Nothing of it was imported. Which billing account does the export belong to?",
        )
    return batch.filter(mask)


def _month_of(start: date) -> Any:
    return lambda day: (day.year, day.month) == (start.year, start.month)


def _days_in(column: Any, name: str, file: str, accepts: Any) -> Any:
    """Return for each row whether its day is accepted; a column has few different values."""
    accepted = [
        value for value in compute.unique(column) if accepts(day_of(value.as_py(), name, file))
    ]
    known = pa.array([value.as_py() for value in accepted], type=column.type)
    return compute.is_in(column, value_set=known)
