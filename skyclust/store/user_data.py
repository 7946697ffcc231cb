"""The user data of operations that have not ended: found, and sealed anew."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, update

from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation, OperationState
from skyclust.model.user_data import map_user_data, user_data_of
from skyclust.store import operations
from skyclust.store.tables import operations as rows

_OPEN = [state for state in OperationState if not state.final]


def holders(connection: Connection, workspace_id: str) -> list[Operation]:
    """Return the operations that still have user data; those that wait for a person too."""
    creations = operations.list_all(
        connection, workspace_id, states=_OPEN, kinds=[InstanceAction.CREATE], limit=None
    )
    return [operation for operation in creations if user_data_of(operation.request)]


def rewrite(
    connection: Connection, workspace_id: str, operation_id: str, change: Callable[[str], str]
) -> bool:
    """Change each user data of an operation and return whether the row changed.

    An operation that has ended meanwhile is not changed; `change` is called with the present
    text. Raises NotFound.
    """
    operation = operations.hold(connection, workspace_id, operation_id)
    changed = map_user_data(operation.request, change)
    if operation.state.final or changed == operation.request:
        return False
    # No line of its history and no new epoch: the request stays the same.
    connection.execute(
        update(rows)
        .where(rows.c.workspace_id == workspace_id, rows.c.operation_id == operation_id)
        .values(request=changed)
    )
    return True
