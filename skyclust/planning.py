"""The operations that a request asks for, with ids that a repeated run finds again."""

from __future__ import annotations

from typing import Final
from uuid import UUID, uuid5

from pydantic import JsonValue

from skyclust.model.operation import Operation, OperationKind
from skyclust.model.request import ChangeRequest, ProvisionRequest
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


def change(
    request: ChangeRequest,
    *,
    provider: str,
    credential: str,
    region: str,
    instance_id: str,
    instance_name: str,
    run_id: str,
) -> NewOperation:
    """Return the operation that changes one machine."""
    identity = operation_id(run_id, 0)
    wanted: dict[str, JsonValue] = {"wait_seconds": request.wait_minutes * 60}
    if request.type is not None:
        wanted["type"] = request.type
    return NewOperation(
        id=identity,
        kind=request.action.kind,
        credential=credential,
        provider=provider,
        region=region,
        token=cloud_token(identity),
        request=wanted,
        instance_id=instance_id,
        instance_name=instance_name,
    )


def wait_seconds(operation: Operation) -> float:
    """Return how long each wait of an operation may last, in seconds."""
    wanted = operation.request.get("wait_seconds")
    return float(wanted) if isinstance(wanted, (int, float)) else DEFAULT_WAIT_SECONDS
