"""The records of credentials: names only; the secrets are sealed in Prefect blocks."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import Connection, Row, Select, delete, insert, select, update

from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.operation import OperationState
from skyclust.model.resource import ChangeKind
from skyclust.model.workspace import CredentialRecord
from skyclust.store import workspaces
from skyclust.store.tables import credentials, operations, resource_versions, scopes
from skyclust.store.types import now

_NAMED: Final = 5
"""How many open operations the refusal to remove a credential names."""


def add(
    connection: Connection, workspace_id: str, *, name: str, provider: str, block_name: str
) -> CredentialRecord:
    """Write the record of a credential and return it.

    Raises NotFound for an unknown workspace, InvalidRequest for a name that is not a slug or
    exists already.
    """
    workspaces.hold(connection, workspace_id)
    try:
        record = CredentialRecord(
            workspace_id=workspace_id,
            name=name,
            provider=provider,
            block_name=block_name,
            created_at=now(),
        )
    except ValidationError as error:
        raise InvalidRequest(
            f"{name!r} cannot be the name of a credential.",
            hint="Use up to 40 lowercase letters and digits, with single dashes between them.",
        ) from error
    if connection.execute(_select(workspace_id, name)).one_or_none() is not None:
        raise InvalidRequest(
            f"There is a credential {name!r} in workspace {workspace_id!r} already.",
            hint="Choose another name, or remove that credential first.",
        )
    # A sealed value is accepted only once it is written here: not one that a removed credential
    # of this name has left somewhere.
    connection.execute(insert(credentials).values(**record.model_dump(), sealed=[]))
    return record


def get(connection: Connection, workspace_id: str, name: str) -> CredentialRecord:
    """Return the record of a credential; raises NotFound."""
    return _record(
        connection.execute(_select(workspace_id, name)).one_or_none(), workspace_id, name
    )


def find(connection: Connection, workspace_id: str, name: str) -> CredentialRecord | None:
    """Return the record of a credential, None if it does not exist."""
    row = connection.execute(_select(workspace_id, name)).one_or_none()
    return None if row is None else _record(row, workspace_id, name)


def hold(
    connection: Connection, workspace_id: str, name: str, *, alone: bool = False
) -> CredentialRecord:
    """Lock the record against removal until the transaction ends, and return it.

    Several transactions may hold a record at once; with `alone` only this one. Raises NotFound.
    """
    query = _select(workspace_id, name).with_for_update(read=not alone, key_share=True)
    return _record(connection.execute(query).one_or_none(), workspace_id, name)


def hold_all(
    connection: Connection, workspace_id: str, *, shared: Iterable[str], alone: Iterable[str]
) -> None:
    """Hold several records as `hold` does, in the order of their names; missing ones are skipped.

    A name that is in both is held alone: two transactions that share a record and both try to
    hold it alone later would wait for each other.
    """
    exclusive = frozenset(alone)
    for name in sorted({*shared, *exclusive}):
        with suppress(NotFound):
            hold(connection, workspace_id, name, alone=name in exclusive)


def list_all(connection: Connection, workspace_id: str) -> list[CredentialRecord]:
    """Return the records of a workspace's credentials, by name."""
    rows = connection.execute(
        select(credentials)
        .where(credentials.c.workspace_id == workspace_id)
        .order_by(credentials.c.name)
    )
    return [CredentialRecord.model_validate(dict(row._mapping)) for row in rows]


def list_unread(connection: Connection, workspace_id: str) -> list[str]:
    """Return the names of the credentials without a scope: nothing was ever read with them."""
    with_scope = select(scopes.c.credential).where(scopes.c.workspace_id == workspace_id)
    query = select(credentials.c.name).where(
        credentials.c.workspace_id == workspace_id, credentials.c.name.not_in(with_scope)
    )
    return list(connection.scalars(query.order_by(credentials.c.name)))


def set_block(
    connection: Connection, workspace_id: str, name: str, block_name: str
) -> CredentialRecord:
    """Write which block holds the secret from now on, and return the record.

    Raises NotFound.
    """
    row = connection.execute(
        update(credentials)
        .where(credentials.c.workspace_id == workspace_id, credentials.c.name == name)
        .values(block_name=block_name)
        .returning(credentials)
    ).one_or_none()
    return _record(row, workspace_id, name)


def set_verified(
    connection: Connection, workspace_id: str, name: str, account: str, principal: str
) -> CredentialRecord:
    """Write the identity that the cloud returned, and return the record; raises NotFound."""
    row = connection.execute(
        update(credentials)
        .where(credentials.c.workspace_id == workspace_id, credentials.c.name == name)
        .values(account=account, principal=principal, verified_at=now())
        .returning(credentials)
    ).one_or_none()
    return _record(row, workspace_id, name)


def remove(connection: Connection, workspace_id: str, name: str) -> None:
    """Remove the record of a credential, its scopes, and its resources.

    The history of its resources stays. Raises NotFound, and InvalidRequest while operations of
    the credential are open that a run works on, or has to.
    """
    query = _select(workspace_id, name).with_for_update()
    _record(connection.execute(query).one_or_none(), workspace_id, name)
    _refuse_open_operations(connection, workspace_id, name)
    connection.execute(
        update(resource_versions)
        .where(
            resource_versions.c.workspace_id == workspace_id,
            resource_versions.c.credential == name,
            resource_versions.c.valid_to.is_(None),
        )
        .values(valid_to=now(), ended_by=ChangeKind.GONE.value)
    )
    connection.execute(
        delete(scopes).where(scopes.c.workspace_id == workspace_id, scopes.c.credential == name)
    )
    connection.execute(
        delete(credentials).where(
            credentials.c.workspace_id == workspace_id, credentials.c.name == name
        )
    )


def _refuse_open_operations(connection: Connection, workspace_id: str, name: str) -> None:
    unfinished = [
        str(operation_id)
        for operation_id in connection.scalars(
            select(operations.c.operation_id)
            .where(
                operations.c.workspace_id == workspace_id,
                operations.c.credential == name,
                operations.c.finished_at.is_(None),
                # Operations that need attention can be abandoned without the credential.
                operations.c.state != OperationState.NEEDS_ATTENTION.value,
            )
            .order_by(operations.c.created_at, operations.c.operation_id)
        )
    ]
    if unfinished:
        first = ", ".join(unfinished[:_NAMED])
        more = f" and {len(unfinished) - _NAMED} more" if len(unfinished) > _NAMED else ""
        raise InvalidRequest(
            f"Credential {name!r} has {len(unfinished)} operations that have not ended: {first}"
            f"{more}. Without it nobody could finish or undo them.",
            hint="Wait for them, carry them on with `skyclust operation recover`, or end one with"
            " `skyclust operation abandon ID --reason ...`.",
        )


def _select(workspace_id: str, name: str) -> Select[Any]:
    return select(credentials).where(
        credentials.c.workspace_id == workspace_id, credentials.c.name == name
    )


def _record(row: Row[Any] | None, workspace_id: str, name: str) -> CredentialRecord:
    if row is None:
        raise NotFound(
            f"There is no credential {name!r} in workspace {workspace_id!r}.",
            hint="`skyclust credential list` shows those that there are.",
        )
    return CredentialRecord.model_validate(dict(row._mapping))
