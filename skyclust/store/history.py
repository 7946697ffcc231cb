"""Queries of the inventory's history: what was added, what changed and what is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pydantic import JsonValue
from sqlalchemy import Column, ColumnElement, Connection, Row, and_, func, or_, select

from skyclust.model.change import Change
from skyclust.model.resource import ChangeKind, Resource, ResourceKind
from skyclust.model.scope import ScopeKey
from skyclust.store.retention import kept_from, refusal
from skyclust.store.tables import resource_versions
from skyclust.store.types import require_aware
from skyclust.store.versions import in_scope

_VERSIONS: Final = resource_versions.c
_PREVIOUS: Final = resource_versions.alias("previous")
_COMPARED: Final = ("name", "zone", "state", "native_state", "tags", "created_at", "attributes")


def changes(
    connection: Connection,
    workspace_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    run_id: str | None = None,
    kinds: Sequence[ResourceKind] | None = None,
    scope: ScopeKey | None = None,
    limit: int | None = 1000,
) -> list[Change]:
    """Return what changed, newest first: from `since` on, before `until`, by one flow run.

    `kinds` are kinds of resources; None or empty matches all. `scope` matches those of one scope
    only. Where old versions were pruned, the changes from `retention.kept_from` on are returned.
    Raises InvalidRequest for a time without timezone, and for one before that.
    """
    numbered = numbered_changes(
        connection,
        workspace_id,
        since=since,
        until=until,
        run_id=run_id,
        kinds=kinds,
        scope=scope,
        limit=limit,
    )
    return [change for _, change in numbered]


def numbered_changes(
    connection: Connection,
    workspace_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    run_id: str | None = None,
    kinds: Sequence[ResourceKind] | None = None,
    scope: ScopeKey | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int | None = 1000,
) -> list[tuple[int, Change]]:
    """Return changes as `changes` does, each with the number of its version.

    `before` is the time and the number of the last change of the page before.
    """
    since = _first_known(connection, workspace_id, since, until)
    filters = _Filters(
        workspace_id, since=since, until=until, run_id=run_id, kinds=kinds, scope=scope
    )
    previous = [_PREVIOUS.c[name].label(f"previous_{name}") for name in _COMPARED]
    began = connection.execute(
        select(resource_versions, *previous)
        .select_from(
            resource_versions.outerjoin(
                _PREVIOUS,
                and_(
                    _PREVIOUS.c.workspace_id == workspace_id,
                    _PREVIOUS.c.version_id == _VERSIONS.previous_version_id,
                ),
            )
        )
        .where(filters.began(), *_before(_VERSIONS.valid_from, before))
        .order_by(_VERSIONS.valid_from.desc(), _VERSIONS.version_id.desc())
        .limit(limit)
    )
    ended = connection.execute(
        select(resource_versions)
        .where(filters.ended(), *_before(_VERSIONS.valid_to, before))
        .order_by(_VERSIONS.valid_to.desc(), _VERSIONS.version_id.desc())
        .limit(limit)
    )
    found = [(row.version_id, _begun(row)) for row in began]
    found += [(row.version_id, _gone(row)) for row in ended]
    found.sort(key=lambda pair: (pair[1].at, pair[0]), reverse=True)
    return found[:limit]


def _before(
    at: Column[Any], position: tuple[datetime, int] | None
) -> tuple[ColumnElement[bool], ...]:
    """Return the condition of changes that are older than a position in the list."""
    if position is None:
        return ()
    moment, version_id = position
    same = and_(at == moment, _VERSIONS.version_id < version_id)
    return (or_(at < moment, same),)


def count_changes(
    connection: Connection,
    workspace_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    run_id: str | None = None,
    kinds: Sequence[ResourceKind] | None = None,
) -> dict[ChangeKind, int]:
    """Return how many changes of each kind there are; filters and errors are those of `changes`."""
    since = _first_known(connection, workspace_id, since, until)
    filters = _Filters(workspace_id, since=since, until=until, run_id=run_id, kinds=kinds)
    began = connection.execute(
        select(func.count(), func.count(_VERSIONS.previous_version_id)).where(filters.began())
    ).one()
    gone = connection.scalar(select(func.count()).where(filters.ended())) or 0
    return {
        ChangeKind.ADDED: began[0] - began[1],
        ChangeKind.CHANGED: began[1],
        ChangeKind.GONE: gone,
    }


def _first_known(
    connection: Connection, workspace_id: str, since: datetime | None, until: datetime | None
) -> datetime | None:
    """Return the time from which on changes are complete and filters for; raises InvalidRequest."""
    first = require_aware(since, "since") if since is not None else None
    last = require_aware(until, "until") if until is not None else None
    for time in (first, last):
        if time is not None and (error := refusal(connection, workspace_id, time)):
            raise error
    return first if first is not None else kept_from(connection, workspace_id)


class _Filters:
    """The filters, as conditions on the beginning and on the end of a version."""

    def __init__(
        self,
        workspace_id: str,
        *,
        since: datetime | None,
        until: datetime | None,
        run_id: str | None,
        kinds: Sequence[ResourceKind] | None,
        scope: ScopeKey | None = None,
    ) -> None:
        self._since = require_aware(since, "since") if since is not None else None
        self._until = require_aware(until, "until") if until is not None else None
        self._run_id = run_id
        self._common: list[ColumnElement[bool]] = [_VERSIONS.workspace_id == workspace_id]
        if kinds:
            self._common.append(_VERSIONS.kind.in_([kind.value for kind in kinds]))
        if scope is not None:
            self._common.append(in_scope(workspace_id, scope))

    def began(self) -> ColumnElement[bool]:
        return self._within(_VERSIONS.valid_from, _VERSIONS.run_id)

    def ended(self) -> ColumnElement[bool]:
        gone = _VERSIONS.ended_by == ChangeKind.GONE.value
        return and_(gone, self._within(_VERSIONS.valid_to, _VERSIONS.ended_run_id))

    def _within(self, at: Column[Any], run: Column[Any]) -> ColumnElement[bool]:
        conditions = list(self._common)
        if self._since is not None:
            conditions.append(at >= self._since)
        if self._until is not None:
            conditions.append(at < self._until)
        if self._run_id is not None:
            conditions.append(run == self._run_id)
        return and_(*conditions)


def _begun(row: Row[Any]) -> Change:
    if row.previous_version_id is None:
        return _change(row, ChangeKind.ADDED, row.valid_from, row.run_id)
    values = row._mapping
    old = _flat({name: values[f"previous_{name}"] for name in _COMPARED})
    new = _flat({name: values[name] for name in _COMPARED})
    differing = sorted(name for name in old | new if old.get(name) != new.get(name))
    change = _change(row, ChangeKind.CHANGED, row.valid_from, row.run_id)
    return change.model_copy(
        update={
            "before": {name: old.get(name) for name in differing},
            "after": {name: new.get(name) for name in differing},
        }
    )


def _gone(row: Row[Any]) -> Change:
    return _change(row, ChangeKind.GONE, row.valid_to, row.ended_run_id)


def _change(row: Row[Any], kind: ChangeKind, at: datetime, run_id: str | None) -> Change:
    resource = Resource(
        provider=row.provider,
        region=row.region,
        kind=row.kind,
        id=row.resource_id,
        name=row.name,
        zone=row.zone,
        state=row.state,
        native_state=row.native_state,
        tags=row.tags,
        created_at=row.created_at,
        attributes=row.attributes,
    )
    return Change(
        workspace_id=row.workspace_id,
        credential=row.credential,
        kind=kind,
        at=at,
        run_id=run_id,
        resource=resource,
    )


def _flat(fields: Mapping[str, Any]) -> dict[str, JsonValue]:
    created_at: datetime | None = fields["created_at"]
    flat: dict[str, JsonValue] = {
        "name": fields["name"],
        "zone": fields["zone"],
        "state": fields["state"],
        "native_state": fields["native_state"],
        "created_at": created_at.isoformat() if created_at is not None else None,
    }
    flat |= {f"tags.{name}": value for name, value in fields["tags"].items()}
    return flat | {f"attributes.{name}": value for name, value in fields["attributes"].items()}
