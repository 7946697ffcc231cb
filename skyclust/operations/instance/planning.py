"""The operations on instances that a request leads to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue, TypeAdapter

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
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import NewOperation, Operation, OperationState
from skyclust.model.provision_request import ProvisionRequest
from skyclust.operations.identifiers import cloud_token, operation_id, successor_id
from skyclust.operations.instance.request_fields import DEFAULT_WAIT_SECONDS
from skyclust.operations.instance.transitions import OPERATION_KINDS

SUBJECT_KIND: Final = "instance"

_NO_CAPACITY: Final = (CapacityExhausted, QuotaExceeded)

_REFUSED_HERE: Final = (
    AuthenticationFailed,
    PermissionDenied,
    ConfigurationError,
    InvalidRequest,
    NotFound,
    Unsupported,
)
"""Why a place refused before it created anything: its credential, or what the place lacks, such
as a default network, the image, the type, the key. A refusal does not say whether every other
place would refuse too, and one more that does costs a call."""

_FALLBACKS: Final = TypeAdapter(list[dict[str, JsonValue]])


@dataclass(frozen=True)
class Attempt:
    """One way to create an instance: the credential and the exact spec, but for the name."""

    credential: str
    provider: str
    spec: SealedInstanceSpec


def plan_creations(
    request: ProvisionRequest, attempts: Sequence[Attempt], *, run_id: str
) -> list[NewOperation]:
    """Return one operation for each requested instance, in the order of their names.

    Each creates the instance by the first attempt, and carries the others for `next_attempts`.
    """
    wait: dict[str, JsonValue] = {"wait_seconds": request.wait_minutes * 60}
    if request.allow_duplicate:
        wait["allow_duplicate"] = True
    return [
        _creation(
            operation_id(run_id, index),
            [
                {
                    "credential": attempt.credential,
                    "provider": attempt.provider,
                    "spec": attempt.spec.model_copy(update={"name": name}).model_dump(mode="json"),
                }
                for attempt in attempts
            ],
            wait,
        )
        for index, name in enumerate(request.names)
    ]


def next_attempts(ended: Operation) -> Iterator[NewOperation]:
    """Yield the operations of which one may create an instance that this one could not create:
    the first whose credential still exists.

    Nothing for an operation that was cancelled, and for one that ended otherwise than
    for lack of capacity or quota, or by a refusal that created nothing. All have one id, that of
    the operation's successor, so that two places never create the instance at once.
    """
    if ended.kind != InstanceAction.CREATE or ended.cancelled or not _may_work_elsewhere(ended):
        return
    left = ended.request.get("fallbacks")
    wait = {"wait_seconds": ended.request.get("wait_seconds", DEFAULT_WAIT_SECONDS)}
    for number in range(len(left) if isinstance(left, list) else 0):
        fallbacks = _FALLBACKS.validate_python(left)[number:]
        yield _creation(successor_id(ended.id), fallbacks, wait, requested_by=ended.requested_by)


def plan_change(
    request: ChangeRequest,
    *,
    provider: str,
    credential: str,
    instance: InstanceReference,
    instance_name: str,
    run_id: str,
    snapshot_id: str | None = None,
    disk_id: str | None = None,
) -> NewOperation:
    """Return the operation that changes one instance.

    `snapshot_id` and `disk_id` are the ids of the snapshot and of the disk that the request
    names.
    """
    identity = operation_id(run_id, 0)
    fields: dict[str, JsonValue] = {
        "type": request.type,
        "power_off_only": request.power_off_only,
        "snapshot": request.snapshot,
        "snapshot_id": snapshot_id,
        "disk": request.disk,
        "disk_id": disk_id,
        "tags": dict(request.tags),
        "removed_tags": list(request.removed_tags),
    }
    wait: dict[str, JsonValue] = {"wait_seconds": request.wait_minutes * 60}
    return NewOperation(
        id=identity,
        subject_kind=SUBJECT_KIND,
        kind=request.action.value,
        credential=credential,
        provider=provider,
        region=instance.region,
        token=cloud_token(identity),
        # The journal keeps what the steps need, and nothing else.
        request=wait | {name: value for name, value in fields.items() if value},
        subject_id=instance.id,
        subject_unique_id=instance.unique_id,
        subject_name=instance_name,
    )


def needed_abilities(action: InstanceAction) -> tuple[type[object], ...]:
    """Return the abilities of the contract that an action on an instance uses."""
    return OPERATION_KINDS[action].abilities


def _may_work_elsewhere(ended: Operation) -> bool:
    """Return whether an operation ended for a reason that another place need not share."""
    reason = class_named(ended.error_class) or InternalError
    if ended.state is OperationState.ROLLED_BACK:
        return issubclass(reason, _NO_CAPACITY)
    return ended.state is OperationState.FAILED and issubclass(reason, _NO_CAPACITY + _REFUSED_HERE)


def _creation(
    identity: str,
    attempts: Sequence[dict[str, JsonValue]],
    wait: Mapping[str, JsonValue],
    *,
    requested_by: str = "",
) -> NewOperation:
    first, *others = attempts
    # An earlier version has journalled fallbacks with user data in plain text.
    spec = BaseInstanceSpec.model_validate(first["spec"])
    return NewOperation(
        id=identity,
        subject_kind=SUBJECT_KIND,
        kind=InstanceAction.CREATE.value,
        credential=str(first["credential"]),
        provider=str(first["provider"]),
        region=spec.region,
        token=cloud_token(identity),
        request={
            "spec": spec.model_dump(mode="json"),
            **wait,
            **({"fallbacks": [*others]} if others else {}),
        },
        requested_by=requested_by,
        subject_name=spec.name,
    )
