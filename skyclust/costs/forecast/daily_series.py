"""The daily series that a forecast and a search for anomalies start from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class DailySeries:
    """What usage cost day by day, in one currency, and the charges beside it.

    `values` holds the cost of usage of each day. None, or a day without an entry, is a day without
    data: a gap, not zero. `recurring` holds dated charges that are not usage (fees, tax,
    purchases); `values` does not contain them. `provisional_from` is the first of the last days
    that still fill up; None: all days before today are complete.

    `name` is unique among series that are looked at together: ids of anomalies follow from it.
    `dimensions` are the filters that the series was queried with, such as
    `{"provider": "aws", "service": "Amazon EC2"}`.
    """

    name: str
    currency: str
    values: Mapping[date, Decimal | None]
    provisional_from: date | None = None
    recurring: Sequence[tuple[date, Decimal]] = ()
    dimensions: Mapping[str, str] = field(default_factory=dict)
