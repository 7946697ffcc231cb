"""Fault drill of costs: a third of all calls goes wrong, and the ledger is the bill to the cent.

A source that does not answer is a failed run with its reason; its days are gaps, never zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.coverage import coverage
from skyclust.costs.ledger.listing import list_deliveries
from skyclust.costs.ledger.queries import query_costs
from skyclust.orchestration.credentials import save_credential
from skyclust.orchestration.runs import RunOutcome, run_here
from skyclust.store.engine import Store
from skyclust_sandbox.aws.bill import sample_bill as aws_bill
from skyclust_sandbox.azure.cost_management.bill import sample_bill as azure_bill
from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.credentials import CREDENTIALS
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.openstack.rating.points import CORE_HOUR
from tests.fixtures.gcp import GcpSandbox
from tests.fixtures.sandbox import RunningCloud

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

INSTANCES = 4
MOST_RUNS = 4
"""Runs within which everything is collected: each tries a delivery seven times by itself."""

FAULTS = (
    Fault(kind=FaultKind.THROTTLE, probability=0.1),
    Fault(kind=FaultKind.ERROR, probability=0.1),
    Fault(kind=FaultKind.DELAY, probability=0.1, seconds=0.2),
)


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

    def collect(self) -> RunOutcome:
        days = {"start": self.start.isoformat(), "end": self.end.isoformat()}
        wanted = {"credentials": [self.credential], "price_books": False}
        return run_here("collect-costs", days | wanted)

    def collect_until_complete(self) -> None:
        """Collect again and again; what is in the ledger in between is never more than the bill."""
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


@pytest.fixture(params=["aws-export", "aws-cost-explorer", "azure", "gcp", "openstack"])
def source(request: pytest.FixtureRequest, drill_store: Store) -> Source:
    """Each source, with a bill that it has published."""
    cloud = request.param.split("-", 1)[0]
    sandbox: RunningCloud = request.getfixturevalue(f"{cloud}_sandbox")
    sandbox.bill_sample(INSTANCES)
    fields = CREDENTIALS[cloud](sandbox.endpoint)
    if request.param == "aws-cost-explorer":
        del fields["cost_export"]
    if cloud == "openstack":
        fields["rating_currency"] = "EUR"
    name = f"{request.param}-{uuid4().hex[:8]}"
    save_credential(drill_store, "default", name, cloud, fields)
    today = datetime.now(UTC).date()
    facts = {
        "aws": lambda: _of_a_bill(aws_bill(INSTANCES, today)),
        "azure": lambda: _of_a_bill(azure_bill(INSTANCES, today)),
        "gcp": lambda: _of_gcp(sandbox),
        "openstack": _of_openstack,
    }[cloud]()
    return Source(drill_store, sandbox, name, **facts)


def test_nothing_is_lost_and_nothing_doubled_in_bad_weather(source: Source) -> None:
    source.sandbox.inject(Fault(kind=FaultKind.EXPIRE))
    refused = source.collect()
    assert refused.state_type == "FAILED", refused.message
    assert "AuthenticationFailed" in (refused.message or "")
    assert coverage(source.store, "default", source.start, source.end) == []
    assert source.billed() == 0
    source.sandbox.clear()

    source.sandbox.inject(*FAULTS)
    source.collect_until_complete()
    assert source.billed() == source.total(Publication.FIRST) > 0
    source.collect_until_complete()
    assert source.billed() == source.total(Publication.FIRST)
    for account in coverage(source.store, "default", source.end, source.end + timedelta(days=3)):
        assert len(account.gaps) >= 2, "days that nobody delivered are no days without charges"

    if source.restates:
        for published in (Publication.LATE_DAY, Publication.RESTATED):
            source.sandbox.publish_next_bill()
            source.collect_until_complete()
            assert source.billed() == source.total(published)

    source.sandbox.clear()
    before = source.billed()
    source.sandbox.inject(Fault(kind=FaultKind.EXPIRE))
    assert source.collect().state_type == "FAILED"
    assert source.billed() == before


def test_a_source_that_does_not_answer_is_a_failed_run_and_its_days_are_gaps(
    drill_store: Store,
) -> None:
    name = f"away-{uuid4().hex[:8]}"
    fields = CREDENTIALS["openstack"]("http://127.0.0.1:9")
    save_credential(drill_store, "default", name, "openstack", fields)
    today = datetime.now(UTC).date()
    outcome = run_here("collect-costs", {"credentials": [name], "price_books": False})
    assert outcome.state_type == "FAILED"
    assert name in (outcome.message or "")
    assert "Unavailable" in (outcome.message or "")
    assert coverage(drill_store, "default", today - timedelta(days=3), today) == []
