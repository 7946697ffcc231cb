"""A check of budgets: its table, its page, the event of an alert, and how the run ends."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from skyclust.contract.cost import BillingPeriod
from skyclust.costs.budgets.definitions import set_budget
from skyclust.costs.forecast.recurring import last_of_month
from skyclust.costs.ledger.delivering import DeliveryOptions, apply_delivery
from skyclust.model.budget import Budget, Threshold
from skyclust.orchestration.runs import run_here
from skyclust.store.engine import Store, open_store
from tests.fixtures.prefect import PrefectServer
from tests.flows.conftest import artifacts_of, events_of
from tests.unit.costs.bills import bill, delivery

pytestmark = pytest.mark.integration

LOADS = """
import sys
import flows.check_budgets
print([name for name in ("pandas", "duckdb", "pyarrow", "statsmodels") if name in sys.modules])
"""

FORKED = """
import os
import flows.check_budgets
from skyclust.orchestration.runs import run_here
pid = os.fork()
if pid == 0:
    os._exit(0 if run_here("check-budgets", {}).succeeded else 1)
_, status, used = os.wait4(pid, 0)
assert status == 0, status
print(used.ru_utime + used.ru_stime)
"""
MOST_CPU_SECONDS = 1.5
"""Of an hourly run that has nothing to do; it is forked from a process that has loaded Prefect."""


@pytest.fixture
def ledger(prefect_server: PrefectServer, migrated_home: Path) -> Iterator[Store]:
    """An installation with the bill of this month's days until today."""
    store = open_store()
    today = datetime.now(UTC).date()
    period = BillingPeriod(today.replace(day=1), last_of_month(today) + timedelta(days=1))
    days = [period.start + timedelta(days=n) for n in range((today - period.start).days + 1)]
    given = delivery(
        period=period, complete_to=today + timedelta(days=1), produced_at=datetime.now(UTC)
    )
    options = DeliveryOptions(requested_by="user:1")
    apply_delivery(store, "default", given, [bill(days, period=period)], options)
    yield store
    store.dispose()


def budget(currency: str) -> Budget:
    thresholds = (Threshold(percent=Decimal(1)), Threshold(percent=Decimal(1000)))
    amount = Decimal(1) if currency == "USD" else Decimal(5)
    return Budget(
        name=f"all-{currency.lower()}", amount=amount, currency=currency, thresholds=thresholds
    )


def test_an_alert_is_an_event_a_row_and_a_page_and_fires_once(ledger: Store) -> None:
    set_budget(ledger, "default", budget("USD"), set_by="user:1")
    outcome = run_here("check-budgets", {})
    assert outcome.succeeded, outcome.message
    artifacts = artifacts_of(outcome.run_id)
    [row] = json.loads(str(artifacts["budgets-default"].data))
    assert (row["budget"], row["month"]) == ("all-usd", f"{datetime.now(UTC):%Y-%m}")
    assert row["fired_now"] == "1 % actual, 1000 % actual"
    assert "1 % actual reached" in str(artifacts["budget-alerts-default"].data)
    events = events_of(outcome.run_id, "skyclust.budget.", wanted=2)
    assert {one["payload"]["percent"] for one in events} == {"1", "1000"}
    assert {one["resource"]["prefect.resource.id"] for one in events} == {
        "skyclust.budget.default.all-usd"
    }
    again = run_here("check-budgets", {"workspace": "default"})
    assert "0 alerts" in again.message
    assert "budget-alerts-default" not in artifacts_of(again.run_id)


def test_what_could_not_be_counted_makes_the_run_partial(ledger: Store) -> None:
    set_budget(ledger, "default", budget("EUR"), set_by="user:1")
    outcome = run_here("check-budgets", {})
    assert (outcome.partial, outcome.state_name) == (True, "Partial")
    assert "default/all-eur" in outcome.message
    [row] = outcome.tables["budgets-default"]
    assert "USD" in str(row["remarks"])


def test_a_run_without_budgets_loads_nothing_of_the_ledger(ledger: Store) -> None:
    outcome = run_here("check-budgets", {})
    assert (outcome.succeeded, outcome.message) == (True, "There are no budgets.")
    loaded = subprocess.run(
        [sys.executable, "-c", LOADS], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "[]"


def test_a_run_without_budgets_takes_little_processor_time(ledger: Store) -> None:
    ran = subprocess.run([sys.executable, "-c", FORKED], capture_output=True, text=True, check=True)
    assert float(ran.stdout) < MOST_CPU_SECONDS
