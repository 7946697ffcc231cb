"""The lines about operations in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import JsonValue

from skyclust.model.operation import Operation
from skyclust.store import audit

if TYPE_CHECKING:
    from sqlalchemy import Connection


def audit_operation(
    connection: Connection,
    operation: Operation,
    outcome: str,
    *,
    actor: str,
    **detail: JsonValue,
) -> None:
    """Append what happened to an operation, and by whom: `instance.resize.succeeded`.

    The audit trail is locked last, so this is the last write of a transaction.
    """
    audit.append(
        connection,
        operation.workspace_id,
        actor=actor,
        action=f"{operation.subject_kind}.{operation.kind}.{outcome}",
        object=f"operation/{operation.id}",
        detail={
            "credential": operation.credential,
            "region": operation.region,
            "subject_kind": operation.subject_kind,
            "subject_id": operation.subject_id,
            "subject_name": operation.subject_name,
            "requested_by": operation.requested_by,
            "error": operation.error,
            **detail,
        },
    )
