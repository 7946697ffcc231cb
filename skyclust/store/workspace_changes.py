"""Adding and removing workspaces, each with its line in the workspace's audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skyclust.model.workspace import Workspace
from skyclust.store import audit, workspaces
from skyclust.store.engine import Store

if TYPE_CHECKING:
    from sqlalchemy import Connection


def add_workspace(store: Store, workspace_id: str, title: str, *, actor: str) -> Workspace:
    """Create a workspace or bring a removed one back; return it, and raise as `workspaces.add`."""

    def add(connection: Connection) -> Workspace:
        added = workspaces.add(connection, workspace_id, title)
        _audit(connection, added, "workspace.add", actor)
        return added

    return store.write(add)


def remove_workspace(store: Store, workspace_id: str, *, actor: str) -> Workspace:
    """Remove an empty workspace and return it as it was; raises as `workspaces.remove`.

    What another transaction adds to it is committed before, and then the workspace is not empty,
    or is refused, for it does not exist any more.
    """

    def remove(connection: Connection) -> Workspace:
        removed = workspaces.remove(connection, workspace_id)
        _audit(connection, removed, "workspace.remove", actor)
        return removed

    return store.write(remove)


def _audit(connection: Connection, workspace: Workspace, action: str, actor: str) -> None:
    audit.append(
        connection,
        workspace.id,
        actor=actor,
        action=action,
        object=f"workspace/{workspace.id}",
        detail={"title": workspace.title},
    )
