"""What failed for an account in a sync: one record for each kind of failure. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from skyclust.error_advice import advice
from skyclust.errors import SkyClustError, class_named, tree_class, trimmed
from skyclust.model.credential_key import CredentialKey
from skyclust.model.scope import Scope, ScopeState

LONGEST_REASON: Final = 400
"""Characters of a reason: it is read in one line, and the scope keeps the whole text."""

MOST_NAMED: Final = 5
"""Accounts that a run's message names; its summary and the command line name all."""

_NOT_FRESH: Final = frozenset({ScopeState.STALE, ScopeState.FAILED})


@dataclass(frozen=True)
class AccountProblem:
    """Why an account could not be read, or not as a whole, and what to do about it.

    `reason` is one line without secrets. `error_class` is the name of a class of the error tree.
    `scopes` is the number of scopes that are not fresh for it: 0 for an account that was refused
    before any of its scopes was known.
    """

    credential: CredentialKey
    reason: str
    error_class: str
    hint: str
    scopes: int

    def __str__(self) -> str:
        """Return who failed and why, in one line."""
        provider = f" ({self.credential.provider})" if self.credential.provider else ""
        reason = self.reason.rstrip(".")
        return f"{self.credential}{provider}: {reason} [{self.error_class}]."


def account_problems(
    settled: Mapping[CredentialKey, Sequence[Scope]],
    refusals: Mapping[CredentialKey, SkyClustError],
) -> list[AccountProblem]:
    """Return what failed in a sync: a record for each credential and class of error.

    `settled` are the scopes of the sync, `refusals` the credentials of which nothing could be read.
    One silent cloud fails in each of its scopes, with a text for each; they are one problem, with
    the text of most of them. The credentials are in order, that of most scopes first.
    """
    problems: list[AccountProblem] = []
    for credential in sorted({*settled, *refusals}, key=lambda one: (one.workspace_id, one.name)):
        texts: dict[str, Counter[str]] = {}
        for scope in settled.get(credential, ()):
            if scope.state in _NOT_FRESH:
                kind = scope.error_class or SkyClustError.__name__
                texts.setdefault(kind, Counter())[scope.error or "No reason is known."] += 1
        refusal = refusals.get(credential)
        if refusal is not None:
            texts.setdefault(tree_class(refusal).__name__, Counter())
        for kind, counted in sorted(texts.items(), key=lambda item: -item[1].total()):
            refused = refusal is not None and tree_class(refusal).__name__ == kind
            problems.append(_problem(credential, kind, counted, refusal if refused else None))
    return problems


def problems_text(problems: Sequence[AccountProblem]) -> str:
    """Return a line for each account that failed with what to do; at most MOST_NAMED accounts."""
    lines = [f"{problem} {problem.hint}".rstrip() for problem in problems[:MOST_NAMED]]
    if len(problems) > MOST_NAMED:
        lines.append(f"And {len(problems) - MOST_NAMED} more.")
    return "\n".join(lines)


def failed_accounts(problems: Iterable[AccountProblem]) -> int:
    """Return how many accounts the problems are of."""
    return len({problem.credential for problem in problems})


def _problem(
    credential: CredentialKey, kind: str, texts: Counter[str], refusal: SkyClustError | None
) -> AccountProblem:
    if refusal is not None:
        reason = refusal.message
    else:
        (reason, _), *others = texts.most_common()
        reason += f" ({len(others)} more of this kind)" if others else ""
    suggested = advice(
        class_named(kind) or SkyClustError,
        credential=credential.name,
        provider=credential.provider,
        workspace=credential.workspace_id,
    )
    own = refusal.hint if refusal is not None else ""
    return AccountProblem(
        credential=credential,
        reason=_one_line(reason),
        error_class=kind,
        hint=" ".join(filter(None, (own, suggested))),
        scopes=texts.total(),
    )


def _one_line(text: str) -> str:
    line = " ".join(trimmed(text).split())
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 3]}..."
