"""The inventory: what is there, and what was there at any moment.

A scope's rows are swept only in the transaction that stores its complete read. What was
written after a read began is younger than the read: it is neither swept nor overwritten,
and what was found gone since does not come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from skyclust.errors import BrakeEngaged, InvalidRequest
from skyclust.model.change import ScopeChanges
from skyclust.model.resource import ChangeKind, Resource, ResourceKind
from skyclust.model.scope import ScopeKey
from skyclust.store import credentials, scopes
from skyclust.store.finding import count_instances, find
from skyclust.store.fingerprint import fingerprint
from skyclust.store.history import changes, count_changes, numbered_changes
from skyclust.store.locks import lock_scope
from skyclust.store.tables import resource_versions
from skyclust.store.types import require_aware
from skyclust.store.versions import (
    NewVersion,
    OpenVersion,
    end_versions,
    gone_since,
    in_scope,
    open_versions,
    time_of_writing,
    write_versions,
)

__all__ = [
    "add_to_scope",
    "changes",
    "count_changes",
    "count_instances",
    "find",
    "forget",
    "numbered_changes",
    "record",
    "replace_scope",
]


def replace_scope(
    connection: Connection,
    workspace_id: str,
    key: ScopeKey,
    provider: str,
    resources: Sequence[Resource],
    *,
    read_started_at: datetime,
    run_id: str | None,
    brake_share: float = 0.5,
    brake_floor: int = 10,
    allow_mass_delete: bool = False,
) -> ScopeChanges:
    """Make a scope's rows those of a complete read, mark it fresh, and return what changed.

    Unchanged resources are not written. A read that began before the last stored one did
    writes nothing (`superseded`). Raises BrakeEngaged, with nothing written, when more than
    `brake_share` (0 to 1) of the scope's rows and more than `brake_floor` of them would be
    removed; NotFound for an unknown credential; InvalidRequest for a resource that is not of
    the scope or that cannot be stored.
    """
    started = require_aware(read_started_at, "read_started_at")
    read = _by_id(key, provider, resources)
    credentials.hold(connection, workspace_id, key.credential)
    lock_scope(connection, workspace_id, key)
    scope = scopes.find(connection, workspace_id, key)
    if scope is not None and scope.read_started_at and scope.read_started_at > started:
        return ScopeChanges(superseded=True)
    stored = open_versions(connection, workspace_id, key, started)
    gone = [name for name, one in stored.items() if name not in read and not one.newer]
    if not allow_mass_delete:
        _brake(key, gone=len(gone), stored=len(stored), share=brake_share, floor=brake_floor)
    scope_read = _ScopeRead(workspace_id, key, started, run_id)
    first = scope is None or scope.read_started_at is None
    changes = _write_read(connection, scope_read, read, stored, gone, first=first)
    scopes.mark_read(
        connection, workspace_id, key, provider, read_started_at=started, run_id=run_id
    )
    return changes


def add_to_scope(
    connection: Connection,
    workspace_id: str,
    key: ScopeKey,
    provider: str,
    resources: Sequence[Resource],
    *,
    read_started_at: datetime,
    run_id: str | None,
) -> ScopeChanges:
    """Store what an incomplete read did show of a scope, and return what changed.

    Nothing is removed, for what was not shown may be there, and the scope's state stays as it
    is: the caller writes why the read is incomplete. A read that began before the last stored
    one did writes nothing (`superseded`). Raises as `replace_scope`.
    """
    started = require_aware(read_started_at, "read_started_at")
    read = _by_id(key, provider, resources)
    credentials.hold(connection, workspace_id, key.credential)
    lock_scope(connection, workspace_id, key)
    scope = scopes.find(connection, workspace_id, key)
    if scope is not None and scope.read_started_at and scope.read_started_at > started:
        return ScopeChanges(superseded=True)
    stored = open_versions(connection, workspace_id, key, started)
    scope_read = _ScopeRead(workspace_id, key, started, run_id)
    return _write_read(connection, scope_read, read, stored, gone=())


def record(
    connection: Connection,
    workspace_id: str,
    credential: str,
    resource: Resource,
    *,
    run_id: str | None,
) -> None:
    """Write one resource as it was just seen, outside a read of its scope.

    Raises NotFound for an unknown credential, InvalidRequest for what cannot be stored.
    """
    key = ScopeKey(credential=credential, region=resource.region, kind=resource.kind)
    seen = fingerprint(resource)
    credentials.hold(connection, workspace_id, credential)
    lock_scope(connection, workspace_id, key)
    stored = _open_version(connection, workspace_id, key, resource.id)
    at = time_of_writing(connection, workspace_id, key)
    if stored is not None and stored.fingerprint == seen:
        # Seen again: a read that began before this moment must not take it for gone.
        connection.execute(
            update(resource_versions)
            .where(in_scope(workspace_id, key), resource_versions.c.version_id == stored.version_id)
            .values(observed_at=at)
        )
        return
    version = NewVersion(resource, seen, stored.version_id if stored else None)
    write_versions(connection, workspace_id, key, [version], at=at, observed_at=at, run_id=run_id)


def forget(  # noqa: PLR0917  a resource has this many names
    connection: Connection,
    workspace_id: str,
    credential: str,
    region: str,
    kind: ResourceKind,
    resource_id: str,
    *,
    run_id: str | None,
) -> None:
    """Write that a resource is gone; one that is not known is no error."""
    key = ScopeKey(credential=credential, region=region, kind=kind)
    lock_scope(connection, workspace_id, key)
    stored = _open_version(connection, workspace_id, key, resource_id)
    if stored is not None:
        at = time_of_writing(connection, workspace_id, key)
        ended = [stored.version_id]
        end_versions(connection, workspace_id, ended, ChangeKind.GONE, at=at, run_id=run_id)


@dataclass(frozen=True)
class _ScopeRead:
    """A read of a scope: its workspace, when it began, and the run that reads."""

    workspace_id: str
    key: ScopeKey
    started: datetime
    run_id: str | None


def _write_read(
    connection: Connection,
    scope_read: _ScopeRead,
    read: Mapping[str, Resource],
    stored: Mapping[str, OpenVersion],
    gone: Sequence[str],
    *,
    first: bool = False,
) -> ScopeChanges:
    """Write what is new in a read, end what is gone, and return both."""
    workspace_id, key = scope_read.workspace_id, scope_read.key
    outdated = gone_since(connection, workspace_id, key, scope_read.started)
    outdated |= {name for name, one in stored.items() if one.newer}
    versions = _new_versions(read, stored, outdated)
    at = time_of_writing(connection, workspace_id, key) if versions or gone else None
    if at is not None:
        run_id = scope_read.run_id
        ended = [stored[name].version_id for name in gone]
        end_versions(connection, workspace_id, ended, ChangeKind.GONE, at=at, run_id=run_id)
        write_versions(
            connection,
            workspace_id,
            key,
            versions,
            at=at,
            observed_at=scope_read.started,
            run_id=run_id,
        )
    added = [one.resource.id for one in versions if one.previous_version_id is None]
    changed = [one.resource.id for one in versions if one.previous_version_id is not None]
    return ScopeChanges(
        added=tuple(added),
        changed=tuple(changed),
        gone=tuple(gone),
        unchanged=len(stored) - len(changed) - len(gone),
        at=at,
        first=first,
    )


def _by_id(key: ScopeKey, provider: str, resources: Sequence[Resource]) -> dict[str, Resource]:
    for one in resources:
        if one.region != key.region or one.kind is not key.kind or one.provider != provider:
            raise InvalidRequest(
                f"{one.provider} {one.kind} {one.id!r} in {one.region} is not of the scope"
                f" {provider} {key.kind} in {key.region}."
            )
    # A cloud may list one thing twice when it moves to another page meanwhile: the last counts.
    return {one.id: one for one in resources}


def _new_versions(
    read: Mapping[str, Resource], stored: Mapping[str, OpenVersion], outdated: set[str]
) -> list[NewVersion]:
    versions: list[NewVersion] = []
    for name, resource in read.items():
        seen = fingerprint(resource)
        before = stored.get(name)
        if name in outdated or (before is not None and before.fingerprint == seen):
            continue
        versions.append(NewVersion(resource, seen, before.version_id if before else None))
    return versions


def _brake(key: ScopeKey, *, gone: int, stored: int, share: float, floor: int) -> None:
    if gone > floor and gone > share * stored:
        raise BrakeEngaged(
            f"The read of {key.kind} of {key.credential} in {key.region} lacks {gone} of the"
            f" {stored} known ones, more than {share:.0%}; it was not stored.",
            hint="If they are gone indeed, sync once with mass deletion allowed.",
        )


def _open_version(
    connection: Connection, workspace_id: str, key: ScopeKey, resource_id: str
) -> OpenVersion | None:
    row = connection.execute(
        select(resource_versions.c.version_id, resource_versions.c.fingerprint).where(
            in_scope(workspace_id, key),
            resource_versions.c.resource_id == resource_id,
            resource_versions.c.valid_to.is_(None),
        )
    ).one_or_none()
    return OpenVersion(row.version_id, row.fingerprint, newer=False) if row is not None else None
