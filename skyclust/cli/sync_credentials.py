"""The credentials that a sync is requested for, checked before its run begins."""

from __future__ import annotations

from collections.abc import Sequence

from skyclust.cli.server import require_server


def require_credentials(workspace: str, names: Sequence[str]) -> None:
    """Raise NotFound for a name that has neither a record nor a block made by hand in the UI.

    What is wrong with such a block is a matter of the sync, where it fails alone.
    """
    from skyclust.inventory.filter_checks import require_names
    from skyclust.store import credentials, workspaces
    from skyclust.store.engine import open_store

    store = open_store()
    with store.reading() as connection:
        workspaces.get(connection, workspace)
        unrecorded = [
            name for name in names if credentials.find(connection, workspace, name) is None
        ]
    if unrecorded:
        require_server()
        from skyclust.orchestration import block_documents

        unrecorded = [name for name in unrecorded if not block_documents.find(workspace, name)]
    require_names(store, workspace, credential_names=unrecorded)
