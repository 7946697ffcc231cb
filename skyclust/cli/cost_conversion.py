"""`--currency`: amounts of a view in one currency, where the workspace has rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from skyclust.cli.cost_frames import read_costs
from skyclust.cli.cost_options import Range, checked_currency
from skyclust.cli.output import say

if TYPE_CHECKING:
    from pandas import DataFrame

Currency = Annotated[
    str | None,
    typer.Option(
        "--currency",
        metavar="CODE",
        help="Convert to it by the rate of each day. Default: of the workspace's settings; `none`.",
    ),
]

NOT_CONVERTED: Final = "none"


def read_converted(
    workspace: str,
    days: Range,
    by: Sequence[str],
    where: Sequence[str] | None,
    *,
    sources: Sequence[str] | None = None,
    currency: str | None,
    time_zone: str = "UTC",
) -> DataFrame:
    """Return the frame of one query by the options of a view, in the currency that they name.

    `currency` is the option's value, None for that of the settings. What has no rate stays in its
    own currency, and stderr names it. Raises InvalidRequest for what is no code of a currency.
    """
    chosen = chosen_currency(workspace, currency)
    dimensions = _with_day(by, chosen)
    frame = read_costs(workspace, days, dimensions, where, sources, time_zone=time_zone)
    return _in_currency(workspace, frame, by, chosen)


def chosen_currency(workspace: str, given: str | None) -> str | None:
    """Return the currency to convert to: the one given, else that of the settings, if any."""
    if given is not None:
        return None if given.strip().lower() == NOT_CONVERTED else checked_currency(given)
    from skyclust.store import cost_settings
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        return cost_settings.get(connection, workspace).currency


def _with_day(by: Sequence[str], currency: str | None) -> list[str]:
    """Return the dimensions to read: with the day where amounts are to be converted."""
    return [*by] if currency is None or "day" in by else [*by, "day"]


def _in_currency(
    workspace: str, frame: DataFrame, by: Sequence[str], currency: str | None
) -> DataFrame:
    """Return costs by dimensions in one currency; what has no rate stays, and stderr names it.

    The frame was read by `_with_day`; without a currency it is returned as it is.
    """
    if currency is None:
        return frame
    from skyclust.costs.analysis.currency import convert
    from skyclust.costs.analysis.frames import sum_by
    from skyclust.costs.rates.table import RateTable
    from skyclust.store import currency_rates
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        rates = RateTable(currency_rates.list_all(connection, workspace))
    converted = sum_by(convert(frame, currency, rates), by)
    left = sorted({str(name) for name in converted["currency"]} - {currency})
    if left:
        say(
            f"Not converted to {currency}, without a rate on some days: {', '.join(left)}."
            " `skyclust cost rates import` adds rates.",
            style="yellow",
        )
    return converted
