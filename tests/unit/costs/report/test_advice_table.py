"""The table of advice has a short caption; what it lacks is a list below it."""

from __future__ import annotations

from dataclasses import replace

from skyclust.costs.advice.advising import AdviceReport
from skyclust.costs.advice.records import UNKNOWN_SAVING, AdviceRule, NotAssessed
from skyclust.costs.advice.rules import make_advice
from skyclust.costs.report.advice_table import advice_table
from skyclust.costs.report.html_page import html_page
from skyclust.costs.report.markdown_page import markdown_page
from skyclust.costs.report.page import ReportPage, Section
from tests.unit.costs.advice.estates import NOW, disk

IDLE, OVERSIZED = AdviceRule.IDLE_INSTANCE, AdviceRule.OVERSIZED_INSTANCE
SKIPPED = [
    NotAssessed("gcp", IDLE, 4, "of <this>"),
    NotAssessed("gcp", OVERSIZED, 4, "of <this>"),
    NotAssessed("aws", IDLE, 2, "of that"),
    NotAssessed("aws", OVERSIZED, 3, "of that"),
]
FOUND = [
    make_advice(AdviceRule.UNATTACHED_DISK, disk(name, []), UNKNOWN_SAVING, [], "")
    for name in ("vol-1", "vol-2")
]
REPORT = AdviceReport(FOUND, FOUND[:1], SKIPPED, {})


def test_what_is_not_assessed_is_one_note_for_a_cloud_and_reason() -> None:
    table = advice_table(REPORT, NOW, most=1)
    assert table.caption == (
        "2 pieces of advice, which save unknown in 30 days. The first 1 are shown."
    )
    assert table.notes == [
        "Pieces of advice whose saving is not known: 2.",
        "Dismissed pieces of advice: 1.",
        "Not assessed on aws: 2 by idle-instance, 3 by oversized-instance, because of that.",
        "Not assessed on gcp: 4 by idle-instance and oversized-instance, because of <this>.",
    ]
    none = advice_table(replace(REPORT, advice=[], dismissed=[], not_assessed=[]), NOW)
    assert (none.caption, none.notes) == ("No advice holds now.", [])


def test_notes_are_a_list_below_the_table() -> None:
    page = ReportPage("R", "s", [Section("Advice", tables=[advice_table(REPORT, NOW)])])
    html = html_page(page)
    assert html.index("</table>") < html.index("<ul><li>Pieces of advice whose")
    assert "because of &lt;this&gt;.</li>" in html
    assert "\n- Not assessed on aws: 2 by" in markdown_page(page)
