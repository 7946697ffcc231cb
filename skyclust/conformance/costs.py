"""The suites of `CostProvider` and `CostTotalsProvider`: a complete bill, or an error."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import pytest

from skyclust.conformance.harness import CostHarness, Failure
from skyclust.conformance.suite import Suite
from skyclust.contract import (
    ALL_CHARGES,
    CostDelivery,
    CostFile,
    CostMetric,
    CostProvider,
    CostTotal,
    CostTotalsProvider,
    FileFormat,
    Provider,
)
from skyclust.errors import (
    AuthenticationFailed,
    SkyClustError,
    Throttled,
    Timeout,
    Unavailable,
    UnexpectedAnswer,
)

COLUMNS: Final = {CostMetric.BILLED: "BilledCost", CostMetric.EFFECTIVE: "EffectiveCost"}
"""The metrics that every source knows, with their columns of FOCUS."""

FAILURES: Final = [
    (Failure.EXPIRED, AuthenticationFailed),
    (Failure.THROTTLED, Throttled),
    (Failure.BROKEN, Unavailable),
]
ODD_ANSWERS: Final = [Failure.HTML, Failure.NULL, Failure.NO_LIST]
EARLY_DAYS: Final = timedelta(days=31)
"""Days before its period that a delivery may claim: usage that was invoiced late."""

LATE_DAYS: Final = timedelta(days=1)
"""Days after its period that a delivery may claim: the cloud's month ends after that in UTC."""

MOST_CALLS: Final = 500
"""Calls within which an endless list must raise."""


class CostSuite(Suite):
    """The requirements on a provider that reads the deliveries of its cloud's billing."""

    @pytest.fixture
    def costs(self, provider: Provider) -> CostProvider:
        """Return the provider as a CostProvider."""
        assert isinstance(provider, CostProvider)
        return provider

    def test_deliveries_are_well_formed(self, costs: CostProvider, harness: CostHarness) -> None:
        """There is one delivery an account and period, for days that the period invoices."""
        deliveries = _deliveries(costs, harness)
        start, end = harness.cost_days
        keys = [(d.source, d.billing_account_id, d.period.start) for d in deliveries]
        assert len(keys) == len(set(keys)) >= 2
        for delivery in deliveries:
            assert delivery.provider == self.provider_class.name
            assert delivery.source.strip()
            assert delivery.billing_account_id
            period = delivery.period
            assert period.start < end
            assert period.end > start
            assert period.start - EARLY_DAYS <= delivery.complete_from <= delivery.complete_to
            assert period.start < delivery.complete_to <= period.end + LATE_DAYS
            assert delivery.produced_at.utcoffset() == UTC.utcoffset(None)
            assert delivery.produced_at <= datetime.now(UTC)

    @pytest.mark.parametrize("metric", COLUMNS)
    def test_rows_of_a_delivery_add_up(
        self, costs: CostProvider, harness: CostHarness, metric: CostMetric
    ) -> None:
        """The rows of a delivery are the charges of its days, to the cent and beyond."""
        for delivery in _deliveries(costs, harness):
            total = sum((amount for amount in _amounts(delivery, COLUMNS[metric])), Decimal(0))
            assert total
            assert total == harness.cost_total(
                delivery.period, delivery.complete_from, delivery.complete_to, metric
            )

    def test_small_pages_of_costs_give_the_same(
        self, costs: CostProvider, harness: CostHarness
    ) -> None:
        """Pages of one row, or of one object of a bucket, contain the same deliveries and rows."""
        usual = _content(costs, harness)
        harness.limit_cost_pages(1)
        assert _content(costs, harness) == usual

    def test_deliveries_listed_twice_are_the_same(
        self, costs: CostProvider, harness: CostHarness
    ) -> None:
        """What the cloud did not deliver again has the same fingerprint, and is not younger."""
        first, second = (_deliveries(costs, harness) for _ in range(2))
        assert [d.fingerprint for d in first] == [d.fingerprint for d in second]
        if all(d.fingerprint for d in first):
            assert [d.produced_at for d in first] == [d.produced_at for d in second]

    def test_priced_calls_are_counted(self, costs: CostProvider, harness: CostHarness) -> None:
        """Each priced call is counted with its price; None says that calls are free."""
        _content(costs, harness)
        counted = costs.calls_made()
        if counted is not None:
            assert 0 <= counted.calls <= harness.calls()
            assert (counted.price > 0) == (counted.calls > 0)
            assert counted.currency.isalpha()

    @pytest.mark.parametrize(("failure", "expected"), FAILURES)
    def test_a_failure_of_the_billing_raises(
        self,
        costs: CostProvider,
        harness: CostHarness,
        failure: Failure,
        expected: type[SkyClustError],
    ) -> None:
        """Costs that cannot be read raise, and are never an empty bill."""
        harness.fail(failure)
        with pytest.raises(expected) as raised:
            _content(costs, harness)
        assert raised.value.provider == self.provider_class.name

    @pytest.mark.parametrize(("failure", "expected"), FAILURES)
    def test_a_part_that_cannot_be_read_raises(
        self,
        costs: CostProvider,
        harness: CostHarness,
        failure: Failure,
        expected: type[SkyClustError],
    ) -> None:
        """A part that fails after its delivery was listed raises, and has no rows."""
        deliveries = _deliveries(costs, harness)
        harness.fail(failure)
        for delivery in deliveries:
            with pytest.raises(expected):
                list(_amounts(delivery, "BilledCost"))

    @pytest.mark.parametrize("failure", ODD_ANSWERS)
    def test_an_odd_answer_is_no_bill(
        self, costs: CostProvider, harness: CostHarness, failure: Failure
    ) -> None:
        """An answer that is not the documented one raises, and is never an empty bill."""
        harness.fail(failure)
        with pytest.raises((UnexpectedAnswer, Unavailable, Timeout)):
            _content(costs, harness)

    def test_an_endless_bill_is_noticed(self, costs: CostProvider, harness: CostHarness) -> None:
        """A page that leads back to an earlier page raises within some calls."""
        harness.limit_cost_pages(1)
        before = harness.calls()
        harness.fail(Failure.ENDLESS)
        with pytest.raises(UnexpectedAnswer):
            _content(costs, harness)
        assert harness.calls() - before < MOST_CALLS

    def test_an_unreachable_billing_raises(self, harness: CostHarness) -> None:
        """A refused connection raises, and is never an empty bill."""
        costs = self.provider_class(harness.unreachable_credential())
        assert isinstance(costs, CostProvider)
        with pytest.raises((Unavailable, Timeout)):
            _content(costs, harness)

    def test_a_refused_credential_reads_no_costs(self, harness: CostHarness) -> None:
        """A wrong credential raises AuthenticationFailed."""
        costs = self.provider_class(harness.wrong_credential())
        assert isinstance(costs, CostProvider)
        with pytest.raises(AuthenticationFailed):
            _content(costs, harness)


