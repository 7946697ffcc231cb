"""The sources of costs of all sandbox clouds: their credential, their days, what they bill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.listing import list_deliveries
from skyclust.costs.ledger.queries import query_costs
from skyclust.orchestration.credentials import save_credential
from skyclust.orchestration.runs import RunOutcome, run_here
from skyclust.store.engine import Store
from skyclust_sandbox.aws.bill import sample_bill as aws_bill
from skyclust_sandbox.azure.cost_management.bill import sample_bill as azure_bill
from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.credentials import CREDENTIALS
from skyclust_sandbox.openstack.rating.points import CORE_HOUR
from tests.fixtures.gcp import GcpSandbox
from tests.fixtures.sandbox import RunningCloud

INSTANCES = 4
MOST_RUNS = 4
"""Runs within which everything is collected: each tries a delivery seven times by itself."""

NAMES = ("aws-export", "aws-cost-explorer", "azure", "gcp", "openstack")
"""Every source of costs that a cloud answers."""


@dataclass(frozen=True)
class Source:
    """A source of costs: its cloud, its credential, its days, and the total of its generator."""

    store: Store
    sandbox: RunningCloud
    credential: str
    start: date
    end: date
    total: Callable[[Publication], Decimal]
    restates: bool = True

    def request(self) -> dict[str, Any]:
        """Return the parameters of a collection of this source."""
        days = {"start": self.start.isoformat(), "end": self.end.isoformat()}
        return days | {"credentials": [self.credential], "price_books": False}

    def collect(self) -> RunOutcome:
        return run_here("collect-costs", self.request())

    def collect_until_complete(self) -> None:
        """Collect again and again, until a run has read everything."""
        for _ in range(MOST_RUNS):
            outcome = self.collect()
            if outcome.succeeded:
                return
        raise AssertionError(f"{MOST_RUNS} runs, the last: {outcome.message}")

    def billed(self) -> Decimal:
        """The billed cost of the ledger, also of sources that are compared and not counted."""
        listed = list_deliveries(self.store, "default", limit=100).deliveries
        if not listed:
            return Decimal(0)
        query = CostQuery(
            self.start - timedelta(days=60),
            self.end + timedelta(days=2),
            sources=sorted({one.source for one in listed}),
        )
        frame = query_costs(self.store, ["default"], query)
        return sum(frame["billed_cost"], Decimal(0))


def open_source(name: str, request: pytest.FixtureRequest, store: Store, **other: str) -> Source:
    """Return a source with a bill that it has published; `name` is one of NAMES.

    `other` are fields of its credential that differ from those of the seeded account.
    """
    cloud = name.split("-", 1)[0]
    sandbox: RunningCloud = request.getfixturevalue(f"{cloud}_sandbox")
    sandbox.bill_sample(INSTANCES)
    fields = CREDENTIALS[cloud](sandbox.endpoint) | other
    if name == "aws-cost-explorer":
        del fields["cost_export"]
    credential = f"{name}-{uuid4().hex[:8]}"
    save_credential(store, "default", credential, cloud, fields)
    return Source(store, sandbox, credential, **_facts(cloud, sandbox))


def _facts(cloud: str, sandbox: RunningCloud) -> dict[str, Any]:
    today = datetime.now(UTC).date()
    if cloud == "gcp":
        return _of_gcp(sandbox)
    if cloud == "openstack":
        return _of_openstack()
    sample = aws_bill if cloud == "aws" else azure_bill
    return _of_a_bill(sample(INSTANCES, today))


def _of_a_bill(bill: Bill) -> dict[str, Any]:
    periods = (bill.restated_period, bill.open_period)
    return {
        "start": bill.restated_period,
        "end": bill.today,
        "total": lambda published: sum((bill.total(one, published) for one in periods), Decimal(0)),
    }


def _of_gcp(sandbox: RunningCloud) -> dict[str, Any]:
    assert isinstance(sandbox, GcpSandbox)
    today = datetime.now(UTC).date()
    this = (today - timedelta(days=1)).replace(day=1)
    last = (this - timedelta(days=1)).replace(day=1)

    def total(_: Publication) -> Decimal:
        months = {this.isoformat(), last.isoformat()}
        days = sandbox.billing_days()
        return sum((Decimal(one["billed_cost"]) for one in days if one["month"] in months), start)

    start = Decimal(0)
    return {"start": last, "end": today, "total": total}


def _of_openstack() -> dict[str, Any]:
    today = datetime.now(UTC).date()
    start = today - timedelta(days=3)
    midnight = datetime.combine(today, time(), UTC) - datetime.combine(start, time(), UTC)
    # The sample: so many instances in each of two regions, the first of one core, the next of two.
    cores = 2 * sum(1 + number % 4 for number in range(INSTANCES))
    whole = midnight // timedelta(hours=1) * cores * CORE_HOUR
    return {"start": start, "end": today, "total": lambda _: whole, "restates": False}
