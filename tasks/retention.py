"""Removing what is kept for a time only: versions of resources, superseded files of costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from prefect import get_run_logger, task

from skyclust.orchestration.actor import current_actor
from skyclust.store import workspaces
from skyclust.store.engine import open_store
from skyclust.store.pruning import prune_when_due
from tasks.retry_policy import RETRIED


@task(name="prune versions", **RETRIED)
def prune_versions(workspace_id: str | None, keep_days: int) -> int:
    """Prune one workspace, or every one, at most once a day each; return the versions removed."""
    store = open_store()
    with store.reading() as connection:
        known = [workspace.id for workspace in workspaces.list_all(connection)]
    removed = 0
    period = timedelta(days=keep_days)
    for owner in known if workspace_id is None else [workspace_id]:
        pruned = prune_when_due(store, owner, period, actor=current_actor())
        if pruned is not None and pruned.versions:
            removed += pruned.versions
            get_run_logger().info(
                "%d versions of workspace %s that ended before %s were removed.",
                pruned.versions,
                owner,
                pruned.kept_from.isoformat(),
            )
    return removed


@task(name="verify cost files", **RETRIED)
def verify_cost_files(workspace_ids: Sequence[str]) -> list[str]:
    """Look for the files of the ledger, read a part of them; return in words which are damaged."""
    from skyclust.costs.ledger.verifying import verify_files  # noqa: PLC0415  # loads pyarrow

    store, today = open_store(), datetime.now(UTC).date()
    damaged = [each for owner in workspace_ids for each in verify_files(store, owner, today)]
    for each in damaged:
        get_run_logger().error("%s.", each)
    return damaged


@task(name="remove old cost files", **RETRIED)
def remove_old_cost_files(workspace_ids: Sequence[str]) -> int:
    """Remove the files of slices that were superseded long ago; return how many files it were."""
    from skyclust.costs.ledger.collecting import collect_files  # noqa: PLC0415  # loads pyarrow

    store = open_store()
    removed = 0
    for workspace_id in workspace_ids:
        collected = collect_files(store, workspace_id, requested_by=current_actor())
        removed += len(collected.superseded) + len(collected.orphans)
    if removed:
        get_run_logger().info("%d files of the cost ledger were removed.", removed)
    return removed
