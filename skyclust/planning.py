"""The operations that a request asks for, with ids that a repeated run finds again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from pydantic import JsonValue

from skyclust.contract import ComputeProvider, DiskProvider, SnapshotProvider, TagProvider
from skyclust.model.change_request import ChangeRequest
from skyclust.model.operation import Operation, OperationKind
from skyclust.model.request import ProvisionRequest
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


def creations(request: ProvisionRequest, *, provider: str, run_id: str) -> list[NewOperation]:
    """Return one operation for each machine that is asked for, in the order of its names."""
    planned: list[NewOperation] = []
    for index, spec in enumerate(request.specs):
        identity = operation_id(run_id, index)
        planned.append(
            NewOperation(
                id=identity,
                kind=OperationKind.CREATE,
                credential=request.credential,
                provider=provider,
                region=spec.region,
                token=cloud_token(identity),
                request={
                    "spec": spec.model_dump(mode="json"),
                    "wait_seconds": request.wait_minutes * 60,
                },
                instance_name=spec.name,
            )
        )
    return planned


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
    region: str,
    instance_id: str,
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
        region=region,
        token=cloud_token(identity),
        request=_wanted(request, meant),
        instance_id=instance_id,
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
