"""What a price book covers is collected by its credential, and by the schedule of its provider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from deployments.prefect_yaml import prefect_file, read_declared
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.price_books.saving import save_price_book
from skyclust.orchestration.credentials import save_credential
from skyclust.orchestration.runs import run_here
from skyclust.security.keyring import generate_key
from skyclust.store.engine import Store, open_store
from skyclust.store.tables import resource_versions, scopes
from skyclust_sandbox.proxmox.access import TOKEN_SECRET
from skyclust_sandbox.proxmox.price_book import NAME, PRICE_BOOK
from tests.fixtures.prefect import PrefectServer
from tests.fixtures.proxmox import ProxmoxSandbox
from tests.flows.commands import Commands

pytestmark = pytest.mark.integration

WEEK = timedelta(days=7)
TODAY = datetime.now(UTC).date()
DAYS = {"start": str(TODAY - timedelta(days=2)), "end": str(TODAY)}
"""Two whole days, so that no price is of the running one."""


@dataclass(frozen=True)
class Priced:
    """A store with a cluster that a price book covers and the inventory has known for a week."""

    store: Store
    credential: str

    def billed(self) -> Decimal:
        """Return what the ledger has of the two days."""
        query = CostQuery(TODAY - timedelta(days=2), TODAY)
        return sum(query_costs(self.store, ["default"], query)["billed_cost"], Decimal(0))


@pytest.fixture
def priced(
    prefect_server: PrefectServer,
    migrated_home: object,
    proxmox_estate: ProxmoxSandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Priced]:
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())
    store = open_store()
    name = f"pve-{uuid4().hex[:8]}"
    values = proxmox_estate.credential().model_dump(exclude_unset=True)
    save_credential(store, "default", name, "proxmox", values | {"token_value": TOKEN_SECRET})
    assert run_here("sync-inventory", {"credentials": [name]}).succeeded
    _age(store)
    save_price_book(store, "default", PRICE_BOOK, saved_by="user:1")
    yield Priced(store, name)
    store.dispose()


def _age(store: Store) -> None:
    then = datetime.now(UTC) - WEEK
    with store.writing() as connection:
        connection.execute(update(resource_versions).values(valid_from=then, first_seen_at=then))
        connection.execute(update(scopes).values(first_completed_at=then))


def scheduled(provider: str) -> dict[str, Any]:
    """Return the parameters that the declared morning schedule of a provider gives to its runs."""
    [declared] = [one for one in read_declared(prefect_file()) if one.name == "collect-costs"]
    [schedule] = [one for one in declared.schedules if one["slug"] == provider]
    return declared.parameters | dict(schedule["parameters"])


def test_the_schedule_of_a_provider_prices_by_the_books_that_cover_it(priced: Priced) -> None:
    outcome = run_here("collect-costs", scheduled("openstack") | DAYS)
    assert "nothing to collect" in outcome.message
    outcome = run_here("collect-costs", scheduled("proxmox") | DAYS)
    assert outcome.state_name == "Completed", outcome.message
    [row] = outcome.tables["cost-deliveries-default"]
    assert (row["state"], row["source"]) == ("applied", f"price-book:{NAME}")
    assert priced.billed() > 0


def test_a_credential_prices_by_the_books_that_cover_it(
    priced: Priced, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = Commands(capsys)
    collect = ("cost", "collect", "--local", "--from", DAYS["start"], "--to", DAYS["end"])
    # In JSON: a table cuts long names.
    shown = commands.run(*collect, "--credential", priced.credential, "--json")
    assert f"price-book:{NAME}" in shown
    assert priced.billed() > 0


def test_a_credential_without_costs_and_book_is_named(priced: Priced) -> None:
    save_price_book(
        priced.store,
        "default",
        PRICE_BOOK.replace("[proxmox]", "[proxmox]\n  credentials: [another]"),
        saved_by="user:1",
    )
    outcome = run_here("collect-costs", {"credentials": [priced.credential], **DAYS})
    assert f"the cloud of {priced.credential} states no costs" in outcome.message
