"""What a run leaves to look at: its artifacts and its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from skyclust.errors import SkyClustError
from skyclust.model.operation import Operation
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.scope import Scope
from skyclust.orchestration import artifacts, events
from skyclust.orchestration.after_commit import finish
from skyclust.orchestration.runs import run_url
from skyclust.store import resources
from skyclust.store.engine import Store
from tasks.accounts import Account

MOST_PAGES: Final = 25
"""Pages of single machines that one run writes; the table holds them all."""


def report_sync(
    store: Store,
    settled: Mapping[Account, Sequence[Scope]],
    problems: Mapping[Account, SkyClustError],
    *,
    run_id: str,
) -> None:
    """Write the tables and the summary of a sync, and tell its events, workspace by workspace."""
    for workspace_id in sorted({one.workspace_id for one in settled}):
        mine = [
            scope
            for one, found in settled.items()
            if one.workspace_id == workspace_id
            for scope in found
        ]
        silent = {
            one.credential: str(error)
            for one, error in problems.items()
            if one.workspace_id == workspace_id
        }
        with store.reading() as connection:
            counted = resources.count_changes(connection, workspace_id, run_id=run_id)
            changes = resources.changes(
                connection, workspace_id, run_id=run_id, limit=artifacts.MOST_ROWS
            )
        states = Counter(scope.state.value for scope in mine)
        counts = {name: states[name] for name in ("fresh", "stale", "failed", "unsupported")}
        counts |= {kind.value: number for kind, number in counted.items()}
        artifacts.show_table(
            f"inventory-scopes-{workspace_id}",
            artifacts.scope_rows(mine),
            "Every scope of the sync, those with trouble first",
            total=len(mine),
        )
        artifacts.show_table(
            f"inventory-changes-{workspace_id}",
            artifacts.change_rows(changes),
            f"Resources added, changed and gone; {sum(counted.values())} in all",
            total=sum(counted.values()),
        )
        artifacts.show_text(
            f"inventory-summary-{workspace_id}",
            artifacts.sync_text(workspace_id, mine, silent, counts),
            "Summary of the sync",
        )
        store.write(
            partial(
                events.inventory_synced, workspace_id=workspace_id, counts=counts, run_id=run_id
            )
        )
    finish(store)


def report_operations(store: Store, operations: Sequence[Operation], *, run_id: str) -> None:
    """Write the table of a run's operations and a page for each machine."""
    pages = min(len(operations), MOST_PAGES)
    some = "" if pages == len(operations) else f"; {pages} of them have a page of their own"
    artifacts.show_table(
        "operations",
        artifacts.operation_rows(operations),
        f"What was asked for and what came of it{some}",
        total=len(operations),
    )
    for operation in operations[:MOST_PAGES]:
        name = operation.instance_name or operation.instance_id or operation.id
        artifacts.show_text(
            f"instance-{operation.workspace_id}-{operation.credential}-{name}",
            artifacts.machine_text(operation, _machine(store, operation), run_url(run_id)),
            f"Machine {name}",
        )
    finish(store)


def _machine(store: Store, operation: Operation) -> Resource | None:
    """Return the machine of an operation as the inventory has it, if it has it."""
    if operation.instance_id is None:
        return None
    with store.reading() as connection:
        found = resources.find(
            connection,
            operation.workspace_id,
            kinds=[ResourceKind.INSTANCE],
            credentials=[operation.credential],
            regions=[operation.region],
            ids=[operation.instance_id],
        )
    return found[0] if found else None
