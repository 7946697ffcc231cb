"""`skyclust inventory prune`, on the store of an installation."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyclust.store import audit
from skyclust.store.engine import Store, open_store
from tests.flows.commands import Commands
from tests.unit.store.aged_history import days_ago, write_history
from tests.unit.store.inventory import prepare

PRUNE = ("inventory", "prune", "--older-than-days", "30")


@pytest.fixture
def store(skyclust_home: Path) -> Store:
    """The store of the installation, with a history of 50 days."""
    return write_history(prepare(open_store()), "default")


@pytest.fixture
def commands(store: Store, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(capsys)


def test_a_dry_run_counts_and_removes_nothing(commands: Commands) -> None:
    for _ in range(2):
        counted = commands.json(*PRUNE, "--dry-run")
        assert (counted["versions"], counted["dry_run"]) == (2, True)
        assert counted["workspace_id"] == "default"
    assert "Nothing was removed" in commands.said


def test_old_versions_go_and_earlier_questions_are_refused(
    commands: Commands, store: Store
) -> None:
    then = days_ago(45).isoformat()
    assert len(commands.json("inventory", "list", "--as-of", then)) == 4
    pruned = commands.json(*PRUNE, "--yes")
    assert (pruned["versions"], pruned["dry_run"]) == (2, False)
    commands.run("inventory", "list", "--as-of", then, code=2)
    assert "not known any more" in commands.said
    commands.run("inventory", "changes", "--since", then, code=2)
    assert len(commands.json("inventory", "list")) == 2
    assert len(commands.json("inventory", "changes")) == 2
    assert f"Changes before {pruned['kept_from'][:10]}" in commands.said
    assert commands.json(*PRUNE, "-y")["versions"] == 0
    with store.reading() as connection:
        [line] = audit.list_all(connection, "default")
    assert line.action == "inventory.prune"
    assert line.actor.startswith("user:")


def test_without_somebody_to_confirm_it_nothing_is_removed(commands: Commands) -> None:
    commands.run(*PRUNE, code=2)
    assert "--yes" in commands.said
    assert commands.json(*PRUNE, "--dry-run")["versions"] == 2


@pytest.mark.parametrize("days", ["0", "-1", "much"])
def test_a_period_that_is_none_is_refused(commands: Commands, days: str) -> None:
    commands.run("inventory", "prune", "--older-than-days", days, "--yes", code=2)


def test_an_unknown_workspace_is_not_found(commands: Commands) -> None:
    commands.run(*PRUNE, "--dry-run", "--workspace", "nobody", code=4)
