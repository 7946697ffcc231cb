"""The report names what is missing first, is safe to open, and is readable without its pictures."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from skyclust.costs.analysis.breakdown import break_down
from skyclust.costs.analysis.comparison import compare
from skyclust.costs.analysis.summary import summarize
from skyclust.costs.analysis.trend import Grain, trend
from skyclust.costs.budgets.assessment import MonthCost, assess
from skyclust.costs.ledger.currency_days import CurrencyDays
from skyclust.costs.money import exact_text, money_text
from skyclust.costs.report.charts import ForecastDay, bar_chart, trend_chart
from skyclust.costs.report.content import MonthOutlook, ReportData, report_page
from skyclust.costs.report.html_page import html_page
from skyclust.costs.report.markdown_page import MOST_TABLE_ROWS, markdown_page
from skyclust.costs.report.page import ReportPage, Section, Table
from skyclust.costs.report.sparkline import sparkline
from skyclust.model.budget import Budget
from tests.unit.costs.frames import frame

START = date(2026, 3, 1)
HOSTILE = "<script>alert(1)</script>|*[x](javascript:1)"


def _data() -> ReportData:
    days = [START + timedelta(days=number) for number in range(5)]
    costs = frame(
        ["day", "service", "charge_category"],
        *[(day, HOSTILE, "Usage", "EUR", 10 + number) for number, day in enumerate(days[:4])],
    )
    return ReportData(
        workspace="default",
        start=START,
        end=days[-1] + timedelta(days=1),
        summaries=summarize(costs),
        trend={
            "EUR": trend(
                costs, START, days[-1], Grain.DAY, days={"EUR": CurrencyDays(frozenset(days[:3]))}
            )
        },
        outlooks=[
            MonthOutlook(
                "EUR",
                Decimal(300),
                Decimal(280),
                Decimal(330),
                days=[ForecastDay(days[4], Decimal(14), Decimal(12), Decimal(17))],
            )
        ],
        breakdowns={"service": break_down(costs, ["service"])},
        movers=compare(costs, frame(["service"], ("New", "EUR", 9)), ["service"]),
        compared_with=(date(2026, 2, 1), START),
        budgets=[
            assess(
                Budget(name="all", amount=Decimal(50), currency="EUR"),
                MonthCost(START, Decimal(46), Decimal(300)),
            )
        ],
        gaps=["aws 123: no delivery covers 2026-03-05."],
    )


class _Document(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_html_runs_nothing_loads_nothing_and_has_a_table_under_each_chart() -> None:
    document = _Document()
    text = html_page(report_page(_data()))
    document.feed(text)
    tags = [tag for tag, _ in document.tags]
    assert not {"script", "link", "img", "iframe"} & set(tags)
    assert not any(name in {"src", "onload"} for _, given in document.tags for name in given)
    assert tags.count("h1") == 1
    figures = [number for number, tag in enumerate(tags) if tag == "figure"]
    assert len(figures) == 2
    for number in figures:
        rest = tags[number:]
        assert "table" in rest[: rest.index("section") if "section" in rest else None]
    assert all(given.get("role") == "img" for tag, given in document.tags if tag == "svg")
    assert tags.count("caption") == tags.count("table")
    assert all("scope" in given for tag, given in document.tags if tag == "th")


def test_what_is_missing_comes_first() -> None:
    page = report_page(_data())
    assert page.sections[0].alert
    assert "2026-03-05" in page.sections[0].paragraphs[0]
    assert [one.title for one in page.sections if one.alert][1:] == ["Budgets"]


def test_markdown_has_pictures_that_parse_and_no_text_of_a_cloud_as_markup() -> None:
    text = markdown_page(report_page(_data()))
    assert text.count("data:image/svg+xml;base64,") == 2
    assert "<script>" not in text
    assert not re.search(r"(?<!\\)\[x\]", text)


def test_long_tables_are_cut_in_an_artifact_and_whole_in_html() -> None:
    table = Table("T", ("a",), [(f"row {number}",) for number in range(MOST_TABLE_ROWS + 3)])
    page = ReportPage("R", "s", [Section("S", tables=[table])])
    assert "3 more rows" in markdown_page(page)
    assert "row 42" in html_page(page)


@pytest.mark.parametrize("amounts", [[], [Decimal(0)], [Decimal(-5), None, Decimal(9)], [None]])
def test_charts_of_odd_series_are_pictures(amounts: list[Decimal | None]) -> None:
    days = [(START + timedelta(days=number), amount) for number, amount in enumerate(amounts)]
    for svg, _ in (
        trend_chart("T", "EUR", days),
        bar_chart("B", "EUR", [(HOSTILE, amount) for _, amount in days if amount is not None]),
    ):
        ElementTree.fromstring(svg)


def test_a_report_without_costs_states_that_nothing_is_known() -> None:
    nothing = replace(_data(), summaries=[], trend={}, outlooks=[], breakdowns={}, movers=[])
    assert "not known" in markdown_page(report_page(nothing))


def test_amounts() -> None:
    assert money_text(Decimal("1234567.005"), "EUR") == "1,234,567.00 EUR"
    assert money_text(Decimal("0.001")) == "<0.01"
    assert money_text(Decimal(0)) == "0.00"
    assert money_text(None) == "unknown"
    assert [exact_text(Decimal(text)) for text in ("1.500000000000", "1E+3", "0E-12", "-0.1")] == [
        "1.5",
        "1000",
        "0",
        "-0.1",
    ]


def test_a_sparkline_has_gaps() -> None:
    assert sparkline([Decimal(0), Decimal(5), None, Decimal(10)]) == "▁▅·█"
    assert len(sparkline([Decimal(1)] * 90, width=30)) == 30
    assert sparkline([]) == ""
