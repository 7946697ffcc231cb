"""The operation that a request to delete a resource leads to."""

from __future__ import annotations

from skyclust.model.operation import NewOperation
from skyclust.model.resource_reference import ResourceReference
from skyclust.operations.identifiers import cloud_token, operation_id
from skyclust.operations.resource.transitions import DELETE


def plan_deletion(
    resource: ResourceReference,
    *,
    name: str,
    provider: str,
    credential: str,
    wait_minutes: float,
    run_id: str,
) -> NewOperation:
    """Return the operation that deletes one resource, unless it is another or renamed by then."""
    identity = operation_id(run_id, 0)
    return NewOperation(
        id=identity,
        subject_kind=resource.kind.value,
        kind=DELETE.name,
        credential=credential,
        provider=provider,
        region=resource.region,
        token=cloud_token(identity),
        request={"wait_seconds": wait_minutes * 60, "name": name},
        subject_id=resource.id,
        subject_unique_id=resource.identity,
        subject_name=name or resource.id,
    )
