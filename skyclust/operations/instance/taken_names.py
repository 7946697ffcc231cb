"""Names of instances that a workspace has already: a second instance of one is refused.

A name is taken by an instance of the inventory that still exists, whatever its credential, and by
an open operation that creates one. An instance enters the inventory in the transaction that ends
its creation, and leaves it with the operation that deletes it or the read that no longer lists it,
so nothing lies between the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from skyclust.errors import InvalidRequest
from skyclust.model.instance import InstanceState
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import NewOperation, Operation
from skyclust.model.resource import ResourceKind
from skyclust.model.stored import StoredResource
from skyclust.operations.identifiers import operation_id
from skyclust.store import operations, resources

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MOST_NAMED: Final = 5
"""Taken names that an error describes."""


def refuse_taken_names(connection: Connection, workspace_id: str, names: Sequence[str]) -> None:
    """Raise InvalidRequest when the workspace has an instance of one of the names.

    The error says for each name what has it. In a write transaction that holds the workspace the
    answer is final; in any other it may change before the instances are created.
    """
    live = resources.find(
        connection, workspace_id, kinds=[ResourceKind.INSTANCE], names=sorted(set(names))
    )
    holders = {
        instance.name: _instance(instance)
        for instance in live
        if instance.state != InstanceState.DELETED
    }
    creating = operations.open_for(
        connection, workspace_id, kind=InstanceAction.CREATE.value, names=names
    )
    holders = {each.subject_name or "": _creation(each) for each in creating} | holders
    taken = [name for name in names if name in holders]
    if taken:
        raise InvalidRequest(
            f"Nothing was created, because workspace {workspace_id!r} has"
            f" {_counted(taken)} already: "
            + "; ".join(f"{name!r} is {holders[name]}" for name in taken[:_MOST_NAMED])
            + (f"; and {len(taken) - _MOST_NAMED} more." if len(taken) > _MOST_NAMED else "."),
            hint="Choose another name, or allow a second instance of it with --allow-duplicate"
            " (allow_duplicate in the form).",
        )


def refuse_duplicates(
    connection: Connection, workspace_id: str, added: Sequence[NewOperation]
) -> None:
    """Raise InvalidRequest when a creation, about to be journalled, is of a name that is taken.

    Creations whose request allows a duplicate pass, and so does every other kind of operation.
    """
    names = [
        new.subject_name
        for new in added
        if new.kind == InstanceAction.CREATE
        and new.subject_name
        and new.request.get("allow_duplicate") is not True
    ]
    if names:
        refuse_taken_names(connection, workspace_id, names)


def refuse_before_placement(
    connection: Connection, workspace_id: str, names: Sequence[str], *, run_id: str
) -> None:
    """Raise as `refuse_taken_names`, unless the run has journalled its creations already.

    A run that is repeated goes on with those: the names are taken by the run itself.
    """
    if not operations.is_journalled(connection, workspace_id, operation_id(run_id, 0)):
        refuse_taken_names(connection, workspace_id, names)


def _counted(taken: Sequence[str]) -> str:
    return "an instance of this name" if len(taken) == 1 else f"{len(taken)} of these names"


def _instance(instance: StoredResource) -> str:
    where = f"{instance.credential} in {instance.region}"
    return f"instance {instance.id} of {where} ({instance.state or 'state unknown'})"


def _creation(operation: Operation) -> str:
    where = f"{operation.credential} in {operation.region}"
    return f"being created by operation {operation.id} with {where} ({operation.state})"
