"""The definition of a query, as its request body has it; anything else is refused with 400.

Source: https://learn.microsoft.com/en-us/rest/api/cost-management/query/usage
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from skyclust_sandbox.application import Refused
from skyclust_sandbox.azure.cost_management.dimensions import DIMENSIONS
from skyclust_sandbox.azure.responses import arm_error

_TYPES: Final = {"usage": "Usage", "actualcost": "ActualCost", "amortizedcost": "AmortizedCost"}
_GRANULARITIES: Final = {"none": "None", "daily": "Daily", "monthly": "Monthly"}
_AMOUNTS: Final = ("Cost", "CostUSD", "PreTaxCost", "PreTaxCostUSD")
_MOST_GROUPINGS: Final = 15
"""Azure documents two groupings, and accepts more
(https://github.com/Azure/azure-sdk-for-python/issues/12973)."""
_MOST_AGGREGATIONS: Final = 2


@dataclass(frozen=True)
class Definition:
    """A query: days from `start` to `end`, which is included; groupings are (type, name)."""

    type: str
    granularity: str
    amounts: tuple[str, ...]
    groupings: tuple[tuple[str, str], ...]
    start: date
    end: date

    @property
    def months(self) -> int:
        """The number of months that the range touches."""
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month + 1


def read_definition(body: Mapping[str, Any]) -> Definition:
    """Return the definition in a request body; only the timeframe `Custom` is supported."""
    dataset = body.get("dataset") or body.get("dataSet")
    if not isinstance(dataset, dict):
        raise _invalid("Dataset is invalid or not supplied")
    query_type = _TYPES.get(str(body.get("type", "")).lower())
    if query_type is None:
        raise _invalid("Type is invalid or not supplied")
    granularity = _GRANULARITIES.get(str(dataset.get("granularity") or "None").lower())
    if granularity is None:
        raise _invalid(f"Invalid dataset granularity: '{dataset['granularity']}'")
    if str(body.get("timeframe", "")).lower() != "custom":
        raise _invalid("The sandbox supports the timeframe 'Custom' only")
    start, end = _time_period(body.get("timePeriod"))
    return Definition(
        query_type,
        granularity,
        _amounts(dataset.get("aggregation")),
        tuple(_grouping(each) for each in _list(dataset.get("grouping"))),
        start,
        end,
    )


def _time_period(period: object) -> tuple[date, date]:
    try:
        if not isinstance(period, dict):
            raise _invalid("Time period is invalid or not supplied")
        start, end = (datetime.fromisoformat(str(period[key])) for key in ("from", "to"))
    except (KeyError, ValueError) as error:
        raise _invalid("Time period is invalid or not supplied") from error
    days = [(time if time.tzinfo is None else time.astimezone(UTC)).date() for time in (start, end)]
    return min(days), max(days)  # Azure swaps them silently


def _amounts(aggregation: object) -> tuple[str, ...]:
    if not isinstance(aggregation, dict) or not 0 < len(aggregation) <= _MOST_AGGREGATIONS:
        raise _invalid("Invalid dataset aggregation")
    names = []
    for clause in aggregation.values():
        known = {name.lower(): name for name in _AMOUNTS}
        name = known.get(str(clause.get("name", "")).lower()) if isinstance(clause, dict) else None
        if name is None or str(clause.get("function", "")).lower() != "sum":
            raise _invalid(f"Invalid dataset aggregation clause; valid columns: {_AMOUNTS}")
        names.append(name)
    return tuple(names)


def _list(value: object) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _MOST_GROUPINGS:
        raise _invalid(f"Invalid dataset grouping: at most {_MOST_GROUPINGS} are supported")
    return value


def _grouping(clause: object) -> tuple[str, str]:
    if not isinstance(clause, dict):
        raise _invalid("Invalid dataset grouping")
    kind, name = str(clause.get("type", "")).lower(), str(clause.get("name", ""))
    if kind == "tagkey" and name:
        return "TagKey", name
    known = {dimension.lower(): dimension for dimension in DIMENSIONS}
    if kind != "dimension" or name.lower() not in known:
        valid = ",".join(f"'{dimension}'" for dimension in DIMENSIONS)
        raise _invalid(f"Invalid dataset grouping: '{name}'; valid values: {valid}")
    return "Dimension", known[name.lower()]


def _invalid(reason: str) -> Refused:
    return arm_error(400, "BadRequest", f"Invalid query definition: {reason}.")
