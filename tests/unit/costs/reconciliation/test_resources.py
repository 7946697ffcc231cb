"""Ledger against inventory: which mismatches are reported, and which are not for lack of proof."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from skyclust.costs.advice.paid_costs import PaidCosts
from skyclust.costs.reconciliation.mismatches import Mismatch, ResourceReport
from skyclust.costs.reconciliation.resources import ComparedEstate, compare_resources
from skyclust.costs.resource_matching import match_resources
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeState
from skyclust.model.stored import StoredResource
from tests.unit.costs.advice.estates import (
    ACCOUNT,
    FEBRUARY,
    MARCH,
    NOW,
    daily,
    estate,
    paid,
    stored,
)

INSTANCE = ResourceKind.INSTANCE
OWNED = {"owner": "ann"}
BILLED = stored(INSTANCE, "i-1", state="running", tags=OWNED)
COSTS = {"i-1": daily("1", MARCH)}


def instance(name: str, /, **changed: Any) -> StoredResource:
    return stored(INSTANCE, name, **({"state": "running", "tags": OWNED} | changed))


def report(
    *resources: StoredResource,
    costs: dict[str, list[Any]] | None = None,
    paid_costs: PaidCosts | None = None,
    **changed: Any,
) -> ResourceReport:
    """Compare an estate with a bill that names `i-1` on every day of March."""
    found = estate(BILLED, *resources)
    known = paid_costs or paid(COSTS | (costs or {}))
    given: dict[str, Any] = {
        "estate": found,
        "paid": known,
        "matches": match_resources(known.days, found.resources),
        "accounts": {"prod": ACCOUNT},
        "today": NOW.date(),
    }
    return compare_resources(ComparedEstate(**(given | changed)))


def ways(found: ResourceReport) -> dict[str, Mismatch]:
    return {one.id: one.mismatch for one in found.mismatches}


def test_what_agrees_is_not_listed() -> None:
    assert report() == ResourceReport([], {})


def test_a_cost_of_a_kind_that_was_never_read_is_not_assessed() -> None:
    found = report(costs={"vol-0dead": daily("0.5", MARCH)})
    assert not found.mismatches
    assert list(found.not_assessed.values()) == [1]


def test_the_amount_is_that_of_the_three_newest_days() -> None:
    [one] = report(costs={"i-0dead": daily("0.5", MARCH)}).mismatches
    assert (one.mismatch, one.amount) == (Mismatch.COST_WITHOUT_RESOURCE, Decimal("1.5"))
    assert (one.currency, one.account, one.kind) == ("USD", ACCOUNT, "instance")


def test_a_kind_that_the_inventory_does_not_read_stands_apart() -> None:
    found = report(costs={"arn:aws:s3:::bucket": daily("3", MARCH)})
    assert ways(found) == {"arn:aws:s3:::bucket": Mismatch.OTHER_KIND}


def test_what_was_billed_before_and_is_gone_is_no_mismatch() -> None:
    before = [day for day in MARCH if day.day <= 7]
    assert not report(costs={"i-0dead": daily("1", before)}).mismatches
    gone = instance("i-0dead")
    known = report(costs={"i-0dead": daily("1", MARCH)}).mismatches
    assert known
    costs = paid(COSTS | {"i-0dead": daily("1", MARCH)})
    matches = match_resources(costs.days, [BILLED, gone])
    assert not report(paid_costs=costs, matches=matches).mismatches


def test_a_cost_of_an_account_that_no_credential_reads_is_not_assessed() -> None:
    costs = {"i-0dead": daily("1", MARCH, sub_account="999988887777")}
    found = report(costs=costs)
    assert not found.mismatches
    [(way, reason)] = found.not_assessed
    assert way is Mismatch.COST_WITHOUT_RESOURCE
    assert "no credential" in reason


def test_a_cost_of_a_stale_scope_is_not_assessed() -> None:
    stale = instance("i-2", scope_state=ScopeState.STALE, region="us-east-1")
    found = report(stale, costs={"i-0dead": daily("1", MARCH)})
    assert not found.mismatches
    assert {way for way, _ in found.not_assessed} == {
        Mismatch.COST_WITHOUT_RESOURCE,
        Mismatch.RESOURCE_WITHOUT_COST,
        Mismatch.WITHOUT_OWNER,
    }


def test_a_running_instance_that_no_bill_names() -> None:
    [one] = report(instance("i-2")).mismatches
    assert (one.id, one.mismatch) == ("i-2", Mismatch.RESOURCE_WITHOUT_COST)
    assert one.amount is None


def test_an_instance_that_skyclust_created_and_nobody_bills() -> None:
    assert ways(report(instance("i-2"), ours={"i-2"})) == {"i-2": Mismatch.OURS_NOT_BILLED}


def test_a_stopped_instance_needs_no_cost() -> None:
    assert not report(instance("i-2", state="stopped")).mismatches


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"first_seen_at": NOW - timedelta(days=2)}, "less than two days"),
        ({"credential": "lab", "provider": "proxmox"}, "no bill of their account"),
    ],
)
def test_a_missing_cost_that_proves_nothing(changed: dict[str, Any], reason: str) -> None:
    found = report(instance("i-2", **changed))
    assert not found.mismatches
    assert [reason in why for _, why in found.not_assessed] == [True]


def test_newest_days_that_are_gaps_accuse_nobody() -> None:
    old = paid({"i-1": daily("1", FEBRUARY)}, provisional=frozenset())
    found = report(instance("i-2"), paid_costs=old)
    assert not found.mismatches
    assert [why for _, why in found.not_assessed] == ["the newest days of their account are gaps"]


def test_a_kind_that_the_bill_never_names_is_not_assessed() -> None:
    volume = stored(ResourceKind.DISK, "vol-1", tags=OWNED)
    found = report(volume)
    assert not found.mismatches
    assert list(found.not_assessed.values()) == [1]


@pytest.mark.parametrize(
    ("tags", "keys", "detail"),
    [
        ({}, (), "lacks owner"),
        ({"Owner": "ann"}, (), None),
        ({"owner": "ann"}, ("team", "cost-centre"), "lacks team, cost-centre"),
        ({"team": "shop", "cost-centre": " "}, ("team", "cost-centre"), "lacks cost-centre"),
    ],
)
def test_a_resource_without_owner(
    tags: dict[str, str], keys: tuple[str, ...], detail: str | None
) -> None:
    address = stored(ResourceKind.ADDRESS, "eip", tags=tags)
    found = report(address, owner_keys=keys)
    owned = [one for one in found.mismatches if one.id == "eip"]
    assert [one.detail for one in owned] == ([detail] if detail else [])


def test_a_bill_that_is_three_days_late_still_proves_something() -> None:
    late = max(MARCH) + timedelta(3)
    assert ways(report(instance("i-2"), today=late)) == {"i-2": Mismatch.RESOURCE_WITHOUT_COST}
