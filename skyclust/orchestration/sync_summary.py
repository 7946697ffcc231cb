"""What a sync shows in the Prefect UI: its scopes, its changes and a summary. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from skyclust.inventory.account_problems import AccountProblem
from skyclust.model.change import Change
from skyclust.model.scope import Scope, ScopeState
from skyclust.orchestration.artifacts import MOST_ARTIFACT_ROWS, Row, escaped
from skyclust.orchestration.long_ids import with_short_ids

# What needs a look comes first.
_URGENCY: Final = {
    ScopeState.FAILED: 0,
    ScopeState.STALE: 1,
    ScopeState.UNSUPPORTED: 2,
    ScopeState.FRESH: 3,
}

_TROUBLED: Final = frozenset({ScopeState.FAILED.value, ScopeState.STALE.value})


def problem_rows(problems: Sequence[AccountProblem]) -> list[Row]:
    """Return a row for each account and kind of failure; the command line reads them too."""
    return [
        {
            "credential": problem.credential.name,
            "provider": problem.credential.provider,
            "reason": problem.reason,
            "what to do": problem.hint,
            "scopes": problem.scopes,
            "error class": problem.error_class,
        }
        for problem in problems[:MOST_ARTIFACT_ROWS]
    ]


def scope_rows(scopes: Sequence[Scope]) -> list[Row]:
    """Return a row for each scope, those with trouble first.

    What has gone wrong, and whose it is, is in the first columns: Prefect shows them in this order.
    """
    ordered = sorted(
        scopes,
        key=lambda scope: (_URGENCY[scope.state], *_place(scope)),
    )
    return [
        {
            "state": scope.state.value,
            "credential": scope.key.credential,
            "reason": scope.error or "",
            "region": scope.key.region,
            "kind": scope.key.kind.value,
            "resources": scope.resources,
            "complete as of": _when(scope.completed_at),
            "error class": scope.error_class or "",
        }
        for scope in ordered[:MOST_ARTIFACT_ROWS]
    ]


def change_rows(changes: Sequence[Change]) -> list[Row]:
    """Return a row for each change of a resource: what changed comes first, ids last."""
    rows: list[Row] = [
        {
            "change": change.kind.value,
            "name": change.resource.name,
            "changed": ", ".join(sorted(change.after)),
            "kind": change.resource.kind.value,
            "state": change.resource.state,
            "credential": change.credential,
            "region": change.resource.region,
            "id": change.resource.id,
        }
        for change in changes[:MOST_ARTIFACT_ROWS]
    ]
    return with_short_ids(rows)


def sync_text(
    workspace_id: str,
    scopes: Sequence[Scope],
    problems: Sequence[AccountProblem],
    counts: Mapping[str, int],
    charts: Sequence[str] = (),
) -> str:
    """Return the summary of a sync in Markdown, with the accounts that failed at its top.

    `charts` are lines of Markdown that stand before the list of scopes, which may be long.
    """
    troubled = [row for row in scope_rows(scopes) if row["state"] in _TROUBLED]
    unlisted = sum(scope.state.value in _TROUBLED for scope in scopes) - len(troubled)
    lines = [
        f"# Inventory of {workspace_id}",
        "",
        *_problem_lines(problems),
        f"{counts['fresh']} scopes are fresh, {counts['stale']} stale, {counts['failed']} failed.",
        f"{counts['added']} resources were added, {counts['changed']} changed,"
        f" {counts['gone']} are gone.",
    ]
    lines += charts
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
                escaped(str(row[column] or ""))
                for column in ("credential", "region", "kind", "state", "reason")
            )
            + " |"
            for row in troubled
        ]
    if unlisted:
        lines += ["", f"{unlisted} more are not fresh and left out here."]
    return "\n".join(lines)


def _problem_lines(problems: Iterable[AccountProblem]) -> list[str]:
    """Return a list of the accounts that failed: who, why, what to do; nothing when none did."""
    lines: list[str] = []
    for problem in problems:
        name, provider = escaped(problem.credential.name), escaped(problem.credential.provider)
        lines += [
            f"- **{name}** ({provider or 'no provider'}): {escaped(problem.reason)}"
            f" (`{problem.error_class}`)",
            f"  - What to do: {_with_commands(problem.hint)}",
        ]
    return ["## Accounts that failed", "", *lines, ""] if lines else []


def _with_commands(text: str) -> str:
    """Return a text in Markdown; what is between backticks is a command, shown as code."""
    parts = " ".join(text.split()).split("`")
    if len(parts) % 2 == 0:  # a backtick without its pair
        return escaped(text)
    # A mark at each end keeps the blanks beside a command, which `escaped` would strip.
    return "".join(
        f"`{part}`" if number % 2 else escaped(f".{part}.")[1:-1]
        for number, part in enumerate(parts)
    )


def _place(scope: Scope) -> tuple[str, str, str]:
    return scope.key.credential, scope.key.region, scope.key.kind.value


def _when(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC") if moment else "never"
