"""List prices of a sandbox cloud: read by command and for a placement, kept when it is dead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from skyclust.orchestration.runs import run_here
from skyclust.store.cost_choice_tables import cached_prices
from skyclust_sandbox.faults import Fault, FaultKind
from tests.flows.commands import Commands
from tests.flows.conftest import Installation

pytestmark = pytest.mark.integration

REGION = "eu-central-1"


@pytest.fixture
def commands(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Commands:
    for name in ("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "30" if name.startswith("PREFECT") else "127.0.0.1,localhost")
    return Commands(capsys)


def listed(commands: Commands) -> dict[str, dict[str, Any]]:
    return {one["item"]: one for one in commands.json("cost", "prices", "list")}


def placed(installation: Installation) -> dict[str, Any]:
    """Return the best place of a small instance, of a placement that creates nothing."""
    outcome = run_here(
        "place-instances",
        {
            "name": "web",
            "cores": 2,
            "memory_gib": 8,
            "image_family": "ubuntu-24.04",
            "places": [{"credential": installation.credential, "region": REGION}],
            "dry_run": True,
        },
    )
    assert outcome.succeeded, outcome.message
    return outcome.tables["placement-default"][0]


def test_a_placement_reads_the_price_and_a_dead_list_leaves_the_old_one(
    installation: Installation, commands: Commands
) -> None:
    row = placed(installation)
    read = f"read {datetime.now(UTC).date()}"
    price = listed(commands)[f"instance:{row['type']}"]
    assert row["price an hour"] == f"{Decimal(price['price']).normalize():f} USD"
    assert read in row["reason"]
    assert (price["currency"], price["unit"], price["stale"]) == ("USD", "hour", False)

    then = datetime.now(UTC) - timedelta(days=20)
    with installation.store.writing() as connection:
        connection.execute(update(cached_prices).values(read_at=then))
    installation.sandbox.inject(Fault(kind=FaultKind.DENY, action="GetProducts"))
    assert "20 days ago" in placed(installation)["reason"]
    assert listed(commands)[f"instance:{row['type']}"]["stale"] is True


def test_the_prices_of_the_inventory_are_read_by_command(
    installation: Installation, commands: Commands
) -> None:
    created = run_here("provision-instances", installation.provision())
    assert created.succeeded, created.message
    request = {"credentials": [installation.credential], "regions": [REGION]}
    assert run_here("sync-inventory", request).succeeded
    [read] = commands.json("cost", "prices", "refresh")["providers"]
    assert (read["provider"], read["error"]) == ("aws", None)
    assert read["read"] == len(listed(commands)) > 0
    assert "instance:t3.small" in listed(commands)
    commands.run("cost", "prices", "refresh")
    assert "No price is due" in commands.said or "0 prices were read" in commands.said

    installation.sandbox.inject(Fault(kind=FaultKind.DENY, action="GetProducts"))
    failed = commands.run("cost", "prices", "refresh", "--all", "--json", code=1)
    assert "PermissionDenied" in failed
    assert "instance:t3.small" in listed(commands)
