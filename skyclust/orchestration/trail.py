"""The audit trail's lines about operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import JsonValue

from skyclust import audit
from skyclust.model.operation import Operation
from skyclust.orchestration.actor import current_actor

if TYPE_CHECKING:
    from sqlalchemy import Connection


def audit_operation(
    connection: Connection, operation: Operation, outcome: str, **detail: JsonValue
) -> None:
    """Write what became of an operation, and by whom; best the last thing of a transaction."""
    audit.append(
        connection,
        operation.workspace_id,
        actor=current_actor(),
        action=f"instance.{operation.kind}.{outcome}",
        object=f"operation/{operation.id}",
        detail={
            "credential": operation.credential,
            "region": operation.region,
            "instance_id": operation.instance_id,
            "instance_name": operation.instance_name,
            "error": operation.error,
            **detail,
        },
    )
