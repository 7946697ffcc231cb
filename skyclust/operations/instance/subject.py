"""The subject "instance", as the journal knows it."""

from __future__ import annotations

from typing import Final

from skyclust.model.resource import ResourceKind
from skyclust.operations.instance.leftovers import what_may_be_left
from skyclust.operations.instance.planning import next_attempts
from skyclust.operations.instance.positions import InstancePosition
from skyclust.operations.instance.taken_names import refuse_duplicates
from skyclust.operations.instance.transitions import OPERATION_KINDS
from skyclust.operations.subjects import Subject

INSTANCE: Final = Subject(
    kind="instance",
    operations=OPERATION_KINDS,
    what_may_be_left=what_may_be_left,
    resource_kind=ResourceKind.INSTANCE,
    removed_at=frozenset({InstancePosition.GONE, InstancePosition.REMOVED}),
    event_fields=("snapshot", "snapshot_id", "disk_id"),
    successors=next_attempts,
    refuse=refuse_duplicates,
)
