"""What people look at in the Prefect UI: tables, summaries, pages of subjects, and progress.

The `*_rows` and `*_text` functions are pure; the `show_*` functions write an artifact of the
flow run that they are called in. Tables are bounded: an artifact is for reading, the
inventory is for searching.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from pydantic import JsonValue

from skyclust.model.change import Change
from skyclust.model.operation import Operation, OperationState
from skyclust.model.placement import Ranked
from skyclust.model.resource import Resource
from skyclust.model.scope import Scope, ScopeState

MOST_ROWS: Final = 500
"""Rows of one table; its description says how many are left out."""

PROGRESS_POINTS: Final = 10.0
"""Points of a hundred between two moves of a progress bar: Prefect keeps an event of each."""

FULL: Final = 100.0

_LEFT_OUT: Final = re.compile(r"; (\d+) more are left out$")

Row = dict[str, str | int | None]

# What needs a look comes first.
_URGENCY: Final = {
    ScopeState.FAILED: 0,
    ScopeState.STALE: 1,
    ScopeState.UNSUPPORTED: 2,
    ScopeState.FRESH: 3,
}

_TROUBLED: Final = frozenset({ScopeState.FAILED.value, ScopeState.STALE.value})


def artifact_key(*parts: str) -> str:
    """Return a key of an artifact: lowercase letters, digits and dashes only."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


def scope_rows(scopes: Sequence[Scope]) -> list[Row]:
    """Return a row for each scope, those with trouble first."""
    ordered = sorted(
        scopes,
        key=lambda scope: (_URGENCY[scope.state], *_place(scope)),
    )
    return [
        {
            "credential": scope.key.credential,
            "region": scope.key.region,
            "kind": scope.key.kind.value,
            "state": scope.state.value,
            "resources": scope.resources,
            "complete as of": _when(scope.completed_at),
            "reason": scope.error or "",
            "error class": scope.error_class or "",
        }
        for scope in ordered[:MOST_ROWS]
    ]


def change_rows(changes: Sequence[Change]) -> list[Row]:
    """Return a row for each change of a resource."""
    return [
        {
            "change": change.kind.value,
            "kind": change.resource.kind.value,
            "name": change.resource.name,
            "id": change.resource.id,
            "credential": change.credential,
            "region": change.resource.region,
            "state": change.resource.state,
            "changed": ", ".join(sorted(change.after)),
        }
        for change in changes[:MOST_ROWS]
    ]


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


def placement_rows(ranking: Sequence[Ranked]) -> list[Row]:
    """Return a row for each place of a ranking, in its order, with the reason."""
    return [
        {
            "order": number if ranked.spec else None,
            "standing": ranked.standing.value,
            "credential": ranked.place.credential,
            "provider": ranked.provider,
            "region": ranked.region,
            "zone": ranked.place.zone or "",
            "type": ranked.spec.type if ranked.spec else "",
            "cores": ranked.cores,
            "memory GiB": f"{ranked.memory_gib:g}" if ranked.memory_gib else "",
            "image": ranked.image_name or "",
            "reason": ranked.reason,
        }
        for number, ranked in enumerate(ranking[:MOST_ROWS], start=1)
    ]


def sync_text(
    workspace_id: str,
    scopes: Sequence[Scope],
    problems: Mapping[str, str],
    counts: Mapping[str, int],
) -> str:
    """Return the summary of a sync in Markdown.

    `problems` are the credentials whose regions could not be discovered, and why.
    """
    troubled = [row for row in scope_rows(scopes) if row["state"] in _TROUBLED]
    unlisted = sum(scope.state.value in _TROUBLED for scope in scopes) - len(troubled)
    lines = [
        f"# Inventory of {workspace_id}",
        "",
        f"{counts['fresh']} scopes are fresh, {counts['stale']} stale, {counts['failed']} failed.",
        f"{counts['added']} resources were added, {counts['changed']} changed,"
        f" {counts['gone']} are gone.",
    ]
    if problems:
        lines += ["", "## Credentials whose regions could not be discovered", ""]
        lines += [f"- **{_plain(name)}**: {_plain(why)}" for name, why in problems.items()]
    if troubled:
        lines += [
            "",
            "## Not fresh",
            "",
            "The resources known of these scopes are kept, and may be out of date.",
            "",
            "| credential | region | kind | state | reason |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [
            "| "
            + " | ".join(
                _plain(str(row[column] or ""))
                for column in ("credential", "region", "kind", "state", "reason")
            )
            + " |"
            for row in troubled
        ]
    if unlisted:
        lines += ["", f"{unlisted} more are not fresh and left out here."]
    return "\n".join(lines)


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
        f"# {_plain(operation.subject_name or operation.subject_id or operation.subject_kind)}",
        "",
    ]
    lines += ["| | |", "| --- | --- |"]
    lines += [f"| {_plain(name)} | {_plain(value)} |" for name, value in facts.items() if value]
    if operation.error and operation.state is not OperationState.SUCCEEDED:
        lines += ["", f"**{operation.error_class}**: {_plain(operation.error)}"]
    lines += ["", f"[The flow run]({run_url})"]
    return "\n".join(lines)


def show_table(key: str, rows: Sequence[Row], description: str, *, total: int) -> None:
    """Write a table of at most MOST_ROWS rows; `total` is how many there are to show."""
    shown = rows[:MOST_ROWS]
    if total > len(shown):
        description += f"; {total - len(shown)} more are left out"
    create_table_artifact(table=list(shown), key=artifact_key(key), description=description)


def left_out(description: str | None) -> int:
    """Return how many rows a table's description says are left out."""
    match = _LEFT_OUT.search(description or "")
    return int(match[1]) if match else 0


def show_text(key: str, markdown: str, description: str) -> None:
    """Write a Markdown page."""
    create_markdown_artifact(markdown, key=artifact_key(key), description=description)


class ProgressBar:
    """A progress bar of the flow run that it is made in, at 0% at first."""

    def __init__(self, key: str, description: str) -> None:
        created = create_progress_artifact(
            progress=0.0, key=artifact_key(key), description=description
        )
        if not isinstance(created, UUID):
            raise TypeError("the progress artifact was made outside a synchronous flow run")
        self._id = created
        self._shown = 0.0

    def move(self, percent: float) -> None:
        """Move the bar to 0 to 100 percent, in steps of PROGRESS_POINTS and at the end."""
        if percent - self._shown >= PROGRESS_POINTS or self._shown < percent == FULL:
            self._shown = percent
            update_progress_artifact(self._id, progress=percent)


def _place(scope: Scope) -> tuple[str, str, str]:
    return scope.key.credential, scope.key.region, scope.key.kind.value


def _when(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else "never"


def _value(value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(_value(item) for item in value)
    return value if isinstance(value, str) else json.dumps(value)


def _plain(text: str) -> str:
    """Return text that breaks neither a table nor a heading, whatever a cloud put into it."""
    one_line = " ".join(text.split())
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", one_line)
