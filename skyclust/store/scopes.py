"""Scopes: what was read completely, and what could not be and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, insert, select, update

from skyclust.errors import SkyClustError, Unsupported
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeKey, ScopeState
from skyclust.store import credentials as credential_records
from skyclust.store.locks import lock_scope
from skyclust.store.tables import resource_versions, scopes
from skyclust.store.text import storable
from skyclust.store.types import now


def mark_failed(  # noqa: PLR0917  all of it is what happened
    connection: Connection,
    workspace_id: str,
    key: ScopeKey,
    provider: str,
    error: SkyClustError,
    run_id: str | None,
) -> Scope:
    """Write why a scope could not be read and return it; its rows stay as they are.

    The scope is UNSUPPORTED when the error says so, else STALE when it was ever read
    completely, else FAILED. Raises NotFound for an unknown credential.
    """
    credential_records.hold(connection, workspace_id, key.credential)
    lock_scope(connection, workspace_id, key)
    before = find(connection, workspace_id, key)
    if isinstance(error, Unsupported):
        state = ScopeState.UNSUPPORTED
    elif before is not None and before.completed_at is not None:
        state = ScopeState.STALE
    else:
        state = ScopeState.FAILED
    values = {
        "provider": provider,
        "state": state.value,
        "attempted_at": now(),
        "error": storable(str(error)),
        "error_class": type(error).__name__,
        "run_id": run_id,
    }
    write(connection, workspace_id, key, values)
    row = connection.execute(_with_count(workspace_id).where(_is(workspace_id, key))).one()
    return _scope(row)


def list_all(
    connection: Connection,
    workspace_id: str,
    *,
    credentials: Sequence[str] | None = None,
    regions: Sequence[str] | None = None,
    kinds: Sequence[ResourceKind] | None = None,
) -> list[Scope]:
    """Return a workspace's scopes by credential, region and kind.

    A filter that is None or empty takes all.
    """
    query = _with_count(workspace_id)
    if credentials:
        query = query.where(scopes.c.credential.in_(credentials))
    if regions:
        query = query.where(scopes.c.region.in_(regions))
    if kinds:
        query = query.where(scopes.c.kind.in_([kind.value for kind in kinds]))
    found = [_scope(row) for row in connection.execute(query)]
    # Sorted here, for the order of text depends on how a PostgreSQL database was made.
    return sorted(found, key=lambda one: (one.key.credential, one.key.region, one.key.kind))


def find(connection: Connection, workspace_id: str, key: ScopeKey) -> Row[Any] | None:
    """Return the row of a scope, or None before its first read."""
    return connection.execute(select(scopes).where(_is(workspace_id, key))).one_or_none()


def write(connection: Connection, workspace_id: str, key: ScopeKey, values: dict[str, Any]) -> None:
    """Write columns of a scope's row, which is made when there is none.

    The caller has locked the scope and holds its credential.
    """
    statement = update(scopes).where(_is(workspace_id, key)).values(**values)
    if connection.execute(statement).rowcount == 0:
        place = {"workspace_id": workspace_id, **key.model_dump(mode="json")}
        connection.execute(insert(scopes).values(**place, **values))


def _with_count(workspace_id: str) -> Select[Any]:
    # Counted, not kept: machines are recorded and forgotten between two reads of a scope.
    counted = (
        select(func.count())
        .select_from(resource_versions)
        .where(
            resource_versions.c.workspace_id == scopes.c.workspace_id,
            resource_versions.c.credential == scopes.c.credential,
            resource_versions.c.region == scopes.c.region,
            resource_versions.c.kind == scopes.c.kind,
            resource_versions.c.valid_to.is_(None),
        )
        .scalar_subquery()
    )
    return select(scopes, counted.label("resources")).where(scopes.c.workspace_id == workspace_id)


def _scope(row: Row[Any]) -> Scope:
    return Scope(
        workspace_id=row.workspace_id,
        key=ScopeKey(credential=row.credential, region=row.region, kind=ResourceKind(row.kind)),
        provider=row.provider,
        state=ScopeState(row.state),
        resources=row.resources,
        completed_at=row.completed_at,
        attempted_at=row.attempted_at,
        error=row.error,
        error_class=row.error_class,
        run_id=row.run_id,
    )


def _is(workspace_id: str, key: ScopeKey) -> ColumnElement[bool]:
    return and_(
        scopes.c.workspace_id == workspace_id,
        scopes.c.credential == key.credential,
        scopes.c.region == key.region,
        scopes.c.kind == key.kind.value,
    )
