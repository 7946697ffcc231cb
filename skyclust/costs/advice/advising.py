"""The advice of a workspace: every rule over its estate, priced, without what was dismissed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Final

from skyclust.costs.advice.estate import read_estate
from skyclust.costs.advice.metric_rules import metric_advice, metrics_not_assessed
from skyclust.costs.advice.paid_costs import read_paid_costs
from skyclust.costs.advice.records import Advice, AdviceRule, NotAssessed, Saving
from skyclust.costs.advice.resize_savings import resize_saving
from skyclust.costs.advice.rules import not_assessed, unused_resources
from skyclust.costs.advice.savings import Prices, saving_of
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.costs.price_books.saving import load_price_books
from skyclust.costs.prices.refreshing import load_prices
from skyclust.costs.resource_matching import match_resources
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.advice_decision import AdviceDecision, AdviceVerdict
from skyclust.model.instance_metrics import InstanceSize
from skyclust.model.stored import StoredResource
from skyclust.store import advice_decisions
from skyclust.store.engine import Store

SHORTEST_ID: Final = 4


@dataclass(frozen=True)
class AdviceReport:
    """The advice that holds, the greatest savings first; what was put aside; what was not assessed.

    `decisions` are by the id of advice; applied advice stays in the list until the inventory shows
    that it was carried out.
    """

    advice: Sequence[Advice]
    dismissed: Sequence[Advice]
    not_assessed: Sequence[NotAssessed]
    decisions: Mapping[str, AdviceDecision]

    @property
    def totals(self) -> dict[str, Decimal]:
        """Return what the advice saves in 30 days by currency, a resource once, where known."""
        return total_savings(self.advice)

    @property
    def unknown(self) -> int:
        """Return how many pieces of advice have no known saving."""
        return sum(one.saving.amount is None for one in self.advice)


def find_advice(
    store: Store,
    workspace_id: str,
    *,
    rules: Sequence[AdviceRule] = (),
    credentials: Sequence[str] = (),
    now: datetime | None = None,
    root: LedgerRoot | None = None,
) -> AdviceReport:
    """Return the advice of a workspace, by all rules and of all credentials or by those named.

    Raises NotFound for an unknown workspace.
    """
    moment = now or datetime.now(UTC)
    estate = read_estate(store, workspace_id, credentials, now=moment)
    paid = read_paid_costs(store, workspace_id, moment.date(), root=root)
    prices = Prices(
        estate,
        paid,
        match_resources(paid.days, estate.resources),
        load_price_books(store, workspace_id),
        moment.date(),
        load_prices(store, workspace_id),
    )

    def saving(resource: StoredResource) -> Saving:
        return saving_of(prices, resource)

    def resized(resource: StoredResource, size: InstanceSize) -> Saving:
        return resize_saving(prices, resource, size)

    found = [
        *unused_resources(estate, saving, moment),
        *metric_advice(estate, saving, resized, moment),
    ]
    skipped = [*not_assessed(estate, moment), *metrics_not_assessed(estate, moment)]
    with store.reading() as connection:
        decided = advice_decisions.list_all(connection, workspace_id)
    decisions = {one.advice_id: one for one in decided if _holds(one, moment)}
    return _report(
        [one for one in found if not rules or one.rule in rules],
        [one for one in skipped if not rules or one.rule in rules],
        decisions,
    )


def advice_with_id(report: AdviceReport, beginning: str) -> Advice:
    """Return the one piece of advice whose id begins so, dismissed advice too.

    Raises NotFound when there is none, InvalidRequest for a text that is too short or that
    several ids begin with.
    """
    if len(beginning) < SHORTEST_ID:
        raise InvalidRequest(
            f"{beginning!r} is too short for the id of advice.",
            hint=f"Give {SHORTEST_ID} characters of it at least.",
        )
    found = [one for one in (*report.advice, *report.dismissed) if one.id.startswith(beginning)]
    if not found:
        raise NotFound(
            f"There is no advice whose id begins with {beginning!r}.",
            hint="`skyclust cost advise` lists the advice that holds now.",
        )
    if len(found) > 1:
        raise InvalidRequest(
            f"{beginning!r} is the beginning of {len(found)} ids of advice.",
            hint="Give more of the id.",
        )
    return found[0]


def total_savings(advice: Iterable[Advice]) -> dict[str, Decimal]:
    """Return the known savings by currency; of several about one resource the greatest counts."""
    greatest: dict[tuple[str, ...], tuple[str, Decimal]] = {}
    for one in advice:
        amount = one.saving.amount
        key = (one.credential, one.region, one.kind.value, one.resource_id)
        if amount is not None and one.saving.currency:
            before = greatest.get(key)
            if before is None or before[1] < amount:
                greatest[key] = (one.saving.currency, amount)
    totals: dict[str, Decimal] = {}
    for currency, amount in greatest.values():
        totals[currency] = totals.get(currency, Decimal(0)) + amount
    return totals


def _holds(decision: AdviceDecision, now: datetime) -> bool:
    return decision.until is None or decision.until > now


def _report(
    found: Sequence[Advice],
    skipped: Sequence[NotAssessed],
    decisions: Mapping[str, AdviceDecision],
) -> AdviceReport:
    aside = {name for name, one in decisions.items() if one.verdict is AdviceVerdict.DISMISSED}
    ordered = list(by_saving(found))
    return AdviceReport(
        advice=[one for one in ordered if one.id not in aside],
        dismissed=[one for one in ordered if one.id in aside],
        not_assessed=skipped,
        decisions=decisions,
    )


def by_saving(advice: Iterable[Advice]) -> Iterator[Advice]:
    """Yield advice by saving: the greatest of each currency, then the second of each, and so on.

    Amounts of different currencies have no order: a list that is cut has some of each. What is
    unknown is last.
    """
    by_currency: dict[str, list[Advice]] = {}
    unknown: list[Advice] = []
    for one in sorted(advice, key=_place):
        known = one.saving.amount is not None
        (by_currency.setdefault(one.saving.currency, []) if known else unknown).append(one)
    for of_one_rank in zip_longest(*by_currency.values()):
        yield from (one for one in of_one_rank if one is not None)
    yield from unknown


def _place(one: Advice) -> tuple[object, ...]:
    names = (one.rule.value, one.credential, one.region, one.resource_name, one.resource_id)
    return (one.saving.currency, -(one.saving.amount or Decimal(0)), *names)
