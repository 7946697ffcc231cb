"""The names that a run is requested for, checked before it begins."""

from __future__ import annotations

from collections.abc import Sequence

from skyclust.cli.server import require_server


def require_workspace(workspace: str) -> None:
    """Raise NotFound for a workspace that there is not."""
    from skyclust.store import workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, workspace)


def require_credentials(
    workspace: str, names: Sequence[str], providers: Sequence[str] = ()
) -> None:
    """Raise NotFound for a name that has neither a record nor a block made by hand in the UI.

    The same for the name of a provider that is neither installed nor that of a credential.
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
    require_names(store, workspace, credential_names=unrecorded, providers=providers)
