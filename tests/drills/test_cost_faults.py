"""Fault drill of costs: a third of all calls goes wrong, and the ledger is the bill to the cent.

A source that does not answer is a failed run with its reason; its days are gaps, never zero.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from skyclust.costs.ledger.coverage import coverage
from skyclust.orchestration.credentials import save_credential
from skyclust.orchestration.runs import run_here
from skyclust.store.engine import Store
from skyclust_sandbox.billing.bill import Publication
from skyclust_sandbox.credentials import CREDENTIALS
from skyclust_sandbox.faults import Fault, FaultKind
from tests.drills.cost_sources import NAMES, Source, open_source

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
