"""Advice on a real ledger and inventory: listed, put aside, and carried out by an operation."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import update

from skyclust.conformance import memory_disks
from skyclust.contract.cost import BillingPeriod, CostDelivery
from skyclust.costs.advice.advising import find_advice
from skyclust.costs.ledger.delivering import DeliveryOptions, apply_delivery
from skyclust.costs.ledger.storage import open_root
from skyclust.costs.report.advice_table import advice_table
from skyclust.store.tables import resource_versions, scopes
from tests.flows.commands import Commands
from tests.flows.memory import REGION, MemoryAccount
from tests.unit.costs.bills import midnight, table_of

pytestmark = pytest.mark.integration

TODAY = datetime.now(UTC).date()
NEWEST = TODAY - timedelta(days=1)


def deliver(memory: MemoryAccount, resources: dict[str, str]) -> None:
    """Put a closed bill of yesterday's month into the ledger: an amount a day, by resource."""
    start = NEWEST.replace(day=1)
    period = BillingPeriod(start, (start + timedelta(days=32)).replace(day=1))
    days = [start + timedelta(days=n) for n in range((TODAY - start).days)]
    charges = [(day, *one) for day in days for one in resources.items()]
    table = table_of(
        {
            "BillingAccountId": ["acme"] * len(charges),
            "BillingCurrency": ["USD"] * len(charges),
            "BillingPeriodStart": [midnight(period.start)] * len(charges),
            "BillingPeriodEnd": [midnight(period.end)] * len(charges),
            "ChargePeriodStart": [midnight(day) for day, _, _ in charges],
            "ChargePeriodEnd": [midnight(day + timedelta(days=1)) for day, _, _ in charges],
            "ChargeCategory": ["Usage"] * len(charges),
            "BilledCost": [Decimal(amount) for _, _, amount in charges],
            "EffectiveCost": [Decimal(amount) for _, _, amount in charges],
            "ResourceId": [name for _, name, _ in charges],
            "ResourceType": ["disk"] * len(charges),
        },
        len(charges),
    )
    delivery = CostDelivery(
        source="file:memory",
        provider="memory",
        billing_account_id="acme",
        period=period,
        complete_from=start,
        complete_to=TODAY,
        produced_at=datetime.now(UTC),
        focus_version="1.2",
    )
    options = DeliveryOptions(requested_by="user:1")
    apply_delivery(memory.store, "default", delivery, [table], options, root=open_root())


def age(memory: MemoryAccount, days: float) -> None:
    """Let the inventory know everything for so many days."""
    then = datetime.now(UTC) - timedelta(days=days)
    with memory.store.writing() as connection:
        connection.execute(update(resource_versions).values(valid_from=then, first_seen_at=then))


def seen_at(memory: MemoryAccount, moment: datetime) -> None:
    """Let everything have been seen at a time, and not since."""
    with memory.store.writing() as connection:
        connection.execute(update(resource_versions).values(observed_at=moment))
        connection.execute(update(scopes).values(read_started_at=moment))


@pytest.fixture
def unused(memory: MemoryAccount, commands: Commands) -> MemoryAccount:
    """An account with an unused disk that costs 2.00 a day, and an instance that is stopped."""
    machine = memory.machine()
    disk = memory.cloud.add(REGION, "disk", "data").id
    place = ("--credential", memory.credential, "--region", REGION)
    commands.run("instance", "stop", machine, *place, "--local")
    memory.machine("busy")
    commands.run("inventory", "sync", "--local")
    age(memory, 30)
    deliver(memory, {disk: "2", "lost": "1"})
    return memory


