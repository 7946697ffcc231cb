"""Workspaces: each owns everything in it."""

from __future__ import annotations

from pydantic import ValidationError
from sqlalchemy import Connection, Row, insert, select

from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.audit import genesis_hash
from skyclust.model.workspace import Workspace
from skyclust.store.tables import audit_heads, workspaces
from skyclust.store.types import now


def add(connection: Connection, workspace_id: str, title: str = "") -> Workspace:
    """Create a workspace with an empty audit trail and return it.

    Raises InvalidRequest for an id that is not a slug, and for an id that exists.
    """
    try:
        workspace = Workspace(id=workspace_id, title=title, created_at=now())
    except ValidationError as error:
        raise InvalidRequest(
            f"{workspace_id!r} cannot be the id of a workspace.",
            hint="Use up to 40 lowercase letters and digits, with single dashes between them.",
        ) from error
    if _find(connection, workspace_id) is not None:
        raise InvalidRequest(f"There is a workspace {workspace_id!r} already.")
    connection.execute(
        insert(workspaces).values(
            workspace_id=workspace.id, title=workspace.title, created_at=workspace.created_at
        )
    )
    # Inserted here and never later, so that a trail that is deleted with its head is noticed.
    connection.execute(
        insert(audit_heads).values(
            workspace_id=workspace.id, entries=0, hash=genesis_hash(workspace.id)
        )
    )
    return workspace


def get(connection: Connection, workspace_id: str) -> Workspace:
    """Return a workspace; raises NotFound."""
    workspace = _find(connection, workspace_id)
    if workspace is None:
        raise NotFound(
            f"There is no workspace {workspace_id!r}.",
            hint="`skyclust workspace list` shows all workspaces.",
        )
    return workspace


def list_all(connection: Connection) -> list[Workspace]:
    """Return every workspace, by id."""
    rows = connection.execute(select(workspaces).order_by(workspaces.c.workspace_id))
    return [_workspace(row) for row in rows]


def _find(connection: Connection, workspace_id: str) -> Workspace | None:
    row = connection.execute(
        select(workspaces).where(workspaces.c.workspace_id == workspace_id)
    ).one_or_none()
    return _workspace(row) if row is not None else None


def _workspace(row: Row[tuple[object, ...]]) -> Workspace:
    return Workspace(id=row.workspace_id, title=row.title, created_at=row.created_at)
