"""Version rows: what a resource was from one time until another.

Callers hold the lock of the scope, and its credential.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select, update

from skyclust.model.resource import ChangeKind, Resource
from skyclust.model.scope import ScopeKey
from skyclust.store.bulk import chunks, insert_rows
from skyclust.store.tables import resource_versions
from skyclust.store.types import now


@dataclass(frozen=True, slots=True)
class OpenVersion:
    """What a read is compared with; `newer`: the version was observed after the read began."""

    version_id: int
    fingerprint: str
    newer: bool


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A resource to write, and the version that it replaces, if any."""

    resource: Resource
    fingerprint: str
    previous_version_id: int | None


def open_versions(
    connection: Connection, workspace_id: str, key: ScopeKey, read_started_at: datetime
) -> dict[str, OpenVersion]:
    """Return the open version of each resource of a scope, by the resource's id."""
    # The engine compares the times: reading 20,000 of them would cost more than all else.
    rows = connection.execute(
        select(
            resource_versions.c.resource_id,
            resource_versions.c.version_id,
            resource_versions.c.fingerprint,
            resource_versions.c.observed_at > read_started_at,
        ).where(in_scope(workspace_id, key), resource_versions.c.valid_to.is_(None))
    )
    return {row[0]: OpenVersion(row[1], row[2], bool(row[3])) for row in rows}


def gone_since(
    connection: Connection, workspace_id: str, key: ScopeKey, time: datetime
) -> set[str]:
    """Return the ids of the resources of a scope that were written as gone after a time."""
    rows = connection.scalars(
        select(resource_versions.c.resource_id).where(
            in_scope(workspace_id, key),
            resource_versions.c.ended_by == ChangeKind.GONE.value,
            resource_versions.c.valid_to > time,
        )
    )
    return set(rows)


def time_of_writing(connection: Connection, workspace_id: str, key: ScopeKey) -> datetime:
    """Return the current time, or that of the scope's newest version if it is later.

    It is later where the clock of its writer is ahead of ours. The versions of a resource must
    follow each other.
    """
    newest: datetime | None = connection.scalar(
        select(func.max(resource_versions.c.valid_from)).where(
            in_scope(workspace_id, key), resource_versions.c.valid_to.is_(None)
        )
    )
    return now() if newest is None else max(now(), newest)


def write_versions(
    connection: Connection,
    workspace_id: str,
    key: ScopeKey,
    versions: Sequence[NewVersion],
    *,
    at: datetime,
    observed_at: datetime,
    run_id: str | None,
) -> None:
    """Write versions that are valid from `at` on, and end those that they replace."""
    replaced = [new.previous_version_id for new in versions if new.previous_version_id is not None]
    first_seen = _first_seen(connection, workspace_id, replaced)
    end_versions(connection, workspace_id, replaced, ChangeKind.CHANGED, at=at, run_id=run_id)
    place = {"workspace_id": workspace_id, **key.model_dump(mode="json")}
    rows = [
        place
        | _columns(new)
        | {
            "first_seen_at": first_seen.get(new.previous_version_id, at),
            "observed_at": observed_at,
            "valid_from": at,
            "run_id": run_id,
        }
        for new in versions
    ]
    insert_rows(connection, resource_versions, rows)


def end_versions(
    connection: Connection,
    workspace_id: str,
    version_ids: Sequence[int],
    ended_by: ChangeKind,
    *,
    at: datetime,
    run_id: str | None,
) -> None:
    """Write that versions were valid until `at`, and how they ended."""
    for chunk in chunks(version_ids):
        connection.execute(
            update(resource_versions)
            .where(
                resource_versions.c.workspace_id == workspace_id,
                resource_versions.c.version_id.in_(chunk),
            )
            .values(valid_to=at, ended_by=ended_by.value, ended_run_id=run_id)
        )


def in_scope(workspace_id: str, key: ScopeKey) -> ColumnElement[bool]:
    """Return the condition that a version row belongs to a scope."""
    return and_(
        resource_versions.c.workspace_id == workspace_id,
        resource_versions.c.credential == key.credential,
        resource_versions.c.region == key.region,
        resource_versions.c.kind == key.kind.value,
    )


def _first_seen(
    connection: Connection, workspace_id: str, version_ids: Sequence[int]
) -> Mapping[int | None, datetime]:
    first_seen: dict[int | None, datetime] = {}
    for chunk in chunks(version_ids):
        rows = connection.execute(
            select(resource_versions.c.version_id, resource_versions.c.first_seen_at).where(
                resource_versions.c.workspace_id == workspace_id,
                resource_versions.c.version_id.in_(chunk),
            )
        )
        first_seen |= {row.version_id: row.first_seen_at for row in rows}
    return first_seen


def _columns(version: NewVersion) -> dict[str, Any]:
    resource = version.resource
    return {
        "resource_id": resource.id,
        "provider": resource.provider,
        "name": resource.name,
        "zone": resource.zone,
        "state": resource.state,
        "native_state": resource.native_state,
        "tags": resource.tags,
        "created_at": resource.created_at,
        "attributes": resource.attributes,
        "fingerprint": version.fingerprint,
        "previous_version_id": version.previous_version_id,
    }
