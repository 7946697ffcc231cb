"""What operations show in the Prefect UI: a row each, and a page a subject. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Sequence

from pydantic import JsonValue

from skyclust.model.operation import Operation, OperationState
from skyclust.model.resource import Resource
from skyclust.orchestration.artifacts import MOST_ROWS, Row, escaped


def operation_rows(operations: Sequence[Operation]) -> list[Row]:
    """Return a row for each operation; one that succeeded has no error, whatever came before."""
    rows: list[Row] = []
    for operation in operations[:MOST_ROWS]:
        succeeded = operation.state is OperationState.SUCCEEDED
        rows.append(
            {
                "subject": operation.subject_kind,
                "name": operation.subject_name or "",
                "id": operation.subject_id,
                "action": operation.kind,
                "credential": operation.credential,
                "region": operation.region,
                "state": operation.state.value,
                "step": operation.step,
                "error": "" if succeeded else operation.error or "",
                "error class": "" if succeeded else operation.error_class or "",
                "operation": operation.id,
            }
        )
    return rows


def subject_text(operation: Operation, subject: Resource | None, run_url: str) -> str:
    """Return a subject's page in Markdown: what it is, where, and which run changed it."""
    facts: dict[str, str] = {
        "Id": operation.subject_id or "",
        "Credential": operation.credential,
        "Provider": operation.provider,
        "Region": operation.region,
    }
    if subject is not None:
        facts |= {
            "Zone": subject.zone or "",
            "State": f"{subject.state} ({subject.native_state})",
            "Tags": ", ".join(f"{key}={value}" for key, value in sorted(subject.tags.items())),
        }
        facts |= {
            name.replace("_", " ").capitalize(): _value(value)
            for name, value in sorted(subject.attributes.items())
        }
    facts["Operation"] = f"{operation.kind} {operation.id}: {operation.state.value}"
    lines = [
        f"# {escaped(operation.subject_name or operation.subject_id or operation.subject_kind)}",
        "",
    ]
    lines += ["| | |", "| --- | --- |"]
    lines += [f"| {escaped(name)} | {escaped(value)} |" for name, value in facts.items() if value]
    if operation.error and operation.state is not OperationState.SUCCEEDED:
        lines += ["", f"**{operation.error_class}**: {escaped(operation.error)}"]
    lines += ["", f"[The flow run]({run_url})"]
    return "\n".join(lines)


def _value(value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)
