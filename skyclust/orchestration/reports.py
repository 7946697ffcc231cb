"""The artifacts of a run: its tables and summaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from skyclust.inventory.account_problems import AccountProblem
from skyclust.inventory.events import inventory_synced
from skyclust.model.credential_key import CredentialKey
from skyclust.model.operation import Operation
from skyclust.model.resource import Resource
from skyclust.model.scope import Scope
from skyclust.operations.subjects import subject_of
from skyclust.orchestration import artifacts
from skyclust.orchestration.artifacts import subject_key
from skyclust.orchestration.deferred_work import do_deferred_work
from skyclust.orchestration.execution import current_run_name
from skyclust.orchestration.inventory_charts import inventory_charts
from skyclust.orchestration.operation_pages import has_page, operation_rows, subject_text
from skyclust.orchestration.runs import run_url
from skyclust.orchestration.sync_summary import (
    change_rows,
    problem_rows,
    scope_rows,
    sync_text,
)
from skyclust.store import resources
from skyclust.store.engine import Store

MOST_PAGES: Final = 25
"""Pages of single subjects that one run writes; the table has all of them."""


def report_sync(
    store: Store,
    settled: Mapping[CredentialKey, Sequence[Scope]],
    problems: Sequence[AccountProblem],
    *,
    run_id: str,
) -> None:
    """Write the tables, the summary and the events of a sync, workspace by workspace."""
    known = {*settled, *(problem.credential for problem in problems)}
    for workspace_id in sorted({credential.workspace_id for credential in known}):
        mine = [
            scope
            for credential, scopes in settled.items()
            if credential.workspace_id == workspace_id
            for scope in scopes
        ]
        failed = [one for one in problems if one.credential.workspace_id == workspace_id]
        with store.reading() as connection:
            counted = resources.count_changes(connection, workspace_id, run_id=run_id)
            changes = resources.changes(
                connection, workspace_id, run_id=run_id, limit=artifacts.MOST_ARTIFACT_ROWS
            )
        states = Counter(scope.state.value for scope in mine)
        counts = {name: states[name] for name in ("fresh", "stale", "failed", "unsupported")}
        counts |= {kind.value: number for kind, number in counted.items()}
        artifacts.show_table(
            f"inventory-problems-{workspace_id}",
            problem_rows(failed),
            "Accounts that could not be read as a whole: why, and what to do",
            total=len(failed),
        )
        artifacts.show_table(
            f"inventory-scopes-{workspace_id}",
            scope_rows(mine),
            "Every scope of the sync, those with trouble first",
            total=len(mine),
        )
        artifacts.show_table(
            f"inventory-changes-{workspace_id}",
            change_rows(changes),
            f"Resources added, changed and gone; {sum(counted.values())} in all",
            total=sum(counted.values()),
        )
        artifacts.show_text(
            f"inventory-summary-{workspace_id}",
            sync_text(workspace_id, mine, failed, counts, inventory_charts(store, workspace_id)),
            "Summary of the sync",
        )
        store.write(
            partial(inventory_synced, workspace_id=workspace_id, counts=counts, run_id=run_id)
        )
    do_deferred_work(store)


def report_operations(store: Store, operations: Sequence[Operation], *, run_id: str) -> None:
    """Write the table of a run's operations and a page for each subject, by workspace."""
    for workspace_id in sorted({operation.workspace_id for operation in operations}):
        mine = [one for one in operations if one.workspace_id == workspace_id]
        subjects = [one for one in mine if has_page(one)][:MOST_PAGES]
        pages = f"; those with a page of their own: {len(subjects)}" if subjects else ""
        artifacts.show_table(
            f"operations-{workspace_id}",
            operation_rows(mine),
            f"Each operation and how it ended{pages}",
            total=len(mine),
        )
        for operation in subjects:
            _show_page(store, operation, run_id=run_id)
    do_deferred_work(store)


def _show_page(store: Store, operation: Operation, *, run_id: str) -> None:
    name = operation.subject_name or operation.subject_id or operation.id
    kind = operation.subject_kind
    artifacts.show_text(
        subject_key(kind, operation.workspace_id, operation.credential, name),
        subject_text(
            operation,
            _subject(store, operation),
            run_name=current_run_name(),
            run_url=run_url(run_id),
        ),
        f"{kind.capitalize()} {name}: {operation.kind} {operation.state.value}",
    )


def _subject(store: Store, operation: Operation) -> Resource | None:
    """Return the inventory's record of an operation's subject, None when it has none."""
    kind = subject_of(operation).resource_kind
    if operation.subject_id is None or kind is None:
        return None
    with store.reading() as connection:
        records = resources.find(
            connection,
            operation.workspace_id,
            kinds=[kind],
            credentials=[operation.credential],
            regions=[operation.region],
            ids=[operation.subject_id],
        )
    return records[0] if records else None
