"""Removing versions of resources that are older than the operator keeps them."""

from __future__ import annotations

from datetime import timedelta

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
