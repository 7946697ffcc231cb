"""Scopes for people: those of one credential that failed for one reason are one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from skyclust.cli.columns import list_columns
from skyclust.model.scope import Scope, ScopeState

GROUP_COLUMNS: Final = list_columns(
    "credential",
    "scopes",
    "state",
    "region",
    "kind",
    "resources",
    "completed_at",
    "reason",
    priorities={"reason": 4},
    wide=("provider", "error_class"),
)

_URGENCY: Final = {
    ScopeState.FAILED: 0,
    ScopeState.STALE: 1,
    ScopeState.FRESH: 2,
    ScopeState.UNSUPPORTED: 3,
}
"""The order of lines: first what was never read, last what needs nobody."""

_REQUEST_ID: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=request[ -]id)[:= ]+\S+", re.IGNORECASE
)


@dataclass(frozen=True)
class ScopeGroups:
    """The lines of the scopes, and whether one of them stands for several scopes."""

    rows: list[dict[str, Any]]
    grouped: bool


def group_scopes(scopes: Iterable[Scope]) -> ScopeGroups:
    """Return the lines: one a credential, state and reason, and one a scope without a reason.

    Reasons are the same when they differ only in the scope's own region and kind, in numbers of
    requests, and in how often something was tried. A line has the number of its scopes, the sum
    of their resources and the oldest of the times of their last complete reads; None when one of
    them was never read.
    """
    groups: dict[object, list[Scope]] = {}
    for number, scope in enumerate(scopes):
        alike = (scope.key.credential, scope.state, _reason(scope)) if scope.error else number
        groups.setdefault(alike, []).append(scope)
    rows = [_row(group) for group in groups.values()]
    rows.sort(key=lambda row: _URGENCY[row["state"]])
    return ScopeGroups(rows, grouped=any(len(group) > 1 for group in groups.values()))


def _reason(scope: Scope) -> str:
    """Return the error with its scope's own region and kind left open."""
    text = scope.error or ""
    for own, open_word in ((scope.key.region, "REGION"), (scope.key.kind.value, "KIND")):
        text = re.sub(rf"(?<![\w-]){re.escape(own)}(?![\w-])", open_word, text)
    return _REQUEST_ID.sub("ID", text)


def _row(group: Sequence[Scope]) -> dict[str, Any]:
    first = group[0]
    read = [scope.completed_at for scope in group if scope.completed_at is not None]
    return {
        "credential": first.key.credential,
        "scopes": len(group),
        "state": first.state,
        "region": _one_or_count(sorted({scope.key.region for scope in group}), "regions"),
        "kind": _one_or_count(sorted({scope.key.kind.value for scope in group}), "kinds"),
        "resources": sum(scope.resources for scope in group),
        "reason": first.error if len(group) == 1 else _reason(first),
        "completed_at": min(read) if len(read) == len(group) else None,
        "provider": first.provider,
        "error_class": first.error_class,
    }


def _one_or_count(names: Sequence[str], noun: str) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} {noun}"
