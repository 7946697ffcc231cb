"""The ids and tokens of operations, which a repeated run makes again."""

from __future__ import annotations

from uuid import UUID, uuid5


def operation_id(run_id: str, index: int) -> str:
    """Return the id of a flow run's operation number `index`; the same for the same arguments."""
    return str(uuid5(UUID(run_id), f"operation-{index}"))


def successor_id(operation: str) -> str:
    """Return the id of the operation that follows one with this id in another place."""
    return str(uuid5(UUID(operation), "successor"))


def cloud_token(operation: str) -> str:
    """Return the idempotency token that the cloud gets for an operation with this id.

    36 characters of [0-9a-f-], which every cloud accepts: EC2 allows 64 ASCII characters
    ("Ensuring idempotency in Amazon EC2 API requests").
    """
    return str(uuid5(UUID(operation), "token"))
