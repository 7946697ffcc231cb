"""Advice as a table of the cost report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from skyclust.costs.advice.advising import AdviceReport
from skyclust.costs.advice.records import Advice, ResourceDeletion, Saving
from skyclust.costs.money import UNKNOWN, by_currency, money_text
from skyclust.costs.report.page import Table

MOST_ADVICE: Final = 20


def advice_table(report: AdviceReport, now: datetime, *, most: int = MOST_ADVICE) -> Table:
    """Return the advice with the greatest savings; the notes count what it lacks."""
    rows = [
        (
            saving_text(one.saving),
            one.rule.value,
            f"{one.resource_name} ({one.credential}, {one.region})",
            "; ".join((*one.evidence, *one.saving.remarks)),
            age_text(one.evidence_at, now),
            action_text(one),
        )
        for one in report.advice[:most]
    ]
    return Table(
        caption=caption(report, len(rows)),
        columns=("Saving in 30 days", "Rule", "Resource", "Evidence", "Seen", "What to do"),
        rows=rows,
        numbers=frozenset({0}),
        notes=notes(report),
    )


def caption(report: AdviceReport, shown: int) -> str:
    """Return how much advice there is, what it saves, and how much of it is shown."""
    if not report.advice:
        return "No advice holds now."
    total = by_currency(report.totals) if report.totals else UNKNOWN
    whole = f"{len(report.advice)} pieces of advice, which save {total} in 30 days."
    return f"{whole} The first {shown} are shown." if shown < len(report.advice) else whole


def notes(report: AdviceReport) -> Sequence[str]:
    """Return sentences on what the advice and its total lack; one for each cloud and reason."""
    sentences = []
    if report.unknown:
        sentences.append(f"Pieces of advice whose saving is not known: {report.unknown}.")
    if report.dismissed:
        sentences.append(f"Dismissed pieces of advice: {len(report.dismissed)}.")
    rules: dict[tuple[str, str], dict[int, list[str]]] = {}
    for one in report.not_assessed:
        by_number = rules.setdefault((one.provider, one.reason), {})
        by_number.setdefault(one.number, []).append(one.rule.value)
    for (provider, reason), by_number in sorted(rules.items()):
        numbers = ", ".join(
            f"{number:,} by {' and '.join(names)}" for number, names in sorted(by_number.items())
        )
        sentences.append(f"Not assessed on {provider}: {numbers}, because {reason}.")
    return sentences


def saving_text(saving: Saving) -> str:
    """Return a saving for people; that of a covered resource is marked."""
    text = money_text(saving.amount, saving.currency)
    return f"{text} (covered by a commitment)" if saving.covered else text


def age_text(moment: datetime, now: datetime) -> str:
    """Return how long ago something was observed, in the largest whole unit."""
    minutes = max(int((now - moment).total_seconds()) // 60, 0)
    for size, unit in ((1440, "d"), (60, "h")):
        if minutes >= size:
            return f"{minutes // size} {unit} ago"
    return f"{minutes} min ago"


def action_text(advice: Advice) -> str:
    """Return the change that carries advice out, or what a person does."""
    if advice.action is None:
        return advice.what_to_do
    if isinstance(advice.action, ResourceDeletion):
        return "delete"
    kind = advice.action.kind.value
    return f"{kind} {advice.action.type}" if advice.action.type else kind
