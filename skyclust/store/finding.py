"""Asking the inventory what is there, or was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypedDict, Unpack

from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    collate,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
)

from skyclust.model.resource import ResourceKind
from skyclust.model.short_id import means
from skyclust.model.stored import StoredResource
from skyclust.store.id_beginnings import begins_with
from skyclust.store.retention import refusal
from skyclust.store.tables import credentials as credential_rows
from skyclust.store.tables import resource_versions, scopes
from skyclust.store.types import jsonb, require_aware

_STORED: Final = TypeAdapter(list[StoredResource])


class Filters(TypedDict, total=False):
    """What resources must match; None and what is empty match all."""

    kinds: Sequence[ResourceKind] | None
    providers: Sequence[str] | None
    credentials: Sequence[str] | None
    regions: Sequence[str] | None
    states: Sequence[str] | None
    names: Sequence[str] | None
    ids: Sequence[str] | None
    tags: Mapping[str, str] | None
    as_of: datetime | None


def find(
    connection: Connection,
    workspace_id: str,
    *,
    short_id: str | None = None,
    after: Sequence[str] | None = None,
    limit: int | None = None,
    **filters: Unpack[Filters],
) -> list[StoredResource]:
    """Return resources by credential, region, kind, name and id.

    A resource must match every filter; a filter that is None or empty matches all. `tags` must
    all be there with these values. With `as_of`: the resources at that time, as far as they were
    known then. `short_id` matches the resources whose id it means (`model.short_id`). At most
    `limit` of them, and those after the resource with the five sort keys `after`. Raises
    InvalidRequest for a time without timezone, and for one whose versions were pruned.
    """
    conditions = _conditions(connection, workspace_id, **filters)
    if short_id is not None:
        conditions.append(_may_mean(connection, short_id))
    keys = _sort_keys(connection)
    if after is not None:
        conditions.append(tuple_(*keys) > tuple_(*map(literal, after)))
    order = keys if limit is not None else ()
    rows = _rows(
        connection, conditions, past=filters.get("as_of") is not None, order=order, limit=limit
    )
    resources = _STORED.validate_python(rows)
    if short_id is not None:
        resources = [each for each in resources if means(short_id, each.id)]
    # Sorted here, because a whole list is sorted faster so than by the database.
    return sorted(
        resources,
        key=lambda each: (each.credential, each.region, each.kind, each.name, each.id),
    )


def count(connection: Connection, workspace_id: str, **filters: Unpack[Filters]) -> int:
    """Return how many resources `find` would return with these filters; it raises the same."""
    conditions = _conditions(connection, workspace_id, **filters)
    query = select(func.count()).select_from(resource_versions).where(*conditions)
    return connection.scalar(query) or 0


def _conditions(
    connection: Connection,
    workspace_id: str,
    *,
    kinds: Sequence[ResourceKind] | None = None,
    providers: Sequence[str] | None = None,
    credentials: Sequence[str] | None = None,
    regions: Sequence[str] | None = None,
    states: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    tags: Mapping[str, str] | None = None,
    as_of: datetime | None = None,
) -> list[ColumnElement[bool]]:
    versions = resource_versions.c
    time = require_aware(as_of, "as_of") if as_of is not None else None
    if time is not None and (error := refusal(connection, workspace_id, time)):
        raise error
    conditions: list[ColumnElement[bool]] = [
        versions.workspace_id == workspace_id,
        _valid_at(time),
    ]
    wanted: list[tuple[ColumnElement[Any], Sequence[str] | None]] = [
        (versions.kind, kinds),
        (versions.provider, providers),
        (versions.credential, credentials),
        (versions.region, regions),
        (versions.state, states),
        (versions.name, names),
        (versions.resource_id, ids),
    ]
    conditions += [column.in_([str(one) for one in some]) for column, some in wanted if some]
    if tags:
        conditions.append(_has_tags(connection, tags))
    return conditions


def _may_mean(connection: Connection, given: str) -> ColumnElement[bool]:
    """Return the condition of ids that a text may mean; `means` decides between them."""
    column = resource_versions.c.resource_id
    last = given.rpartition("/")[2]
    ending = column.endswith(f"/{last}", autoescape=True)
    before_a_number = column.contains(f"/{last}/", autoescape=True)
    return or_(begins_with(connection, column, given), ending, before_a_number)


def count_instances(connection: Connection, workspace_id: str) -> Counter[tuple[str, str]]:
    """Return how many instances there are now, by provider and state.

    One that several credentials of the same account show is counted once.
    """
    versions = resource_versions.c
    same_credential = and_(
        credential_rows.c.workspace_id == versions.workspace_id,
        credential_rows.c.name == versions.credential,
    )
    account = func.coalesce(credential_rows.c.account, versions.credential)
    rows = connection.execute(
        select(versions.provider, versions.state, account, versions.region, versions.resource_id)
        .distinct()
        .select_from(resource_versions.outerjoin(credential_rows, same_credential))
        .where(
            versions.workspace_id == workspace_id,
            versions.kind == ResourceKind.INSTANCE.value,
            _valid_at(None),
        )
    )
    return Counter((row.provider, row.state or "unknown") for row in rows)


def _sort_keys(connection: Connection) -> list[ColumnElement[str]]:
    """Return the columns that resources are sorted by, compared by code point.

    Without that the order of text depends on how a PostgreSQL database was created.
    """
    collation = "C" if connection.dialect.name == "postgresql" else "BINARY"
    versions = resource_versions.c
    columns = (
        versions.credential,
        versions.region,
        versions.kind,
        versions.name,
        versions.resource_id,
    )
    return [collate(column, collation) for column in columns]


def _valid_at(moment: datetime | None) -> ColumnElement[bool]:
    versions = resource_versions.c
    if moment is None:
        return versions.valid_to.is_(None)
    return and_(
        versions.valid_from <= moment, or_(versions.valid_to.is_(None), versions.valid_to > moment)
    )


def _has_tags(connection: Connection, tags: Mapping[str, str]) -> ColumnElement[bool]:
    column = resource_versions.c.tags
    if connection.dialect.name == "postgresql":
        matching: ColumnElement[bool] = type_coerce(column, jsonb()).contains(dict(tags))
        return matching
    # A path into the document would have to quote the name; a table of its pairs need not.
    conditions = []
    for name, value in tags.items():
        pair = func.json_each(column).table_valued("key", "value")
        conditions.append(
            exists(select(1).select_from(pair).where(pair.c.key == name, pair.c.value == value))
        )
    return and_(*conditions)


def _rows(
    connection: Connection,
    conditions: Sequence[ColumnElement[bool]],
    *,
    past: bool,
    order: Sequence[ColumnElement[str]],
    limit: int | None,
) -> list[dict[str, Any]]:
    versions = resource_versions.c
    its_scope = and_(
        scopes.c.workspace_id == versions.workspace_id,
        scopes.c.credential == versions.credential,
        scopes.c.region == versions.region,
        scopes.c.kind == versions.kind,
    )
    query = (
        select(
            versions.workspace_id,
            versions.credential,
            versions.provider,
            versions.region,
            versions.kind,
            versions.resource_id.label("id"),
            versions.name,
            versions.zone,
            versions.state,
            versions.native_state,
            versions.tags,
            versions.created_at,
            versions.attributes,
            versions.first_seen_at,
            versions.observed_at,
            scopes.c.state.label("scope_state"),
            scopes.c.read_started_at,
        )
        .select_from(resource_versions.outerjoin(scopes, its_scope))
        .where(*conditions)
        .order_by(*order)
        .limit(limit)
    )
    result = connection.execute(query)
    names = list(result.keys())
    rows = [dict(zip(names, row, strict=True)) for row in result]
    for row in rows:
        read_started_at = row.pop("read_started_at")
        if past:
            row["scope_state"] = None
        elif read_started_at is not None:
            # An unchanged resource is not written: that its scope was read tells it was seen.
            row["observed_at"] = max(row["observed_at"], read_started_at)
    return rows
