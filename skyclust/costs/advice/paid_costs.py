"""What the accounts of a workspace paid for each resource, by day, as the ledger has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from skyclust.costs.billed_ids import BilledId
from skyclust.costs.exact import EXACT
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.coverage import AccountCoverage, coverage
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.store.engine import Store

WINDOW_DAYS: Final = 30
LOOK_BACK_DAYS: Final = 92
"""So far back lie the last complete days: the current month is provisional until it is closed."""

COMMITTED: Final = "Committed"
"""Of FOCUS's PricingCategory (https://focus.finops.org/focus-specification/v1-2/)."""


@dataclass(frozen=True)
class PaidDay:
    """The effective cost of a resource's usage on a day; None: not known. `committed`: by a
    commitment discount.
    """

    day: date
    account: str
    sub_account: str | None
    currency: str
    amount: Decimal | None
    committed: bool = False


@dataclass(frozen=True)
class AccountDays:
    """The days of a billing account that were delivered: those that are final, those that may
    still change, and the newest of all.
    """

    final: frozenset[date]
    provisional: frozenset[date]

    @property
    def newest(self) -> date | None:
        """Return the newest day that was delivered."""
        return max(self.final | self.provisional, default=None)


@dataclass(frozen=True)
class PaidCosts:
    """The paid days by billed id, and the delivered days by billing account."""

    days: Mapping[BilledId, Sequence[PaidDay]]
    accounts: Mapping[str, AccountDays]


@dataclass(frozen=True)
class MonthlyCost:
    """What a resource costs in 30 days by the days that were paid; None where that is not known.

    `covered` is the part of the 30 days' cost that a commitment pays, which is not in the amount.
    """

    amount: Decimal | None
    currency: str
    covered: bool
    remarks: tuple[str, ...]


def read_paid_costs(
    store: Store, workspace_id: str, today: date, *, root: LedgerRoot | None = None
) -> PaidCosts:
    """Return what was paid for each resource before today, by the sources that count.

    Usage alone: purchases, credits and tax belong to no resource, or to none that is kept.
    Raises as `query_costs` does.
    """
    start = today - timedelta(LOOK_BACK_DAYS)
    query = CostQuery(
        start=start,
        end=today,
        by=(
            "provider",
            "billing_account",
            "sub_account",
            "resource",
            "resource_kind",
            "pricing_category",
            "commitment",
            "day",
        ),
        where={"charge_category": ("Usage",)},
    )
    frame = query_costs(store, [workspace_id], query, root=root)
    paid: dict[BilledId, list[PaidDay]] = {}
    for row in frame.to_dict("records"):
        if row["resource"] is None:
            continue
        billed = BilledId(row["provider"], row["resource"], row["resource_kind"])
        paid.setdefault(billed, []).append(
            PaidDay(
                row["day"],
                row["billing_account"],
                row["sub_account"],
                row["currency"],
                row["effective_cost"],
                committed=row["commitment"] is not None or row["pricing_category"] == COMMITTED,
            )
        )
    accounts = {
        one.billing_account_id: _days_of(one)
        for one in coverage(store, workspace_id, start, today)
        if one.authoritative
    }
    return PaidCosts(paid, accounts)


def monthly_cost(
    paid: PaidCosts, billed: Iterable[BilledId], *, since: date | None = None
) -> MonthlyCost | None:
    """Return what a resource costs in 30 days by what was paid for it; None if it was never billed.

    By its last 30 final days from `since` on: days that are gaps are left out, and the amount is
    scaled to 30 days. Where it was billed on none of them, the provisional days count.
    """
    days = [day for one in billed for day in paid.days.get(one, ())]
    if not days:
        return None
    accounts = {day.account for day in days}
    first = max(since or date.min, min(day.day for day in days))
    final = _chosen((paid.accounts[one].final for one in accounts if one in paid.accounts), first)
    if any(day.day in final for day in days):
        return _sum([day for day in days if day.day in final], final, ())
    provisional = _chosen(
        (paid.accounts[one].provisional for one in accounts if one in paid.accounts), first
    )
    if not provisional:
        # A resource that was billed before, and no more on the days that count.
        return _sum([], final, ()) if final else None
    counted = [day for day in days if day.day in provisional]
    return _sum(counted, provisional, ("by days that may still change",))


def _chosen(known: Iterable[frozenset[date]], first: date) -> frozenset[date]:
    days = sorted(day for one in known for day in one if day >= first)
    return frozenset(sorted(set(days))[-WINDOW_DAYS:])


def _sum(
    days: Sequence[PaidDay], counted: frozenset[date], remarks: tuple[str, ...]
) -> MonthlyCost:
    period = f"paid on {len(counted)} days from {min(counted)} to {max(counted)}"
    covered = any(day.committed for day in days)
    currencies = {day.currency for day in days}
    paid = [day.amount for day in days if not day.committed]
    if len(currencies) > 1:
        return MonthlyCost(None, "", covered, (*remarks, "billed in several currencies"))
    known = [amount for amount in paid if amount is not None]
    currency = currencies.pop() if currencies else ""
    if len(known) < len(paid):
        return MonthlyCost(None, currency, covered, (*remarks, "the bill has no effective cost"))
    amount = sum(known, Decimal(0)) * WINDOW_DAYS / len(counted)
    exact = amount.quantize(Decimal("1e-12"), context=EXACT)
    return MonthlyCost(exact, currency, covered, (period, *remarks))


def _days_of(account: AccountCoverage) -> AccountDays:
    open_periods = {
        (period.period_start.year, period.period_start.month)
        for period in account.periods
        if period.provisional
    }
    known = {*account.days_with_rows, *account.days_empty}
    provisional = {day for day in known if (day.year, day.month) in open_periods}
    return AccountDays(frozenset(known - provisional), frozenset(provisional))