class CostTotalsSuite(Suite):
    """The requirements on a provider that reads what its cloud calls the total."""

    @pytest.fixture
    def totals(self, provider: Provider) -> CostTotalsProvider:
        """Return the provider as a CostTotalsProvider."""
        assert isinstance(provider, CostTotalsProvider)
        return provider

    def test_totals_are_the_sums_of_the_rows(
        self, totals: CostTotalsProvider, harness: CostHarness
    ) -> None:
        """Each account and period has one billed total of all charges, which is that of its rows.

        Each other total of all charges, in another metric, is that of the rows as well.
        """
        read = [
            total
            for total in totals.cost_totals(*harness.cost_days)
            if total.scope == ALL_CHARGES and total.sub_account_id is None
        ]
        billed = [
            (total.billing_account_id, total.period)
            for total in read
            if total.metric is CostMetric.BILLED
        ]
        assert len(billed) == len(set(billed)) >= 2
        for total in read:
            start, end = total.start or total.period.start, total.end or total.period.end
            assert total.amount == harness.cost_total(total.period, start, end, total.metric)
            assert total.read_at.utcoffset() == UTC.utcoffset(None)
            assert total.currency.isalpha()

    def test_small_pages_of_totals_give_the_same(
        self, totals: CostTotalsProvider, harness: CostHarness
    ) -> None:
        """Totals do not depend on the size of pages."""
        usual = [(t.period, t.metric, t.scope, t.amount) for t in self._read(totals, harness)]
        harness.limit_cost_pages(1)
        assert usual == [
            (t.period, t.metric, t.scope, t.amount) for t in self._read(totals, harness)
        ]

    @pytest.mark.parametrize(("failure", "expected"), FAILURES)
    def test_a_failure_is_no_total(
        self,
        totals: CostTotalsProvider,
        harness: CostHarness,
        failure: Failure,
        expected: type[SkyClustError],
    ) -> None:
        """A total that cannot be read raises, and is never zero."""
        harness.fail(failure)
        with pytest.raises(expected) as raised:
            self._read(totals, harness)
        assert raised.value.provider == self.provider_class.name

    @pytest.mark.parametrize("failure", ODD_ANSWERS)
    def test_an_odd_answer_is_no_total(
        self, totals: CostTotalsProvider, harness: CostHarness, failure: Failure
    ) -> None:
        """An answer that is not the documented one raises, and is never zero."""
        harness.fail(failure)
        with pytest.raises((UnexpectedAnswer, Unavailable, Timeout)):
            self._read(totals, harness)

    def _read(self, totals: CostTotalsProvider, harness: CostHarness) -> list[CostTotal]:
        return list(totals.cost_totals(*harness.cost_days))


def _deliveries(costs: CostProvider, harness: CostHarness) -> list[CostDelivery]:
    return list(costs.list_deliveries(*harness.cost_days))


def _content(costs: CostProvider, harness: CostHarness) -> list[object]:
    """Return each delivery's identity with the billed cost of each of its rows, sorted."""
    return [
        (d.source, d.billing_account_id, d.period, sorted(_amounts(d, "BilledCost")))
        for d in _deliveries(costs, harness)
    ]


def _amounts(delivery: CostDelivery, column: str) -> Iterator[Decimal]:
    """Yield a column of all rows of a delivery."""
    for part in delivery.rows:
        for page in part.pages():
            for row in page:
                amount = row[column]
                assert isinstance(amount, Decimal)
                yield amount
    for file in delivery.files:
        yield from _file_amounts(file, column)


def _file_amounts(file: CostFile, column: str) -> Iterator[Decimal]:
    with file.open() as stream:
        content = stream.read()
    if file.format is FileFormat.PARQUET:
        import pyarrow.parquet  # noqa: PLC0415 - slow to import, and of use to this suite only

        table = pyarrow.parquet.read_table(io.BytesIO(content), columns=[column])
        amounts = table.column(column).to_pylist()
    else:
        text = gzip.decompress(content) if file.format is FileFormat.CSV_GZIP else content
        amounts = [row[column] for row in csv.DictReader(io.StringIO(text.decode()))]
    # A double becomes the Decimal of its shortest representation.
    yield from (Decimal(str(amount)) for amount in amounts)
