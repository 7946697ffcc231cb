"""The bill of a sandbox cloud: 90 days of charges by billing period, published in three steps.

The same resources, seed and day give the same bill. Its first publication lacks one late day; the
second has it; the third restates the last closed month: some egress is corrected, and the charges
of one address are withdrawn.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum
from functools import cached_property
from typing import Final

from skyclust_sandbox.billing.catalog import Catalog, Meter
from skyclust_sandbox.billing.commitment import choose_commitment, purchases, with_commitment
from skyclust_sandbox.billing.monthly_charges import monthly_charges
from skyclust_sandbox.billing.resources import BilledResource
from skyclust_sandbox.billing.rows import CENT_FRACTION, Charge, month_of, next_month
from skyclust_sandbox.billing.usage import usage_charges

DAYS: Final = 90
_SPIKE_AGE_DAYS: Final = 25
_LATE_AGE_DAYS: Final = 2
_RESTATED_SHARE: Final = Decimal("0.8")


class Publication(IntEnum):
    """How much of the bill the cloud has published."""

    FIRST = 0  # without the late day
    LATE_DAY = 1  # with the late day
    RESTATED = 2  # with the last closed month restated


@dataclass(frozen=True)
class Bill:
    """The bill of the `days` before `today`, which itself has no charges yet.

    `carried_over_days`: the egress of so many last days of a month is invoiced in the month
    after. Amounts are in the currency of the catalog.
    """

    catalog: Catalog
    resources: Sequence[BilledResource]
    today: date
    seed: int = 0
    days: int = DAYS
    carried_over_days: int = 0
    _published: dict[Publication, dict[date, list[Charge]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def first_day(self) -> date:
        """The first day with charges."""
        return self.today - timedelta(days=self.days)

    @property
    def late_day(self) -> date:
        """The day that the first publication lacks."""
        return self.today - timedelta(days=_LATE_AGE_DAYS)

    @property
    def spike_day(self) -> date:
        """The first of the three days with the egress of a multiple."""
        return self.today - timedelta(days=_SPIKE_AGE_DAYS)

    @property
    def open_period(self) -> date:
        """The first day of the billing period that is not closed: the month of yesterday."""
        return month_of(self.today - timedelta(days=1))

    @property
    def restated_period(self) -> date:
        """The first day of the last closed billing period, which the third publication changes."""
        return month_of(self.open_period - timedelta(days=1))

    def periods(self) -> list[date]:
        """Return the first days of the billing periods, the oldest first."""
        return sorted({month_of(day) for day in self._days})

    def charges(
        self, period: date, publication: Publication = Publication.RESTATED
    ) -> Sequence[Charge]:
        """Return the charges of a billing period; none for a period that the bill does not have."""
        if publication not in self._published:
            self._published[publication] = self._publish(publication)
        return self._published[publication].get(period, [])

    def rows(
        self, period: date, publication: Publication = Publication.RESTATED
    ) -> Iterator[dict[str, object]]:
        """Yield the charges of a billing period as rows with the 57 columns of FOCUS 1.2."""
        invoice = self.invoice_id(period)
        for charge in self.charges(period, publication):
            yield charge.focus(invoice)

    def total(
        self,
        period: date,
        publication: Publication = Publication.RESTATED,
        column: str = "BilledCost",
    ) -> Decimal:
        """Return the sum of a cost column over a billing period."""
        amounts = {
            "BilledCost": lambda charge: charge.billed_cost,
            "EffectiveCost": lambda charge: charge.effective_cost,
            "ListCost": lambda charge: charge.list_cost,
            "ContractedCost": lambda charge: charge.contracted_cost,
        }
        return sum(map(amounts[column], self.charges(period, publication)), Decimal(0))

    def invoice_id(self, period: date) -> str | None:
        """Return the id of the invoice of a closed period; None for the open period."""
        if period >= self.open_period:
            return None
        return f"INV-{self.catalog.billing_account_id}-{period:%Y%m}"

    @cached_property
    def _days(self) -> list[date]:
        return [self.first_day + timedelta(days=number) for number in range(self.days)]

    @cached_property
    def _usage(self) -> list[Charge]:
        return list(
            usage_charges(
                self.catalog, self.resources, self._days, seed=self.seed, spike=self.spike_day
            )
        )

    def _publish(self, publication: Publication) -> dict[date, list[Charge]]:
        usage = self._usage
        commitment = choose_commitment(usage)
        periods: dict[date, list[Charge]] = defaultdict(list)
        late_day = self.late_day
        for charge in with_commitment(self.catalog, commitment, usage, self._days):
            if publication is Publication.FIRST and charge.start == late_day:
                continue
            invoiced = self._invoiced(charge)
            if publication is Publication.RESTATED:
                restated = self._restated(invoiced)
                if restated is None:
                    continue
                invoiced = restated
            periods[invoiced.period].append(invoiced)
        for charge in purchases(self.catalog, commitment, self._days):
            periods[charge.period].append(charge)
        return {period: self._with_monthly(period, charges) for period, charges in periods.items()}

    def _with_monthly(self, period: date, charges: list[Charge]) -> list[Charge]:
        is_open = period >= self.open_period
        return [
            *charges,
            *monthly_charges(self.catalog, period, self.first_day, charges, is_open=is_open),
        ]

    def _invoiced(self, charge: Charge) -> Charge:
        """Return the charge in the period in which it is invoiced."""
        following = next_month(charge.start)
        carried = (following - charge.start).days <= self.carried_over_days
        is_egress = charge.common["SkuMeter"] == Meter.EGRESS
        if carried and is_egress and following <= self.open_period:
            return replace(charge, period=following)
        return charge

    def _restated(self, charge: Charge) -> Charge | None:
        """Return a charge as the restated month has it; None for a withdrawn charge."""
        if charge.period != self.restated_period:
            return charge
        if charge.common["SkuMeter"] == Meter.ADDRESS:
            return None if charge.common["ResourceId"] == self._withdrawn_address else charge
        if charge.common["SkuMeter"] != Meter.EGRESS or not 10 <= charge.start.day <= 12:
            return charge
        quantity = None if charge.quantity is None else charge.quantity * _RESTATED_SHARE
        amount = (charge.list_cost * _RESTATED_SHARE).quantize(CENT_FRACTION)
        return replace(
            charge,
            quantity=quantity,
            list_cost=amount,
            contracted_cost=amount,
            billed_cost=amount,
            effective_cost=amount,
        )

    @cached_property
    def _withdrawn_address(self) -> object:
        ids = (
            charge.common["ResourceId"]
            for charge in self._usage
            if charge.common["SkuMeter"] == Meter.ADDRESS
        )
        return min(map(str, ids), default=None)
