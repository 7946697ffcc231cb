"""The concurrency limits of all credentials, made before their first operation."""

from __future__ import annotations

from skyclust.orchestration.limits import apply_credential_limit
from skyclust.store import credentials, workspaces
from skyclust.store.engine import Store


def apply_limits(store: Store) -> list[str]:
    """Make sure that each credential of each workspace has its limit; return their names."""
    with store.reading() as connection:
        known = [
            (workspace.id, credential.name)
            for workspace in workspaces.list_all(connection)
            for credential in credentials.list_all(connection, workspace.id)
        ]
    return [apply_credential_limit(workspace_id, name) for workspace_id, name in known]
