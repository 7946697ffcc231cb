"""A history of resources that is some weeks old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from skyclust.store.engine import Store
from skyclust.store.tables import resource_versions
from tests.unit.store.inventory import machine, sync

DAYS = (50, 40, 20, 10)
"""How many days ago each sync of `write_history` was."""


def days_ago(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def age(store: Store, workspace_id: str) -> None:
    """Give what was written at the syncs, by their runs, the times of DAYS."""
    versions = resource_versions.c
    for days in DAYS:
        time = days_ago(days)
        for at, run in (
            (versions.valid_from, versions.run_id),
            (versions.valid_to, versions.ended_run_id),
        ):
            with store.writing() as connection:
                connection.execute(
                    update(resource_versions)
                    .where(versions.workspace_id == workspace_id, run == f"run-{days}")
                    .values({at.name: time})
                )


def write_history(store: Store, *workspace_ids: str) -> Store:
    """Sync four times: `old` goes 40 days ago, `web` changes 40 and 20 days ago, `late` goes last.

    The workspaces have a credential `prod` already.
    """
    estates = (
        [machine("still"), machine("old"), machine("web", state="a"), machine("late")],
        [machine("still"), machine("web", state="b"), machine("late")],
        [machine("still"), machine("web", state="c"), machine("late")],
        [machine("still"), machine("web", state="c")],
    )
    for workspace_id in workspace_ids:
        for days, estate in zip(DAYS, estates, strict=True):
            sync(store, estate, run_id=f"run-{days}", workspace_id=workspace_id)
        age(store, workspace_id)
    return store
