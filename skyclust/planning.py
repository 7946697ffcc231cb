"""The operations that a request asks for, with ids that a repeated run finds again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from pydantic import JsonValue, TypeAdapter

from skyclust.contract import ComputeProvider, DiskProvider, SnapshotProvider, TagProvider
from skyclust.errors import (
    AuthenticationFailed,
    CapacityExhausted,
    ConfigurationError,
    InternalError,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    QuotaExceeded,
    Unsupported,
    class_named,
)
from skyclust.model.change_request import ChangeRequest
from skyclust.model.instance import BaseInstanceSpec, InstanceReference, SealedInstanceSpec
from skyclust.model.operation import Operation, OperationKind, OperationState
from skyclust.model.provision_request import ProvisionRequest
from skyclust.store.operations import NewOperation

DEFAULT_WAIT_SECONDS: Final = 900.0
"""Of an operation whose request names no wait."""


def operation_id(run_id: str, index: int) -> str:
    """Return the id of a flow run's operation number `index`: the same whenever it is asked."""
    return str(uuid5(UUID(run_id), f"operation-{index}"))


def cloud_token(operation: str) -> str:
    """Return the idempotency token that the cloud is given for an operation.

    36 characters of [0-9a-f-], which every cloud takes: EC2 allows 64 ASCII characters
    ("Ensuring idempotency in Amazon EC2 API requests").
    """
    return str(uuid5(UUID(operation), "token"))


@dataclass(frozen=True)
class Attempt:
    """One way to make a machine: with this credential, exactly so. Its name is put in later."""

    credential: str
    provider: str
    spec: SealedInstanceSpec


def creations(
    request: ProvisionRequest, attempts: Sequence[Attempt], *, run_id: str
) -> list[NewOperation]:
    """Return one operation for each machine that is asked for, in the order of its names.

    Each makes the first attempt, and carries the others along for `next_attempts`.
    """
    wait: dict[str, JsonValue] = {"wait_seconds": request.wait_minutes * 60}
    return [
        _creation(
            operation_id(run_id, index),
            [
                {
                    "credential": one.credential,
                    "provider": one.provider,
                    "spec": one.spec.model_copy(update={"name": name}).model_dump(mode="json"),
                }
                for one in attempts
            ],
            wait,
        )
        for index, name in enumerate(request.names)
    ]


def next_attempts(ended: Operation) -> Iterator[NewOperation]:
    """Yield what may be tried for a machine that could not be made: one of these, the first
    whose credential still exists.

    Nothing for an operation that was cancelled, and for one that ended in any other way than
    for want of room or quota, or by a refusal that made nothing. All have one id, that of the
    operation's successor, so a machine is never tried twice at once.
    """
    if ended.kind is not OperationKind.CREATE or ended.cancelled or not _ends_this_place(ended):
        return
    left = ended.request.get("fallbacks")
    wait = {"wait_seconds": ended.request.get("wait_seconds", DEFAULT_WAIT_SECONDS)}
    for number in range(len(left) if isinstance(left, list) else 0):
        yield _creation(successor_id(ended.id), _FALLBACKS.validate_python(left)[number:], wait)


def _ends_this_place(ended: Operation) -> bool:
    """Return whether an operation ended for a reason that another place need not share."""
    reason = class_named(ended.error_class) or InternalError
    if ended.state is OperationState.UNDONE:
        return issubclass(reason, _NO_ROOM)
    return ended.state is OperationState.FAILED and issubclass(reason, _NO_ROOM + _REFUSED_HERE)


def successor_id(operation: str) -> str:
    """Return the id of the operation that tries what this one could not do in another place."""
    return str(uuid5(UUID(operation), "successor"))


def _creation(
    identity: str, attempts: Sequence[dict[str, JsonValue]], wait: Mapping[str, JsonValue]
) -> NewOperation:
    first, *others = attempts
    # An earlier version has journalled places to fall back on with user data in the clear.
    spec = BaseInstanceSpec.model_validate(first["spec"])
    return NewOperation(
        id=identity,
        kind=OperationKind.CREATE,
        credential=str(first["credential"]),
        provider=str(first["provider"]),
        region=spec.region,
        token=cloud_token(identity),
        request={
            "spec": spec.model_dump(mode="json"),
            **wait,
            **({"fallbacks": [*others]} if others else {}),
        },
        instance_name=spec.name,
    )


_NO_ROOM: Final = (CapacityExhausted, QuotaExceeded)
"""Why a machine could not be made here though the place took the request, perhaps at first."""

_REFUSED_HERE: Final = (
    AuthenticationFailed,
    PermissionDenied,
    ConfigurationError,
    InvalidRequest,
    NotFound,
    Unsupported,
)
"""Why a place refused before it made anything: its account, or what the place does not have, such
as a default network, the image, the type, the key. Nobody can tell from a refusal that every
other place would refuse too, and one more that does costs a call."""

_FALLBACKS: Final = TypeAdapter(list[dict[str, JsonValue]])


@dataclass(frozen=True)
class Meant:
    """What a request's words were found to mean at the cloud: a snapshot's id, a disk's id."""

    snapshot_id: str | None = None
    disk_id: str | None = None


NOTHING: Final = Meant()


def change(
    request: ChangeRequest,
    *,
    provider: str,
    credential: str,
    instance: InstanceReference,
    instance_name: str,
    run_id: str,
    meant: Meant = NOTHING,
) -> NewOperation:
    """Return the operation that changes one machine."""
    identity = operation_id(run_id, 0)
    return NewOperation(
        id=identity,
        kind=request.action.kind,
        credential=credential,
        provider=provider,
        region=instance.region,
        token=cloud_token(identity),
        request=_wanted(request, meant),
        instance_id=instance.id,
        instance_unique_id=instance.unique_id,
        instance_name=instance_name,
    )


def _wanted(request: ChangeRequest, meant: Meant) -> dict[str, JsonValue]:
    """Return what the journal keeps of a request: what its steps need, and nothing else."""
    given: dict[str, JsonValue] = {
        "type": request.type,
        "power_off_only": request.power_off_only,
        "snapshot": request.snapshot,
        "snapshot_id": meant.snapshot_id,
        "disk": request.disk,
        "disk_id": meant.disk_id,
        "tags": dict(request.tags),
        "removed_tags": list(request.removed_tags),
    }
    wanted: dict[str, JsonValue] = {"wait_seconds": request.wait_minutes * 60}
    return wanted | {name: value for name, value in given.items() if value}


def needed_abilities(kind: OperationKind) -> tuple[type[object], ...]:
    """Return the abilities of the contract that an operation of this kind makes use of."""
    return (ComputeProvider, *_BESIDE_COMPUTE.get(kind, ()))


_BESIDE_COMPUTE: Final[dict[OperationKind, tuple[type[object], ...]]] = {
    OperationKind.SNAPSHOT: (SnapshotProvider,),
    OperationKind.RESTORE: (SnapshotProvider,),
    OperationKind.DELETE_SNAPSHOT: (SnapshotProvider,),
    OperationKind.ATTACH_DISK: (DiskProvider,),
    OperationKind.DETACH_DISK: (DiskProvider,),
    OperationKind.SET_TAGS: (TagProvider,),
}


def wait_seconds(operation: Operation) -> float:
    """Return how long each wait of an operation may last, in seconds."""
    wanted = operation.request.get("wait_seconds")
    return float(wanted) if isinstance(wanted, (int, float)) else DEFAULT_WAIT_SECONDS
