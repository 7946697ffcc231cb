"""What operations show in the Prefect UI: a row each, and a page a subject. Pure functions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation, OperationState
from skyclust.model.resource import Resource
from skyclust.orchestration.artifacts import MOST_ARTIFACT_ROWS, Row, escaped
from skyclust.orchestration.long_ids import with_short_ids

_NOTHING_LEFT: Final = frozenset(
    {OperationState.FAILED, OperationState.ROLLED_BACK, OperationState.CANCELLED}
)
"""The states of a creation after which there is no instance."""


def operation_rows(operations: Sequence[Operation]) -> list[Row]:
    """Return a row for each operation; one that succeeded has no error, whatever came before.

    What was done to what and why it failed are in the first columns, ids in the last.
    """
    rows: list[Row] = [
        {
            "name": operation.subject_name or "",
            "action": operation.kind,
            "state": operation.state.value,
            "error": _reason(operation),
            "credential": operation.credential,
            "region": operation.region,
            "step": operation.step,
            "error class": (operation.error_class or "") if _reason(operation) else "",
            "subject": operation.subject_kind,
            "id": operation.subject_id,
            "operation": operation.id,
        }
        for operation in operations[:MOST_ARTIFACT_ROWS]
    ]
    return with_short_ids(rows)


def has_page(operation: Operation) -> bool:
    """Return whether the subject of an operation gets a page: not one that never came to be."""
    if operation.kind == InstanceAction.CREATE and operation.state in _NOTHING_LEFT:
        return False
    return operation.subject_id is not None


def subject_text(
    operation: Operation, subject: Resource | None, *, run_name: str, run_url: str
) -> str:
    """Return a subject's page in Markdown: what was done to it and why not, then what it is."""
    lines = [
        f"# {escaped(operation.subject_name or operation.subject_id or operation.subject_kind)}",
        "",
        f"**{escaped(operation.kind)}: {operation.state.value}**,"
        f" by the flow run [{escaped(run_name)}]({run_url})",
    ]
    if reason := _reason(operation):
        kind = f"**{escaped(operation.error_class)}**: " if operation.error_class else ""
        lines += ["", kind + escaped(reason)]
    lines += ["", "| | |", "| --- | --- |"]
    lines += [
        f"| {escaped(name)} | {escaped(value)} |"
        for name, value in _facts(operation, subject).items()
        if value
    ]
    return "\n".join(lines)


def _facts(operation: Operation, subject: Resource | None) -> dict[str, str]:
    facts: dict[str, str] = {}
    if subject is not None:
        native = f" ({subject.native_state})" if subject.native_state else ""
        facts["State"] = f"{subject.state}{native}"
    facts |= {
        "Credential": operation.credential,
        "Provider": operation.provider,
        "Region": operation.region,
    }
    if subject is not None:
        facts |= {
            "Zone": subject.zone or "",
            "Tags": ", ".join(f"{key}={value}" for key, value in sorted(subject.tags.items())),
        }
        facts |= {
            name.replace("_", " ").capitalize(): _value(value)
            for name, value in sorted(subject.attributes.items())
        }
    return facts | {"Id": operation.subject_id or "", "Operation": operation.id}


def _reason(operation: Operation) -> str:
    return "" if operation.state is OperationState.SUCCEEDED else operation.error or ""


def _value(value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)
