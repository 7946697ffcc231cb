"""How a collection ended: complete, in part, or not at all, and why, in one message."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from skyclust.costs.collection.account import AccountCosts
from skyclust.costs.collection.deliveries import FailedDelivery
from skyclust.costs.counting import counted
from skyclust.costs.ledger.delivering import DeliveryState
from skyclust.error_advice import advice
from skyclust.errors import SkyClustError, tree_class
from skyclust.model.credential_key import CredentialKey

MOST_NAMED: Final = 5
"""Problems, and shadows, that a run's message names; its tables have all."""


@dataclass(frozen=True)
class CostProblem:
    """Why costs of an account are not in the ledger, and what to do about it."""

    workspace_id: str
    account: str
    provider: str
    delivery: str
    reason: str
    hint: str
    error_class: str

    def __str__(self) -> str:
        """Return who failed and why, in one line."""
        what = f" {self.delivery}" if self.delivery else ""
        return f"{self.account}{what}: {self.reason.rstrip('.')} [{self.error_class}]."


@dataclass(frozen=True)
class CollectionVerdict:
    """Whether everything was collected and adds up, or a part of it, and the message of the run."""

    collected: int
    problems: Sequence[CostProblem]
    differences: int
    message: str

    @property
    def complete(self) -> bool:
        """Return whether nothing failed and nothing differs."""
        return not self.problems and not self.differences

    @property
    def nothing(self) -> bool:
        """Return whether something failed and nothing was collected."""
        return bool(self.problems) and self.collected == 0


def cost_problems(
    collected: Sequence[AccountCosts],
    refused: Mapping[CredentialKey, SkyClustError],
    failed: Mapping[CredentialKey, SkyClustError] | None = None,
) -> list[CostProblem]:
    """Return what failed: credentials that could not be used, and deliveries of the others.

    `refused` are credentials that were not tried, `failed` what was: a key without a provider is
    of a folder or a price book, which no credential reads, and whose errors no cloud made.
    """
    not_by_cloud = {key for key in failed or {} if not key.provider}
    problems = [
        CostProblem(
            workspace_id=credential.workspace_id,
            account=credential.name,
            provider=credential.provider,
            delivery="",
            reason=error.message,
            hint=error.hint if credential in not_by_cloud else _hint(error, credential),
            error_class=tree_class(error).__name__,
        )
        for credential, error in sorted(
            {**refused, **(failed or {})}.items(),
            key=lambda item: (item[0].workspace_id, item[0].name),
        )
    ]
    for account in collected:
        problems += [_problem(account, failed) for failed in account.collected.failed]
        if account.totals_problem:
            kind, _, reason = account.totals_problem.partition(": ")
            problems.append(
                CostProblem(
                    account.workspace_id,
                    account.account,
                    account.provider,
                    "totals",
                    reason,
                    "Without them the ledger is not reconciled.",
                    kind,
                )
            )
    return problems


def judge_collection(
    collected: Sequence[AccountCosts],
    problems: Sequence[CostProblem],
    differences: int,
    *,
    unpriced: Sequence[str] = (),
) -> CollectionVerdict:
    """Return the verdict; `differences` counts totals that differ by more than the tolerance.

    `unpriced` are the credentials of a provider that reads no costs; they are named where nothing
    was collected.
    """
    states = Counter(one.result.state for account in collected for one in account.collected.results)
    deliveries = states.total()
    rows = sum(
        one.result.rows
        for account in collected
        for one in account.collected.results
        if one.result.state is DeliveryState.APPLIED
    )
    counts = (
        f"{counted(states[DeliveryState.APPLIED], 'delivery', 'deliveries')} applied"
        f" ({counted(rows, 'row', 'rows')}),"
        f" {deliveries - states[DeliveryState.APPLIED]} unchanged or superseded"
    )
    lines = [f"{problem} {problem.hint}".rstrip() for problem in problems[:MOST_NAMED]]
    if len(problems) > MOST_NAMED:
        lines.append(f"And {len(problems) - MOST_NAMED} more.")
    shadows = [
        f"{one.source} of {one.billing_account_id} {one.period}: {one.result.shadow_reason}"
        for account in collected
        for one in account.collected.results
        if one.result.shadow
    ]
    lines += shadows[:MOST_NAMED]
    if len(shadows) > MOST_NAMED:
        lines.append(f"And {len(shadows) - MOST_NAMED} more shadows.")
    if differences:
        lines.append(
            f"{counted(differences, 'total differs', 'totals differ')} from what the source states:"
            " `skyclust cost reconcile`."
        )
    if not collected and not problems:
        counts = _nothing_to_collect(unpriced)
    return CollectionVerdict(deliveries, problems, differences, "\n".join([*lines, f"{counts}."]))


def _nothing_to_collect(unpriced: Sequence[str]) -> str:
    if not unpriced:
        return "There is nothing to collect: there is no such credential"
    named = ", ".join(sorted(unpriced)[:MOST_NAMED])
    more = f" and {len(unpriced) - MOST_NAMED} more" if len(unpriced) > MOST_NAMED else ""
    return (
        f"There is nothing to collect: the cloud of {named}{more} states no costs, and no price"
        " book prices them. Save one with `skyclust cost price-book save FILE`, or import a bill"
        " with `skyclust cost import`"
    )


def _problem(account: AccountCosts, failed: FailedDelivery) -> CostProblem:
    return CostProblem(
        workspace_id=account.workspace_id,
        account=account.account,
        provider=account.provider,
        delivery=" ".join(
            part for part in (failed.source, failed.billing_account_id, failed.period) if part
        ),
        reason=failed.reason,
        hint=failed.hint,
        error_class=failed.error_class,
    )


def _hint(error: SkyClustError, credential: CredentialKey) -> str:
    suggested = advice(
        tree_class(error),
        credential=credential.name,
        provider=credential.provider,
        workspace=credential.workspace_id,
    )
    return " ".join(filter(None, (error.hint, suggested)))
