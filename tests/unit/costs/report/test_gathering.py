"""The report has what the ledger has, names what it lacks, and adds up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from skyclust.cli.machine_formats import json_text
from skyclust.costs.anomalies.rows import anomaly_row
from skyclust.costs.report.anomaly_table import anomaly_table
from skyclust.costs.report.content import ReportData, report_page
from skyclust.costs.report.gathering import gather_report, report_range
from skyclust.costs.report.headline import headline
from skyclust.costs.report.markdown_page import markdown_page
from skyclust.costs.report.record import report_record
from skyclust.errors import NotFound
from skyclust.model.budget import Budget, Threshold
from skyclust.model.cost_settings import CostSettings
from skyclust.store import budgets, cost_settings, cost_totals
from skyclust.store.cost_heads import PeriodKey
from skyclust.store.cost_totals import SourceTotal
from tests.unit.costs.bills import ACCOUNT
from tests.unit.costs.daily_bills import charge, days_between, delivered
from tests.unit.costs.ledger.ledgers import Ledger
from tests.unit.costs.report.conftest import FIRST, SPIKE, TODAY

START = date(2026, 4, 21)


def gathered(ledger: Ledger, start: date = START, end: date = TODAY) -> ReportData:
    return gather_report(ledger.store, "default", start, end, today=TODAY, root=ledger.root)


def test_amounts_add_up_by_currency(filled: Ledger) -> None:
    data = gathered(filled)
    assert {one.currency: one.effective_cost for one in data.summaries} == {
        "EUR": Decimal(28 * 3),
        "USD": Decimal(30 * 10 + 90 + 19),
    }
    for dimension in ("service", "provider", "billing_account", "region"):
        sums: dict[str, Decimal] = {}
        for row in data.breakdowns[dimension]:
            sums[row.currency] = sums.get(row.currency, Decimal(0)) + row.amount
        assert sums == {one.currency: one.effective_cost for one in data.summaries}
    known = [point.amount for point in data.trend["USD"] if point.amount is not None]
    assert sum(known) == Decimal(409)


def test_days_that_an_account_lacks_are_a_gap_and_never_zero(filled: Ledger) -> None:
    data = gathered(filled)
    assert [point.amount for point in data.trend["EUR"]][-2:] == [None, None]
    assert [gap for gap in data.gaps if "other" in gap] == [
        "other (export:other): the cost of 2 days is not known, 2026-05-19 to 2026-05-20."
    ]
    # The account that is late does not hide what is known of the other.
    assert data.trend["USD"][-1].amount == Decimal(10)
    assert report_page(data).sections[0].alert


def test_the_month_is_forecast_by_currency_from_today_on(filled: Ledger) -> None:
    outlooks = {one.currency: one for one in gathered(filled).outlooks}
    assert outlooks["USD"].total == pytest.approx(Decimal(31 * 10 + 90 + 19), abs=Decimal(2))
    assert outlooks["EUR"].total == pytest.approx(Decimal(31 * 3), abs=Decimal(1))
    assert [day.day for day in outlooks["USD"].days] == days_between(TODAY, date(2026, 6, 1))


def test_a_report_of_a_past_month_has_no_forecast_and_no_budgets(filled: Ledger) -> None:
    with filled.store.writing() as connection:
        budgets.save(connection, "default", Budget(name="all", amount=Decimal(1), currency="USD"))
    data = gathered(filled, date(2026, 4, 1), date(2026, 5, 1))
    assert (data.outlooks, data.budgets) == ((), ())
    assert data.compared_with == (date(2026, 3, 1), date(2026, 4, 1))


def test_an_anomaly_names_the_resource(filled: Ledger) -> None:
    data = gathered(filled)
    [found] = data.anomalies or ()
    assert found.impact == 90
    [row] = anomaly_table([found]).rows
    assert row[:2] == ("Compute", "2026-05-12")
    assert row[4] == "+90.00 USD"
    assert "resource i-9 (100%)" in row[6]


def test_movers_compare_with_the_days_before(filled: Ledger) -> None:
    data = gathered(filled, SPIKE, TODAY)
    usd = {one.values[0]: one for one in data.movers if one.currency == "USD"}
    assert data.compared_with == (date(2026, 5, 3), SPIKE)
    assert (usd["Compute"].before, usd["Compute"].change) == (Decimal(90), Decimal(90))


def test_without_days_to_compare_with_nothing_is_called_new(filled: Ledger) -> None:
    assert not gathered(filled, FIRST, TODAY).movers
    partly = gathered(filled, FIRST + timedelta(days=10), FIRST + timedelta(days=30))
    assert any("10 days are not known in full" in gap for gap in partly.gaps)


def test_a_day_that_one_account_has_is_not_known_in_full(filled: Ledger) -> None:
    early = FIRST - timedelta(days=1)
    delivered(filled, [charge(early, "5")], early, TODAY, account="early")
    data = gathered(filled, FIRST + timedelta(days=9), FIRST + timedelta(days=19))
    assert data.compared_with == (early, FIRST + timedelta(days=9))
    [sentence] = [gap for gap in data.gaps if "compared with" in gap]
    assert sentence.endswith("1 day is not known in full: changes are overstated.")
    first = gathered(filled, early, FIRST).trend["USD"][0]
    assert (first.amount, first.is_partial) == (Decimal(5), True)


def test_budgets_are_assessed_with_and_without_filters_that_rollups_have(filled: Ledger) -> None:
    planned = [
        Budget(name="all", amount=Decimal(300), currency="USD"),
        Budget(
            name="storage", amount=Decimal(93), currency="EUR", filters={"service": ("Storage",)}
        ),
        Budget(
            name="web",
            amount=Decimal(400),
            currency="USD",
            filters={"tag:team": ("web",)},
            thresholds=(Threshold(percent=Decimal(50)),),
        ),
    ]
    with filled.store.writing() as connection:
        for budget in planned:
            budgets.save(connection, "default", budget)
    states = {one.budget.name: one for one in gathered(filled).budgets}
    assert states["all"].cost.actual == Decimal(200 + 90 + 19)
    assert states["all"].cost.not_counted == {"EUR": Decimal(54)}
    assert "100 % actual" in map(str, states["all"].reached)
    assert states["storage"].cost.actual == Decimal(18 * 3)
    assert states["storage"].forecast_percent == pytest.approx(Decimal(100), abs=1)
    assert states["web"].cost.actual == Decimal(200 + 19)


def test_allocation_tags_are_broken_down(filled: Ledger) -> None:
    with filled.store.writing() as connection:
        cost_settings.save(connection, "default", CostSettings(allocation_tags=("team",)))
    rows = gathered(filled).breakdowns["tag:team"]
    usd = {row.values[0]: row.amount for row in rows if row.currency == "USD"}
    assert usd == {"web": Decimal(319), None: Decimal(90)}
    assert "Cost by tag team in USD" in markdown_page(report_page(gathered(filled)))


def test_a_total_that_differs_is_a_sentence(filled: Ledger) -> None:
    april = date(2026, 4, 1)
    total = SourceTotal(
        key=PeriodKey(f"export:{ACCOUNT}", ACCOUNT, april),
        metric="billed_cost",
        currency="USD",
        amount=Decimal(330),
        scope="all charges",
        first_day=None,
        end_day=None,
        invoice_id=None,
        sub_account_id=None,
        read_at=datetime(2026, 5, 5, tzinfo=UTC),
    )
    with filled.store.writing() as connection:
        cost_totals.replace(connection, "default", total.key, [total])
    [sentence] = [gap for gap in gathered(filled).gaps if "2026-04:" in gap]
    assert "has 319.00 USD billed cost, the source states 330.00 USD: -11.00" in sentence


def test_a_workspace_without_costs_has_one_gap(ledger: Ledger) -> None:
    data = gathered(ledger)
    assert data.gaps == ["No costs were ever delivered to this workspace."]
    assert "no known costs" in headline(data)
    with pytest.raises(NotFound):
        gather_report(ledger.store, "nowhere", START, TODAY, today=TODAY, root=ledger.root)


def test_the_headline_and_the_record(filled: Ledger) -> None:
    data = gathered(filled)
    line = headline(data)
    assert line.startswith("default: 84.00 EUR + 409.00 USD from 2026-04-21 until 2026-05-21")
    assert "1 anomaly; 1 gap or difference." in line
    record = report_record(data)
    assert record["summary"][1]["effective_cost"] == Decimal(409)
    assert '"effective_cost": "409"' in json_text(record)
    assert record["trend"][-1]["day"] == "2026-05-20"
    [anomaly] = record["anomalies"]
    assert anomaly == anomaly_row((data.anomalies or [])[0], "service")
    assert (anomaly["service"], anomaly["days"], anomaly["impact"]) == (
        "Compute",
        ["2026-05-12"],
        90,
    )
    assert '"impact": "90"' in json_text(record)
    assert record["advice"] == []


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, (date(2026, 4, 21), TODAY)),
        (None, date(2026, 5, 1), (date(2026, 4, 1), date(2026, 5, 1))),
        (date(2026, 5, 1), None, (date(2026, 5, 1), TODAY)),
        (TODAY, None, (TODAY, date(2026, 5, 22))),
    ],
)
def test_the_default_range(
    start: date | None, end: date | None, expected: tuple[date, date]
) -> None:
    assert report_range(start, end, TODAY) == expected
