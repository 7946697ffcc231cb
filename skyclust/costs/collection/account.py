"""The costs of one account: its deliveries, and what the source itself calls the totals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from skyclust.contract import CostCalls, CostProvider, CostTotal, CostTotalsProvider, Provider
from skyclust.contract.cost import CostDelivery
from skyclust.costs.collection.deliveries import (
    Collected,
    CollectionOptions,
    FailedDelivery,
    apply_deliveries,
    with_failed,
)
from skyclust.costs.collection.totals import keep_totals
from skyclust.errors import IncompleteList, SkyClustError, Transient, Unsupported, tree_class
from skyclust.log import Log
from skyclust.model.credential_key import CredentialKey
from skyclust.providerkit.provider_errors import provider_errors
from skyclust.store.engine import Store


@dataclass(frozen=True)
class AccountCosts:
    """What one collection did: its deliveries, the totals that were read, the calls that cost.

    `account` names the credential, price book or folder. `totals_problem` is why no totals
    were read; empty where they were, or where the source has none.
    """

    workspace_id: str
    account: str
    provider: str
    collected: Collected
    totals: tuple[CostTotal, ...] = ()
    totals_problem: str = ""
    calls: CostCalls | None = None


def collect_account(  # noqa: PLR0917  # a range of days has two ends
    store: Store,
    provider: Provider,
    credential: CredentialKey,
    start: date,
    end: date,
    options: CollectionOptions,
    log: Log,
) -> AccountCosts:
    """Apply an account's deliveries that overlap [start, end), and keep the source's totals.

    Raises the first Transient error after everything else was tried, so that another attempt
    finds little left to do; Unsupported for a provider that reads no costs; and any error of the
    list of deliveries, for then nothing is known.
    """
    if not isinstance(provider, CostProvider):
        raise Unsupported(
            f"Provider {credential.provider!r} reads no costs.",
            hint="Import its bill (`skyclust cost import`), or price what it runs by a price book.",
            provider=credential.provider,
        )
    with provider_errors(credential.provider, "read the costs"):
        unlisted: list[FailedDelivery] = []
        deliveries = listed_deliveries(
            provider.list_deliveries(start, end), credential.name, unlisted
        )
        collected = apply_deliveries(store, credential.workspace_id, deliveries, options, log)
        if collected.transient is not None:
            raise collected.transient
        totals, problem = _read_totals(provider, start, end, log)
    keep_totals(store, credential.workspace_id, f"{credential.provider}:{credential.name}", totals)
    return AccountCosts(
        workspace_id=credential.workspace_id,
        account=credential.name,
        provider=credential.provider,
        collected=with_failed(collected, unlisted),
        totals=totals,
        totals_problem=problem,
        calls=provider.calls_made(),
    )


def listed_deliveries(
    deliveries: Iterable[CostDelivery], account: str, unlisted: list[FailedDelivery]
) -> Iterator[CostDelivery]:
    """Yield the deliveries of a list; those that could not be listed go to `unlisted` at its end.

    Any other error of the list is raised.
    """
    try:
        yield from deliveries
    except IncompleteList as error:
        unlisted += [
            FailedDelivery(item.name, account, "", item.reason, error.hint, "IncompleteList")
            for item in error.items
        ]


def _read_totals(
    provider: CostProvider, start: date, end: date, log: Log
) -> tuple[tuple[CostTotal, ...], str]:
    """Return the source's totals; without them the ledger is collected, and not reconciled."""
    if not isinstance(provider, CostTotalsProvider):
        return (), ""
    try:
        return tuple(provider.cost_totals(start, end)), ""
    except Transient:
        raise
    except SkyClustError as error:
        log.warning("totals: %s", error)
        return (), f"{tree_class(error).__name__}: {error.message}"
