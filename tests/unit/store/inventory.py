"""Instances and scopes for tests of the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from skyclust.model.change import ScopeChanges
from skyclust.model.resource import Resource, ResourceKind
from skyclust.model.scope import ScopeKey
from skyclust.store import credentials, resources, workspaces
from skyclust.store.all_tables import metadata
from skyclust.store.engine import Store

REGION = "eu-central-1"
KEY = ScopeKey(credential="prod", region=REGION, kind=ResourceKind.INSTANCE)
CREATED = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def machine(name: str, /, **changed: Any) -> Resource:
    """Return an instance with this name and the id `i-NAME`."""
    fields: dict[str, Any] = {
        "provider": "aws",
        "region": REGION,
        "kind": ResourceKind.INSTANCE,
        "id": f"i-{name}",
        "name": name,
        "zone": f"{REGION}a",
        "state": "running",
        "native_state": "running",
        "tags": {"env": "prod", "Name": name},
        "created_at": CREATED,
        "attributes": {"type": "t3.small", "private_addresses": ["10.0.0.1"], "cores": 2},
    }
    return Resource.model_validate(fields | changed)


def machines(number: int) -> list[Resource]:
    return [machine(f"m{index:05}") for index in range(number)]


def add_credential(
    connection: Connection, workspace_id: str = "default", name: str = "prod"
) -> None:
    credentials.add(
        connection, workspace_id, name=name, provider="aws", block_name=f"{workspace_id}--{name}"
    )


def prepare(store: Store, *others: str) -> Store:
    """Create other workspaces, and in each and in `default` a credential `prod`."""
    with store.writing() as connection:
        for other in others:
            workspaces.add(connection, other)
    for workspace_id in ("default", *others):
        with store.writing() as connection:
            add_credential(connection, workspace_id)
    return store


def sync(
    store: Store,
    read: Sequence[Resource],
    *,
    started: datetime | None = None,
    key: ScopeKey = KEY,
    workspace_id: str = "default",
    run_id: str | None = "run",
    **brake: Any,
) -> ScopeChanges:
    """Store a complete read that began now or at `started`, in a unit of work of its own."""
    with store.writing() as connection:
        return resources.replace_scope(
            connection,
            workspace_id,
            key,
            "aws",
            read,
            read_started_at=started or datetime.now(UTC),
            run_id=run_id,
            **brake,
        )


def names(store: Store, workspace_id: str = "default", **filters: Any) -> list[str]:
    """Return the names of the resources that match the filters."""
    with store.reading() as connection:
        return [one.name for one in resources.find(connection, workspace_id, **filters)]


def ago(seconds: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=seconds)


def everything(connection: Connection, workspace_id: str) -> dict[str, Sequence[Any]]:
    """Return every row that a workspace has, table by table."""
    return {
        table.name: connection.execute(
            select(table)
            .where(table.c.workspace_id == workspace_id)
            .order_by(*table.primary_key.columns)
        ).all()
        for table in metadata.sorted_tables
    }
