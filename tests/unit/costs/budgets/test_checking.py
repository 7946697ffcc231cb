"""A threshold fires once a month, on what is known: not twice, not for unknown costs."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from skyclust.costs.budgets.checking import BudgetCheck, check_budgets
from skyclust.costs.budgets.definitions import remove_budget, set_budget
from skyclust.costs.ledger.storage import LedgerRoot, open_root
from skyclust.costs.rates.recording import record_rates
from skyclust.errors import InvalidRequest
from skyclust.model.budget import Budget
from skyclust.model.currency_rate import CurrencyRate
from skyclust.store import audit, budgets, outbox
from skyclust.store.engine import Store
from tests.unit.costs.budgets.ledgers import BUDGET, MARCH, TODAY, deliver, every_day


@pytest.fixture
def root(tmp_path: Path) -> LedgerRoot:
    return open_root(str(tmp_path / "costs"))


def check(store: Store, root: LedgerRoot, today: date = TODAY) -> list[BudgetCheck]:
    return check_budgets(store, "default", today, run_id=None, checked_by="user:1", root=root)


def fired(checks: list[BudgetCheck]) -> list[str]:
    return [f"{one.budget} {one.threshold}" for each in checks for one in each.fired]


def notices(store: Store) -> tuple[Counter[str], Counter[str]]:
    """Return how many alerts the outbox and the audit trail have, by their text."""
    with store.reading() as connection:
        sent = outbox.waiting(connection, "default", limit=100)
        lines = audit.list_all(connection, "default")
    events = [one.event for one in sent if one.event.name.startswith("skyclust.budget.")]
    return (
        Counter(f"{one.payload['percent']} {one.payload['kind']}" for one in events),
        Counter(
            str(line.detail["threshold"])
            for line in lines
            if line.action == "budget.threshold-reached"
        ),
    )


def test_a_threshold_fires_once_although_costs_fall_and_rise(
    store: Store, root: LedgerRoot
) -> None:
    set_budget(store, "default", BUDGET, set_by="user:1")
    deliver(store, root, every_day("6", TODAY), until=TODAY)
    assert fired(check(store, root)) == ["web 50 % actual"]
    deliver(store, root, every_day("1", TODAY), until=TODAY, version=2)
    [low] = check(store, root)
    assert (low.status.cost.actual, low.fired) == (Decimal(9), ())
    deliver(store, root, every_day("7", TODAY), until=TODAY, version=3)
    assert fired(check(store, root)) == ["web 200 % forecast"]
    assert notices(store) == (
        Counter({"50 actual": 1, "200 forecast": 1}),
        Counter({"50 % actual": 1, "200 % forecast": 1}),
    )


def test_checks_at_the_same_time_fire_once(store: Store, root: LedgerRoot) -> None:
    set_budget(store, "default", BUDGET, set_by="user:1")
    deliver(store, root, every_day("20", TODAY), until=TODAY)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: fired(check(store, root)), range(4)))
    once = Counter({"50 actual": 1, "100 actual": 1, "200 forecast": 1})
    assert sorted(map(len, found)) == [0, 0, 0, 3]
    assert notices(store)[0] == once


def test_a_raised_amount_fires_anew_and_its_old_amount_does_not(
    sqlite_store: Store, root: LedgerRoot
) -> None:
    store, raised = sqlite_store, BUDGET.model_copy(update={"amount": Decimal(110)})
    set_budget(store, "default", BUDGET, set_by="user:1")
    deliver(store, root, every_day("7", TODAY), until=TODAY)
    assert "web 50 % actual" in fired(check(store, root))
    set_budget(store, "default", raised, set_by="user:1")
    assert "web 50 % actual" in fired(check(store, root))
    set_budget(store, "default", BUDGET, set_by="user:1")
    assert fired(check(store, root)) == []
    with store.reading() as connection:
        amounts = [one.budget_amount for one in budgets.alerts(connection, "default", month=MARCH)]
    assert set(amounts) == {Decimal(100), Decimal(110)}


def test_unknown_costs_fire_nothing_and_are_remarked(sqlite_store: Store, root: LedgerRoot) -> None:
    set_budget(sqlite_store, "default", BUDGET, set_by="user:1")
    [one] = check(sqlite_store, root)
    assert (one.status.cost.actual, one.status.used_percent, one.fired) == (None, None, ())
    assert "not known" in one.remarks[0]
    assert one.partial
    [early] = check(sqlite_store, root, MARCH + timedelta(days=1))
    assert not early.partial, "nothing of a month is delivered on its second day"


def test_an_account_that_delivers_nothing_makes_the_check_partial(
    sqlite_store: Store, root: LedgerRoot
) -> None:
    set_budget(sqlite_store, "default", BUDGET, set_by="user:1")
    deliver(sqlite_store, root, every_day("1", TODAY), until=TODAY)
    [whole] = check(sqlite_store, root)
    assert not whole.partial
    today = date(2026, 4, 10)
    deliver(sqlite_store, root, every_day("1", TODAY), until=TODAY, account="444455556666")
    [one] = check(sqlite_store, root, today)
    assert one.partial
    assert len(one.remarks) == 2, one.remarks
    assert "444455556666" in one.remarks[1]


def test_other_currencies_count_by_their_rates_or_are_not_counted(
    sqlite_store: Store, root: LedgerRoot
) -> None:
    store = sqlite_store
    set_budget(store, "default", BUDGET, set_by="user:1")
    deliver(store, root, every_day("1", TODAY), until=TODAY)
    deliver(store, root, {MARCH: "60"}, until=TODAY, account="444455556666", currency="EUR")
    [one] = check(store, root)
    assert one.status.cost.not_counted == {"EUR": Decimal(60)}
    assert one.partial
    assert "web 50 % actual" not in fired([one])
    assert "60.00 EUR" in one.remarks[0]
    rate = CurrencyRate("EUR", "USD", MARCH, Decimal("1.5"), "contract")
    record_rates(store, "default", [rate], today=TODAY, recorded_by="user:1")
    [one] = check(store, root)
    assert (one.status.cost.actual, one.partial) == (Decimal(99), False)
    assert "web 50 % actual" in fired([one])


def test_a_month_is_checked_while_it_settles_of_budgets_that_existed_then(
    sqlite_store: Store, root: LedgerRoot, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, april = sqlite_store, date(2026, 4, 2)
    deliver(store, root, every_day("4", date(2026, 4, 1)), until=date(2026, 4, 1))
    set_budget(store, "default", BUDGET, set_by="user:1")
    assert [one.status.cost.month.month for one in check(store, root, april)] == [4]
    early = {"web": check_time(date(2026, 3, 31))}
    monkeypatch.setattr(budgets, "created_at", lambda connection, workspace_id: early)
    late, _ = check(store, root, april)
    assert (late.status.cost.month, late.status.cost.forecast) == (MARCH, None)
    assert fired([late]) == ["web 50 % actual", "web 100 % actual"]
    assert [one.status.cost.month.month for one in check(store, root, date(2026, 4, 15))] == [4]


def test_filters_and_removed_budgets(sqlite_store: Store, root: LedgerRoot) -> None:
    store = sqlite_store
    deliver(store, root, every_day("20", TODAY), until=TODAY)
    shop = BUDGET.model_copy(update={"name": "shop", "filters": {"tag:team": ("shop",)}})
    other = BUDGET.model_copy(update={"name": "other", "filters": {"tag:team": ("data",)}})
    for budget in (shop, other):
        set_budget(store, "default", budget, set_by="user:1")
    checks = {one.status.budget.name: one for one in check(store, root)}
    assert checks["shop"].status.cost.actual == 180
    assert checks["other"].status.cost.actual == 0
    remove_budget(store, "default", "shop", removed_by="user:1")
    with store.reading() as connection:
        assert budgets.alerts(connection, "default") == []
        actions = [line.action for line in audit.list_all(connection, "default")]
    assert actions.count("budget.set") == 2
    assert actions[-1] == "budget.removed"


def test_a_budget_has_no_filter_by_time_or_workspace(sqlite_store: Store) -> None:
    wrong = Budget(name="a", amount=Decimal(1), currency="EUR", filters={"month": ("2026-01",)})
    with pytest.raises(InvalidRequest, match="month"):
        set_budget(sqlite_store, "default", wrong, set_by="user:1")


def check_time(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
