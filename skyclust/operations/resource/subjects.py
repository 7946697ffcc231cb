"""The subjects "disk", "address" and "snapshot", as the journal knows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from skyclust.errors import InvalidRequest
from skyclust.model.operation import NewOperation, Operation, OperationState
from skyclust.model.resource import ResourceKind
from skyclust.operations.position import Position
from skyclust.operations.resource.positions import ResourcePosition
from skyclust.operations.resource.request_fields import resource_title
from skyclust.operations.resource.transitions import DELETE
from skyclust.operations.subjects import Subject
from skyclust.store import resources

if TYPE_CHECKING:
    from sqlalchemy import Connection

_NOTHING_SENT: Final = frozenset({Position.JOURNALLED, ResourcePosition.CONFIRMED})

Refusal = Callable[["Connection", str, Sequence[NewOperation]], None]


def _what_may_be_left(operation: Operation) -> str:
    """Return that the resource may be there or gone, "" when nothing was requested."""
    ended = operation.state.final and operation.state is not OperationState.ABANDONED
    if ended or operation.step in _NOTHING_SENT:
        return ""
    return f"{resource_title(operation)} of {operation.credential} may be there, or gone."


def _refuse_nothing(
    connection: Connection, workspace_id: str, added: Sequence[NewOperation]
) -> None:
    del connection, workspace_id, added


def _refuse_snapshots_of_images(
    connection: Connection, workspace_id: str, added: Sequence[NewOperation]
) -> None:
    """Raise InvalidRequest for a snapshot that an image of the inventory is made of.

    Not every cloud refuses its deletion, and without it no instance can be created of the image.
    """
    for new in added:
        images = resources.find(
            connection,
            workspace_id,
            kinds=[ResourceKind.IMAGE],
            credentials=[new.credential],
            regions=[new.region],
        )
        for image in images:
            if new.subject_id in (image.attributes.get("snapshots") or ()):
                raise InvalidRequest(
                    f"Snapshot {new.subject_id} in {new.region} was not deleted: image"
                    f" {image.name or image.id} is made of it.",
                    hint="Delete the image first, if nobody needs it.",
                )


def _subject(kind: ResourceKind, refuse: Refusal = _refuse_nothing) -> Subject:
    return Subject(
        kind=kind.value,
        operations={DELETE.name: DELETE},
        what_may_be_left=_what_may_be_left,
        resource_kind=kind,
        refuse=refuse,
    )


DISK: Final = _subject(ResourceKind.DISK)
ADDRESS: Final = _subject(ResourceKind.ADDRESS)
SNAPSHOT: Final = _subject(ResourceKind.SNAPSHOT, _refuse_snapshots_of_images)
