"""Fault drill of costs: a third of all calls goes wrong, and the ledger is the bill to the cent.

A source that does not answer is a failed run with its reason; its days are gaps, never zero.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from skyclust.costs.ledger.coverage import coverage
from skyclust.orchestration.credentials import save_credential
from skyclust.orchestration.runs import run_here
from skyclust.store.engine import Store
from skyclust_sandbox.billing.bill import Publication
from skyclust_sandbox.credentials import CREDENTIALS
from skyclust_sandbox.faults import Fault, FaultKind
from tests.drills.cost_ledgers import forget_costs, holds
from tests.drills.cost_sources import NAMES, Source, open_source
from tests.fixtures.sampling import generator

pytestmark = [pytest.mark.slow, pytest.mark.integration, pytest.mark.timeout(900)]

FAULTS = (
    Fault(kind=FaultKind.THROTTLE, probability=0.1),
    Fault(kind=FaultKind.ERROR, probability=0.1),
    Fault(kind=FaultKind.DROP_REPLY, probability=0.1),
    Fault(kind=FaultKind.DELAY, probability=0.1, seconds=0.2),
)


@pytest.fixture(params=NAMES)
def source(request: pytest.FixtureRequest, drill_store: Store) -> Source:
    """Each source, with a bill that it has published."""
    return open_source(request.param, request, drill_store)


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


def test_a_source_that_refuses_half_way_leaves_gaps_and_no_half_delivery(source: Source) -> None:
    def held() -> dict[str, Any]:
        return holds(source.store, source.start, source.end)

    calls = sum(source.sandbox.calls().values())
    source.collect_until_complete()
    calls = sum(source.sandbox.calls().values()) - calls
    clean = held()
    passing = sorted({1, *generator().sample(range(2, max(3, calls * 3 // 5)), k=1)})
    for after in passing:
        forget_costs(source.store)
        source.sandbox.inject(Fault(kind=FaultKind.DENY, after=after))
        outcome = source.collect()
        source.sandbox.clear()
        where = f"refused after {after} of {calls} calls: {outcome.message}"
        assert "PermissionDenied" in outcome.message, where
        after_it = held()
        assert after_it["content"].items() <= clean["content"].items(), where
        assert outcome.state_name == ("Partial" if after_it["heads"] else "Failed"), where
        for account, origin, days, empty, gaps in after_it["coverage"]:
            whole = next(one for one in clean["coverage"] if one[:2] == (account, origin))
            assert {*days} <= {*whole[2]}, where
            assert {*empty} <= {*whole[3]}, "a day that was not read is no day without charges"
            assert {*whole[2]} - {*days} <= {*gaps}, where
        source.collect_until_complete()
        assert held() == clean, where


def test_an_account_that_refuses_makes_the_run_of_another_partial(
    request: pytest.FixtureRequest, drill_store: Store
) -> None:
    good = open_source("gcp", request, drill_store)
    bad = open_source("azure", request, drill_store)
    bad.sandbox.inject(Fault(kind=FaultKind.DENY))
    both = good.request() | {"credentials": [good.credential, bad.credential]}
    outcome = run_here("collect-costs", both)
    assert outcome.state_name == "Partial", outcome.message
    assert bad.credential in outcome.message
    assert good.billed() == good.total(Publication.FIRST) > 0
    covered = coverage(drill_store, "default", good.start, good.end)
    assert {one.provider for one in covered} == {"gcp"}
    bad.sandbox.clear()
    assert run_here("collect-costs", both).succeeded
    everything = good.total(Publication.FIRST) + bad.total(Publication.FIRST)
    assert good.billed() == everything


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
