"""Scopes: which were read completely, which could not be read, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, insert, select, update

from skyclust.errors import SkyClustError, Unsupported, tree_class, with_own_class
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import Scope, ScopeKey, ScopeState
from skyclust.store import credentials as credential_records
from skyclust.store import read_times
from skyclust.store.locks import lock_scope
from skyclust.store.tables import resource_versions, scopes
from skyclust.store.text import storable
from skyclust.store.types import now, require_aware


def mark_failed(
    connection: Connection,
    workspace_id: str,
    key: ScopeKey,
    provider: str,
    error: SkyClustError,
    *,
    read_started_at: datetime,
    run_id: str | None,
) -> Scope:
    """Write why a scope could not be read, and return the scope; its resources stay as they are.

    The scope is UNSUPPORTED when the error says so, else STALE when it was ever read
    completely, else FAILED. A read that began no later than the last complete read, or before
    the last failed read, is outdated and changes nothing. Raises NotFound for an unknown
    credential, InvalidRequest for a time without timezone.
    """
    started = require_aware(read_started_at, "read_started_at")
    credential_records.hold(connection, workspace_id, key.credential)
    lock_scope(connection, workspace_id, key)
    before = find(connection, workspace_id, key)
    if before is None or not _is_outdated(before, started):
        values = {
            "provider": provider,
            "state": _state_after(error, read_before=_was_read(before)).value,
            "attempted_at": now(),
            "error": storable(with_own_class(error)),
            "error_class": tree_class(error).__name__,
            "run_id": run_id,
            "failed_read_started_at": started,
        }
        write(connection, workspace_id, key, values)
    row = connection.execute(_with_count(workspace_id).where(_is(workspace_id, key))).one()
    return _scope(row)


def mark_read(
    connection: Connection,
    workspace_id: str,
    key: ScopeKey,
    provider: str,
    *,
    read_started_at: datetime,
    run_id: str | None,
) -> None:
    """Write that a scope was read completely: it is FRESH, unless a later read has failed.

    The caller has locked the scope, holds its credential, and stores what was read.
    """
    time = now()
    values: dict[str, Any] = {
        "provider": provider,
        "read_started_at": read_started_at,
        "completed_at": time,
        "attempted_at": time,
    }
    before = find(connection, workspace_id, key)
    values |= read_times.after_read(before, time)
    failed_at = before.failed_read_started_at if before is not None else None
    if before is not None and failed_at is not None and failed_at > read_started_at:
        failed = ScopeState(before.state)
        stale = ScopeState.STALE if failed is ScopeState.FAILED else failed
        values["state"] = stale.value
    else:
        values |= {
            "state": ScopeState.FRESH.value,
            "error": None,
            "error_class": None,
            "run_id": run_id,
            "failed_read_started_at": None,
        }
    write(connection, workspace_id, key, values)


def list_all(
    connection: Connection,
    workspace_id: str,
    *,
    credentials: Sequence[str] | None = None,
    regions: Sequence[str] | None = None,
    kinds: Sequence[ResourceKind] | None = None,
) -> list[Scope]:
    """Return a workspace's scopes by credential, region and kind.

    A filter that is None or empty matches all.
    """
    query = _with_count(workspace_id)
    if credentials:
        query = query.where(scopes.c.credential.in_(credentials))
    if regions:
        query = query.where(scopes.c.region.in_(regions))
    if kinds:
        query = query.where(scopes.c.kind.in_([kind.value for kind in kinds]))
    listed = [_scope(row) for row in connection.execute(query)]
    # Sorted here: the order of text depends on how a PostgreSQL database was created.
    return sorted(
        listed, key=lambda scope: (scope.key.credential, scope.key.region, scope.key.kind)
    )


def regions(connection: Connection, workspace_id: str) -> list[str]:
    """Return the regions of a workspace's scopes, sorted."""
    query = (
        select(scopes.c.region)
        .where(scopes.c.workspace_id == workspace_id, scopes.c.region != "")
        .distinct()
        .order_by(scopes.c.region)
    )
    return list(connection.scalars(query))


def find(connection: Connection, workspace_id: str, key: ScopeKey) -> Row[Any] | None:
    """Return the row of a scope, or None before its first read."""
    return connection.execute(select(scopes).where(_is(workspace_id, key))).one_or_none()


def write(connection: Connection, workspace_id: str, key: ScopeKey, values: dict[str, Any]) -> None:
    """Write columns of a scope's row, which is inserted if it does not exist.

    The caller has locked the scope and holds its credential.
    """
    statement = update(scopes).where(_is(workspace_id, key)).values(**values)
    if connection.execute(statement).rowcount == 0:
        place = {"workspace_id": workspace_id, **key.model_dump(mode="json")}
        connection.execute(insert(scopes).values(**place, **values))


def _is_outdated(before: Row[Any], started: datetime) -> bool:
    """Return whether the scope has the outcome of a read that began later than this time."""
    complete, failed = before.read_started_at, before.failed_read_started_at
    return (complete is not None and complete >= started) or (
        failed is not None and failed > started
    )


def _was_read(before: Row[Any] | None) -> bool:
    return before is not None and before.completed_at is not None


def _state_after(error: SkyClustError, *, read_before: bool) -> ScopeState:
    if isinstance(error, Unsupported):
        return ScopeState.UNSUPPORTED
    return ScopeState.STALE if read_before else ScopeState.FAILED


def _with_count(workspace_id: str) -> Select[Any]:
    # Counted, not stored: instances are recorded and forgotten between two reads of a scope.
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
