"""The report of advice: its order, its totals by currency, and how long a decision holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import update

from skyclust.costs.advice.advising import (
    AdviceReport,
    advice_with_id,
    by_saving,
    find_advice,
    total_savings,
)
from skyclust.costs.advice.records import Advice, AdviceRule, PriceBasis, Saving
from skyclust.costs.advice.rules import make_advice
from skyclust.costs.ledger.storage import open_root
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.advice_decision import AdviceVerdict
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.scope import ScopeKey
from skyclust.store import advice_decisions
from skyclust.store.engine import Store
from skyclust.store.tables import resource_versions
from tests.unit.costs.advice.estates import disk
from tests.unit.store.inventory import REGION, prepare, sync

KEY = ScopeKey(credential="prod", region=REGION, kind=ResourceKind.DISK)


def advice(name: str, amount: str | None, currency: str, rule: AdviceRule) -> Advice:
    known = None if amount is None else Decimal(amount)
    return make_advice(rule, disk(name, []), Saving(known, currency, PriceBasis.PAID), [], "")


def test_totals_are_by_currency_and_count_a_resource_once() -> None:
    found = [
        advice("vol-1", "10", "USD", AdviceRule.UNATTACHED_DISK),
        advice("vol-1", "12", "USD", AdviceRule.OLD_SNAPSHOT),
        advice("vol-2", "5", "EUR", AdviceRule.UNATTACHED_DISK),
        advice("vol-3", None, "", AdviceRule.UNATTACHED_DISK),
    ]
    assert total_savings(found) == {"USD": Decimal(12), "EUR": Decimal(5)}


def test_the_greatest_savings_of_each_currency_are_first() -> None:
    rule = AdviceRule.UNATTACHED_DISK
    euros = [advice(f"eur-{amount}", amount, "EUR", rule) for amount in ("1", "2", "3")]
    dollars = [advice(f"usd-{amount}", amount, "USD", rule) for amount in ("10", "20")]
    found = [advice("unknown", None, "", rule), *euros, *dollars]
    names = [one.resource_id for one in by_saving(found)]
    assert names == ["eur-3", "usd-20", "eur-2", "usd-10", "eur-1", "unknown"]


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    """A workspace with a disk that nothing uses since a month."""
    prepare(sqlite_store)
    unused = Resource(
        provider="aws",
        region=REGION,
        kind=ResourceKind.DISK,
        id="vol-1",
        attributes={"attached_to": []},
    )
    sync(sqlite_store, [unused], key=KEY)
    with sqlite_store.writing() as connection:
        month_ago = datetime.now(UTC) - timedelta(days=30)
        connection.execute(update(resource_versions).values(valid_from=month_ago))
    return sqlite_store


def test_dismissed_advice_comes_back_when_its_time_is_over(store: Store, tmp_path: Path) -> None:
    root, now = open_root(str(tmp_path)), datetime.now(UTC)

    def report(moment: datetime) -> AdviceReport:
        return find_advice(store, "default", now=moment, root=root)

    [one] = report(now).advice
    assert (one.saving.amount, report(now).unknown, report(now).totals) == (None, 1, {})
    with store.writing() as connection:
        advice_decisions.record(
            connection,
            "default",
            one.id,
            AdviceVerdict.DISMISSED,
            reason="needed in May",
            decided_by="user:1",
            until=now + timedelta(days=1),
        )
    aside, later = report(now), report(now + timedelta(days=2))
    assert (aside.advice, [each.id for each in aside.dismissed]) == ([], [one.id])
    assert [each.id for each in later.advice] == [one.id]
    assert advice_with_id(aside, one.id[:6]).resource_id == "vol-1"
    with pytest.raises(NotFound):
        advice_with_id(aside, "zzzz")
    with pytest.raises(InvalidRequest):
        advice_with_id(aside, "z")


def test_advice_can_be_of_one_rule_or_credential(store: Store, tmp_path: Path) -> None:
    root = open_root(str(tmp_path))
    rule = AdviceRule.UNUSED_ADDRESS
    assert not find_advice(store, "default", rules=[rule], root=root).advice
    assert not find_advice(store, "default", credentials=["other"], root=root).advice
    assert find_advice(store, "default", credentials=["prod"], root=root).advice
