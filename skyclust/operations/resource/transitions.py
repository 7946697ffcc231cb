"""The kind of operation on unused resources, as a table: what follows each position.

    delete    journalled > confirmed > requested > accepted > succeeded
              and the resource is not as it was, in use, to be kept or gone already: failed

`confirmed`: the cloud has the resource as it was when its deletion was requested, and nothing uses
it. A resource that is absent later was deleted by this operation; one that is absent before is
not reported as deleted.
"""

from __future__ import annotations

from typing import Final

from skyclust.contract import DeletionProvider
from skyclust.model.operation import Operation
from skyclust.operations.position import Position
from skyclust.operations.resource import deletion_steps as deletion
from skyclust.operations.resource.positions import ResourcePosition
from skyclust.operations.transitions import OperationKind, Step

_AGAIN: Final = Step(deletion.DELETE, Position.ACCEPTED)


def _after_cancelled_deletion(operation: Operation) -> str | None:
    """Return CANCELLED as long as nothing was requested; None carries the operation on."""
    return Position.CANCELLED if operation.step == ResourcePosition.CONFIRMED else None


DELETE: Final = OperationKind(
    "delete",
    event="deleted",
    steps={
        Position.JOURNALLED: Step(deletion.CONFIRM, ResourcePosition.CONFIRMED),
        ResourcePosition.CONFIRMED: Step(
            deletion.DELETE, Position.ACCEPTED, intent=Position.REQUESTED
        ),
        Position.REQUESTED: _AGAIN,
        Position.UNCERTAIN: _AGAIN,
        Position.ACCEPTED: Step(deletion.AWAIT_GONE, Position.SUCCEEDED),
    },
    after_cancel=_after_cancelled_deletion,
    arrival=deletion.is_ending,
    abilities=(DeletionProvider,),
)
"""A deletion, of a disk, an address or a snapshot."""