def test_advice_is_listed_with_its_price_put_aside_and_restored_beside_the_comparison(
    unused: MemoryAccount, commands: Commands
) -> None:
    by_rule = {one["rule"]: one for one in commands.json("cost", "advise")}
    assert set(by_rule) == {"unattached-disk", "stopped-instance"}
    disk, stopped = by_rule["unattached-disk"], by_rule["stopped-instance"]
    assert (disk["saving"], disk["currency"], disk["basis"]) == ("60", "USD", "paid")
    assert (stopped["saving"], stopped["basis"]) == (None, "unknown")
    assert disk["action"]["kind"] == "delete"
    assert disk["action"]["resource"] == disk["resource_id"]
    assert stopped["action"]["kind"] == "delete"
    assert "which save 60.00 USD in 30 days" in commands.said
    assert "Not assessed on memory: 1 by idle-instance and oversized-instance" in commands.said

    reported = commands.json("cost", "report")["advice"]
    assert reported == commands.json("cost", "advise")

    commands.run("cost", "advise", "dismiss", disk["id"], "--reason", "wanted")
    assert [one["rule"] for one in commands.json("cost", "advise")] == ["stopped-instance"]
    [aside] = commands.json("cost", "advise", "--dismissed")
    assert (aside["decision"], aside["decision_reason"]) == ("dismissed", "wanted")
    commands.run("cost", "advise", "restore", disk["id"])
    [again] = commands.json("cost", "advise", "--rule", "unattached-disk")
    assert again["id"] == disk["id"]
    actions = [one["action"] for one in commands.json("audit", "list")]
    assert actions.count("advice.dismissed") == 1
    assert actions.count("advice.decision_withdrawn") == 1

    found = commands.json("cost", "resources")
    by_way = {(one["mismatch"], one["id"]): one for one in found}
    days = min(3, (TODAY - date(NEWEST.year, NEWEST.month, 1)).days)
    lost = by_way["cost-without-resource", "lost"]
    assert Decimal(lost["amount"]) == days
    owners = commands.json("cost", "resources", "--only", "without-owner")
    assert {one["kind"] for one in owners} == {"instance", "disk"}


def test_an_unused_disk_is_deleted_unless_it_was_attached_since(
    unused: MemoryAccount, commands: Commands
) -> None:
    [disk] = commands.json("cost", "advise", "--rule", "unattached-disk")
    server = unused.cloud.add(REGION, "server", "stranger").id
    place = (unused.cloud, "memory-key", REGION, server, disk["resource_id"])
    memory_disks.attach_disk(*place)
    commands.run("cost", "advise", "apply", disk["id"], "--yes", "--local", code=1)
    assert f"it is in use by {server}" in commands.said
    assert disk["resource_id"] in unused.known()

    memory_disks.detach_disk(*place)
    commands.run("inventory", "sync", "--local")
    age(unused, 30)
    commands.run("cost", "advise", "apply", disk["id"], "--yes", "--local")
    done = unused.operations()[0]
    assert (done.subject_kind, done.kind, done.subject_id) == (
        "disk",
        "delete",
        disk["resource_id"],
    )
    assert disk["resource_id"] not in unused.known()
    assert commands.json("cost", "advise", "--rule", "unattached-disk") == []
    actions = [one["action"] for one in commands.json("audit", "list")]
    assert actions.count("disk.delete.succeeded") == 1
    assert actions.count("disk.delete.failed") == 1


def test_advice_that_is_new_enough_is_carried_out_by_an_operation(
    unused: MemoryAccount, commands: Commands
) -> None:
    by_rule = {one["rule"]: one for one in commands.json("cost", "advise")}
    stopped, seen = by_rule["stopped-instance"], datetime.now(UTC)
    before = unused.operations()
    seen_at(unused, seen - timedelta(hours=3))
    commands.run("cost", "advise", "apply", stopped["id"], "--yes", "--local", code=1)
    assert "too long ago" in commands.said
    assert unused.operations() == before

    seen_at(unused, seen)
    table = advice_table(find_advice(unused.store, "default"), datetime.now(UTC), most=1)
    commands.run("cost", "advise", "apply", stopped["id"], "--local", "--yes")

    done = unused.operations()[0]
    assert (done.kind, done.subject_id) == ("delete", stopped["resource_id"])
    entries = commands.json("audit", "list")
    [applied] = [one for one in entries if one["action"] == "advice.applied"]
    assert applied["detail"]["run_id"] == done.run_id
    assert "stopped-instance" not in {one["rule"] for one in commands.json("cost", "advise")}
    assert len(table.rows) == 1
    assert "The first 1 are shown." in table.caption
