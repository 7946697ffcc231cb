"""A sync of everything removes old versions where the operator says how long they are kept."""

from __future__ import annotations

from typing import Any

import pytest

from skyclust.orchestration.runs import run_here
from skyclust.store import audit, retention
from skyclust.store.engine import Store
from tests.flows.conftest import REGION, Installation
from tests.unit.store.aged_history import write_history
from tests.unit.store.inventory import add_credential

pytestmark = pytest.mark.integration


@pytest.fixture
def store(installation: Installation) -> Store:
    """The store of the installation, with a history of 50 days by another credential."""
    with installation.store.writing() as connection:
        add_credential(connection)
    write_history(installation.store, "default")
    return installation.store


def pruned(store: Store) -> list[Any]:
    """Return how many versions each line of the audit trail says to have pruned."""
    with store.reading() as connection:
        lines = audit.list_all(connection, "default")
    return [line.detail["versions"] for line in lines if line.action == "inventory.prune"]


def sync(**request: Any) -> None:
    run_here("sync-inventory", {"workspace": "default", **request})


def test_versions_are_pruned_after_a_sync_of_everything_once_a_day(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync()
    assert pruned(store) == [], "the setting is off by default"
    monkeypatch.setenv("SKYCLUST_KEEP_VERSIONS_DAYS", "30")
    sync(regions=[REGION])
    assert pruned(store) == [], "somebody waits for a sync of a part"
    sync()
    assert pruned(store) == [2]
    monkeypatch.setenv("SKYCLUST_KEEP_VERSIONS_DAYS", "29")
    with store.reading() as connection:
        before = retention.kept_from(connection, "default")
    sync()
    with store.reading() as connection:
        after = retention.kept_from(connection, "default")
    assert before is not None
    assert after is not None
    assert (after - before).days == 1
