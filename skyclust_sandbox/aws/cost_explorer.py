"""The Cost Explorer API: GetCostAndUsage on the published bill.

Sources: https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html
and API_GroupDefinition.html. Record types are those of the Cost and Usage Report: a charge that a
savings plan covers is one of covered usage and a negation, which together bill zero.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from werkzeug.wrappers import Response

from skyclust_sandbox.aws.accounts import MAIN_ACCOUNT
from skyclust_sandbox.aws.bill import CATALOG
from skyclust_sandbox.aws.cloud import AwsCloud
from skyclust_sandbox.aws.paging import InvalidCursor, listing_of
from skyclust_sandbox.aws.wire import Refusal, Refused, json_reply
from skyclust_sandbox.billing.rows import Charge, month_of, next_month

_LARGEST_PAGE: Final = 500
_HISTORY_MONTHS: Final = 14
_BILLED: Final = ("UnblendedCost", "NetUnblendedCost", "BlendedCost")
_AMORTIZED: Final = ("AmortizedCost", "NetAmortizedCost")
_DIMENSIONS: Final = ("SERVICE", "LINKED_ACCOUNT", "RECORD_TYPE", "REGION")
_NOTHING: Final = Decimal(0)


class _Interval(BaseModel):
    model_config = ConfigDict(extra="forbid")

    start: date = Field(alias="Start")
    end: date = Field(alias="End")


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid")

    type: str = Field(alias="Type")
    key: str = Field(alias="Key")


class _Values(BaseModel):
    model_config = ConfigDict(extra="forbid")

    key: Literal["RECORD_TYPE"] = Field(alias="Key")
    values: list[str] = Field(alias="Values", min_length=1)


class _Filter(BaseModel):
    """A filter by record type, or the negation of one; the sandbox has no others."""

    model_config = ConfigDict(extra="forbid")

    dimensions: _Values | None = Field(default=None, alias="Dimensions")
    negated: _Filter | None = Field(default=None, alias="Not")

    def selects(self, record_type: str) -> bool:
        if self.negated is not None:
            return not self.negated.selects(record_type)
        return self.dimensions is not None and record_type in self.dimensions.values


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")

    interval: _Interval = Field(alias="TimePeriod")
    granularity: str = Field(alias="Granularity")
    metrics: list[str] = Field(alias="Metrics", min_length=1)
    groups: list[_Group] = Field(default=[], alias="GroupBy", max_length=2)
    filter: _Filter | None = Field(default=None, alias="Filter")
    token: str | None = Field(default=None, alias="NextPageToken")


@dataclass
class _Sums:
    """The sums of one group in one interval."""

    billed: Decimal = _NOTHING
    amortized: Decimal = _NOTHING

    def metrics(self, names: Sequence[str]) -> dict[str, dict[str, str]]:
        amounts = {name: self.billed if name in _BILLED else self.amortized for name in names}
        return {
            name: {"Amount": format(amount.normalize(), "f"), "Unit": CATALOG.currency}
            for name, amount in amounts.items()
        }


@dataclass
class _Interim:
    """One interval of the answer, with its groups by their keys."""

    start: date
    end: date
    groups: dict[tuple[str, ...], _Sums] = field(default_factory=lambda: defaultdict(_Sums))


def answer(cloud: AwsCloud, account: str, action: str, body: bytes) -> Response:
    """Return the reply to a call; raises Refused for one that AWS refuses."""
    if action != "GetCostAndUsage":
        message = f"The sandbox has no operation {action} of Cost Explorer."
        raise Refused(Refusal("UnknownOperationException", message, 400))
    return json_reply(get_cost_and_usage(cloud, account, body))


def get_cost_and_usage(cloud: AwsCloud, account: str, body: bytes) -> dict[str, Any]:
    """Return one page of an answer; raises Refused for a request that AWS refuses."""
    try:
        request = _Request.model_validate_json(body)
    except ValidationError as error:
        raise _invalid(str(error.errors()[0]["msg"])) from error
    _check(request)
    intervals = list(_intervals(request))
    if account == MAIN_ACCOUNT.id:
        for charge in _charges(cloud, request.interval):
            _add(intervals, charge, request)
    return _page(cloud, account, request, intervals, json.loads(body))


def _check(request: _Request) -> None:
    today = datetime.now(UTC).date()
    oldest = month_of(today)
    for _ in range(_HISTORY_MONTHS):
        oldest = month_of(oldest - timedelta(days=1))
    interval = request.interval
    if interval.start >= interval.end:
        raise _invalid("Start date (and hour) should be before end date (and hour)")
    if interval.start < oldest:
        raise _invalid(f"You haven't enabled historical data beyond {_HISTORY_MONTHS} months")
    if interval.end > next_month(today):
        raise _invalid("end date past the beginning of next month")
    if request.granularity not in {"DAILY", "MONTHLY"}:
        raise _invalid(f"Granularity {request.granularity} is not enabled for the account")
    unknown = set(request.metrics) - {*_BILLED, *_AMORTIZED}
    if unknown:
        raise _invalid(f"Metric {min(unknown)} is not valid")
    for group in request.groups:
        if group.type != "TAG" and (group.type, group.key in _DIMENSIONS) != ("DIMENSION", True):
            raise _invalid(f"Group Definition dimension {group.key} is invalid")


def _intervals(request: _Request) -> Iterator[_Interim]:
    start, end = request.interval.start, request.interval.end
    while start < end:
        step = start + timedelta(days=1) if request.granularity == "DAILY" else next_month(start)
        yield _Interim(start, min(step, end))
        start = min(step, end)


def _charges(cloud: AwsCloud, interval: _Interval) -> Iterator[Charge]:
    bill = cloud.published_bill()
    for period in bill.periods():
        for charge in bill.charges(period, cloud.publication):
            if interval.start <= charge.start < interval.end:
                yield charge


def _add(intervals: Sequence[_Interim], charge: Charge, request: _Request) -> None:
    days = (charge.start - intervals[0].start).days
    daily = intervals[0].end - intervals[0].start == timedelta(days=1)
    if daily and days < len(intervals) and intervals[days].start == charge.start:
        interval = intervals[days]
    else:
        interval = next(i for i in intervals if i.start <= charge.start < i.end)
    for record_type, billed, amortized in _records(charge):
        if request.filter is not None and not request.filter.selects(record_type):
            continue
        keys = tuple(_key(charge, record_type, group) for group in request.groups)
        sums = interval.groups[keys]
        sums.billed += billed
        sums.amortized += amortized


def _records(charge: Charge) -> Iterator[tuple[str, Decimal, Decimal]]:
    """Yield the record types of a charge, each with its billed and its amortized cost."""
    category = charge.common["ChargeCategory"]
    status = charge.common["CommitmentDiscountStatus"]
    billed, amortized = charge.billed_cost, charge.effective_cost
    if status == "Used":
        yield "SavingsPlanCoveredUsage", charge.list_cost, amortized
        yield "SavingsPlanNegation", -charge.list_cost, _NOTHING
    elif status == "Unused" or charge.common["CommitmentDiscountId"] is not None:
        yield "SavingsPlanRecurringFee", billed, amortized
    elif category == "Purchase":
        yield "Support", billed, amortized
    else:
        yield str(category), billed, amortized


def _key(charge: Charge, record_type: str, group: _Group) -> str:
    common = charge.common
    if group.type == "TAG":
        tags: Mapping[str, str] = json.loads(str(common["Tags"])) if common["Tags"] else {}
        return f"{group.key}${tags.get(group.key, '')}"
    keys = {
        "SERVICE": common["ServiceName"],
        "LINKED_ACCOUNT": common["SubAccountId"] or MAIN_ACCOUNT.id,
        "RECORD_TYPE": record_type,
        "REGION": common["RegionId"] or "NoRegion",
    }
    return str(keys[group.key])


def _page(
    cloud: AwsCloud,
    account: str,
    request: _Request,
    intervals: Sequence[_Interim],
    body: dict[str, Any],
) -> dict[str, Any]:
    listing = listing_of(account, "", {k: v for k, v in body.items() if k != "NextPageToken"})
    entries = [
        (interval, keys)
        for interval in intervals
        for keys in (sorted(interval.groups) if request.groups else [()]) or [None]
    ]
    try:
        first = int(cloud.cursors.read(listing, request.token)) if request.token else 0
    except InvalidCursor as error:
        refusal = Refusal("InvalidNextTokenException", "The pagination token is invalid.", 400)
        raise Refused(refusal) from error
    size = min(_LARGEST_PAGE, cloud.conditions.largest_page or _LARGEST_PAGE)
    results: list[dict[str, Any]] = []
    for interval, keys in entries[first : first + size]:
        if not results or results[-1]["TimePeriod"]["Start"] != interval.start.isoformat():
            results.append(_result(cloud, interval))
        if keys is None:
            continue
        metrics = interval.groups[keys].metrics(request.metrics)
        if request.groups:
            results[-1]["Groups"].append({"Keys": list(keys), "Metrics": metrics})
        else:
            results[-1]["Total"] = metrics
    accounts = [
        {"Value": account_id, "Attributes": {"description": name}}
        for account_id, name in CATALOG.sub_accounts.items()
    ]
    linked = any(group.key == "LINKED_ACCOUNT" for group in request.groups)
    page: dict[str, Any] = {
        "ResultsByTime": results,
        "DimensionValueAttributes": accounts if linked else [],
    }
    if request.groups:
        page["GroupDefinitions"] = body["GroupBy"]
    if first + size < len(entries):
        page["NextPageToken"] = cloud.cursors.create(listing, str(first + size))
    return page


def _result(cloud: AwsCloud, interval: _Interim) -> dict[str, Any]:
    return {
        "TimePeriod": {"Start": interval.start.isoformat(), "End": interval.end.isoformat()},
        "Total": {},
        "Groups": [],
        "Estimated": interval.end > cloud.published_bill().open_period,
    }


def _invalid(message: str) -> Refused:
    return Refused(Refusal("ValidationException", message, 400))
