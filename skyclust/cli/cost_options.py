"""The options that commands about costs share: a range of days, filters, a metric."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from skyclust.costs.ledger.cost_query import DIMENSIONS, TAG
from skyclust.errors import InvalidRequest
from skyclust.model.cost_metric import CostMetric
from skyclust.model.currency_code import currency_code

From = Annotated[
    str | None,
    typer.Option("--from", metavar="DAY", help="First charge day, UTC. Default: of the month."),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="DAY", help="The day after the last one. Default: tomorrow."),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="DIMENSION=VALUE",
        help="Only these costs: service=EC2, provider=aws, tag:team=web; `tag:team=` for those"
        " without a value. May be repeated.",
    ),
]
Metric = Annotated[
    CostMetric, typer.Option("--metric", help="Which of the four costs of FOCUS is shown.")
]
Sources = Annotated[
    list[str] | None,
    typer.Option(
        "--source", metavar="SOURCE", help="Count this source alone, also one that is a shadow."
    ),
]

Range = tuple[date, date]
"""A half-open range of days."""


def parse_range(start: str | None, end: str | None, *, today: date | None = None) -> Range:
    """Return the range that --from and --to name; by default the month until today, included.

    Raises InvalidRequest for what is no date, and for a range without a day.
    """
    now = today or datetime.now(UTC).date()
    first = parse_day(start, "--from") if start else None
    last = parse_day(end, "--to") if end else now + timedelta(days=1)
    first = first or (last - timedelta(days=1)).replace(day=1)
    if first >= last:
        raise InvalidRequest(
            f"--from {first} and --to {last} leave no day: --to is the day after the last one."
        )
    return first, last


def parse_day(text: str, option: str) -> date:
    """Return the day that a text names, as 2026-01-31 or 2026-01 for the first of the month.

    Raises InvalidRequest for anything else.
    """
    whole = f"{text.strip()}-01" if len(text.strip()) == len("2026-01") else text.strip()
    try:
        return date.fromisoformat(whole)
    except ValueError as error:
        raise InvalidRequest(
            f"{option}: {text!r} is no day.", hint="Write it as 2026-01-31, or 2026-01."
        ) from error


def parse_where(pairs: Sequence[str] | None) -> Mapping[str, tuple[str | None, ...]]:
    """Return the accepted values by dimension; values of one dimension are alternatives.

    An empty value accepts costs without a value, and those whose value is empty. Raises
    InvalidRequest for a text without `=`, and for an unknown dimension.
    """
    wanted: dict[str, list[str | None]] = {}
    for pair in pairs or ():
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise InvalidRequest(f"--where: {pair!r} is not DIMENSION=VALUE.")
        values = wanted.setdefault(checked_dimension(name, "--where"), [])
        values += [value] if value else [None, ""]
    return {name: tuple(values) for name, values in wanted.items()}


def checked_dimension(name: str, option: str) -> str:
    """Return a dimension's name as queries have it; raises InvalidRequest for an unknown one."""
    if name.startswith(TAG) and len(name) > len(TAG):
        return name
    known = name.strip().lower().replace("-", "_")
    if known not in DIMENSIONS:
        raise InvalidRequest(
            f"{option}: there is no dimension {name!r}.",
            hint=f"Dimensions: {', '.join(DIMENSIONS)}, {TAG}KEY.",
        )
    return known


def checked_currency(given: str) -> str:
    """Return the code that a `--currency` names; raises InvalidRequest for what is none."""
    code = currency_code(given)
    if code is None:
        raise InvalidRequest(
            f"--currency: {given!r} is not a currency code.",
            hint="Name one by its code of ISO 4217, such as EUR.",
        )
    return code
