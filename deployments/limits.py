"""The concurrency limits of all credentials, made before their first operation."""

from __future__ import annotations

from deployments.bootstrap_result import Applied
from skyclust.orchestration.limits import (
    apply_credential_limit,
    remove_former_limits,
    reset_credential_limit,
)
from skyclust.store import credentials, workspaces
from skyclust.store.engine import Store


def apply_limits(store: Store, *, reset: bool = False) -> Applied:
    """Make sure that each credential of each workspace has its limit and return their names.

    A number that somebody set stays, and so does a limit that somebody turned off; with `reset`
    each is as it was made. Limits of a former name pass on what an operator set, and go.
    """
    with store.reading() as connection:
        known = [
            (workspace.id, credential.name)
            for workspace in workspaces.list_all(connection)
            for credential in credentials.list_all(connection, workspace.id)
        ]
    outcome = Applied()
    for workspace_id, name in known:
        outcome.names.append(apply_credential_limit(workspace_id, name))
        if reset and reset_credential_limit(workspace_id, name):
            outcome.changed.append(f"concurrency limit {outcome.names[-1]}")
    remove_former_limits(known)
    return outcome
