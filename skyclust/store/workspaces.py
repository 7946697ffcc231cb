"""Workspaces: each owns everything in it.

A workspace is removed only when it is empty. Its row stays as removed, because its history and its
audit trail refer to it; to every function here but `add` it does not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import Connection, Row, Select, func, insert, select, update

from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.audit import genesis_hash
from skyclust.model.workspace import Workspace
from skyclust.store.tables import (
    audit_heads,
    credentials,
    operations,
    resource_versions,
    workspaces,
)
from skyclust.store.types import now

DEFAULT: Final = "default"
"""The workspace that every installation begins with, and that every command works in by default."""

_NAMED: Final = 5
"""Credentials or operations that the refusal to remove a workspace names."""


def add(connection: Connection, workspace_id: str, title: str = "") -> Workspace:
    """Create a workspace with an empty audit trail and return it.

    The id of a removed workspace brings that workspace back, with its history and its audit trail.
    Raises InvalidRequest for an id that is not a slug, and for an id that exists.
    """
    try:
        workspace = Workspace(id=workspace_id, title=title, created_at=now())
    except ValidationError as error:
        raise InvalidRequest(
            f"{workspace_id!r} cannot be the id of a workspace.",
            hint="Use up to 40 lowercase letters and digits, with single dashes between them.",
        ) from error
    # One statement both looks for the removed row and brings it back: of two one must lose.
    brought_back = connection.execute(
        update(workspaces)
        .where(workspaces.c.workspace_id == workspace_id, workspaces.c.removed_at.is_not(None))
        .values(title=workspace.title, created_at=workspace.created_at, removed_at=None)
    )
    if brought_back.rowcount:
        return workspace
    if connection.execute(_select(workspace_id)).one_or_none() is not None:
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


def get(connection: Connection, workspace_id: str, *, or_removed: bool = False) -> Workspace:
    """Return a workspace, with `or_removed` a removed one too; raises NotFound."""
    query = select(workspaces).where(workspaces.c.workspace_id == workspace_id)
    if not or_removed:
        query = _select(workspace_id)
    return _existing(connection.execute(query).one_or_none(), workspace_id)


def hold(connection: Connection, workspace_id: str, *, alone: bool = False) -> Workspace:
    """Lock a workspace against removal until the transaction ends, and return it.

    Several transactions may hold it at once; with `alone` only this one. Raises NotFound.
    """
    query = _select(workspace_id).with_for_update(read=not alone, key_share=True)
    return _existing(connection.execute(query).one_or_none(), workspace_id)


def list_all(connection: Connection) -> list[Workspace]:
    """Return every workspace, by id."""
    query = select(workspaces).where(workspaces.c.removed_at.is_(None))
    rows = connection.execute(query.order_by(workspaces.c.workspace_id))
    return [_workspace(row) for row in rows]


def remove(connection: Connection, workspace_id: str) -> Workspace:
    """Remove an empty workspace and return it as it was; its history and audit trail stay.

    Nobody who holds it adds anything meanwhile (`hold`). Raises NotFound for an unknown workspace,
    and InvalidRequest for the default one and for one that still has credentials, live resources
    or open operations: the error names them.
    """
    query = _select(workspace_id).with_for_update()
    workspace = _existing(connection.execute(query).one_or_none(), workspace_id)
    if workspace.id == DEFAULT:
        raise InvalidRequest(
            f"Workspace {DEFAULT!r} cannot be removed: commands and schedules work in it when they"
            " name no other."
        )
    contents = _contents(connection, workspace_id)
    if contents:
        raise InvalidRequest(
            f"Workspace {workspace_id!r} is not empty: it has {'; '.join(contents)}.",
            hint="Remove its credentials with `skyclust credential remove NAME --workspace"
            f" {workspace_id}`, and wait for its operations or end them with `skyclust operation"
            " abandon ID`.",
        )
    connection.execute(
        update(workspaces).where(workspaces.c.workspace_id == workspace_id).values(removed_at=now())
    )
    return workspace


def _contents(connection: Connection, workspace_id: str) -> list[str]:
    """Return what a workspace still has, each kind of it as a text for people."""
    names = connection.scalars(
        select(credentials.c.name)
        .where(credentials.c.workspace_id == workspace_id)
        .order_by(credentials.c.name)
    ).all()
    open_ids = connection.scalars(
        select(operations.c.operation_id)
        .where(operations.c.workspace_id == workspace_id, operations.c.finished_at.is_(None))
        .order_by(operations.c.created_at, operations.c.operation_id)
    ).all()
    live = connection.scalar(
        select(func.count())
        .select_from(resource_versions)
        .where(
            resource_versions.c.workspace_id == workspace_id,
            resource_versions.c.valid_to.is_(None),
        )
    )
    contents = []
    if names:
        contents.append(_counted(names, "credential"))
    if open_ids:
        contents.append(_counted(open_ids, "open operation"))
    if live:
        contents.append(f"{live} live resource{'s' if live > 1 else ''} in the inventory")
    return contents


def _counted(names: Sequence[str], noun: str) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    plural = "s" if len(names) > 1 else ""
    return f"{len(names)} {noun}{plural} ({', '.join(names[:_NAMED])}{more})"


def _select(workspace_id: str) -> Select[Any]:
    return select(workspaces).where(
        workspaces.c.workspace_id == workspace_id, workspaces.c.removed_at.is_(None)
    )


def _existing(row: Row[Any] | None, workspace_id: str) -> Workspace:
    if row is None:
        raise NotFound(
            f"There is no workspace {workspace_id!r}.",
            hint="`skyclust workspace list` shows all workspaces.",
        )
    return _workspace(row)


def _workspace(row: Row[Any]) -> Workspace:
    return Workspace(id=row.workspace_id, title=row.title, created_at=row.created_at)
