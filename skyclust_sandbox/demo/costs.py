"""The cost page of the demo: what five clouds cost, by provider and service, and the report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from skyclust.costs.analysis.frames import records
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.money import money_text
from skyclust.costs.reconciliation.ledger_sums import reconcile_workspaces
from skyclust.costs.reconciliation.report import ReconciliationReport
from skyclust.model.cost_metric import CostMetric
from skyclust.store import price_books
from skyclust.store.engine import Store, open_store
from skyclust_sandbox.billing.rows import month_of
from skyclust_sandbox.demo.tables import WORKSPACE, show_rows
from skyclust_sandbox.processes import CLOUDS
from skyclust_sandbox.proxmox.price_book import NAME

BILLED: Final = ("aws", "azure", "gcp", "openstack")
"""The clouds that have a bill; Proxmox VE is priced by a price book, from its second day on."""

MOST_SERVICES: Final = 6
REPORT: Final = "costs.html"
ALL_CHARGES: Final = "all charges"


def collected_days() -> tuple[date, date]:
    """Return the days that the demo collects: the month of yesterday, and today.

    Without a range `cost collect` reads the month before too, which takes twice as long.
    """
    today = datetime.now(UTC).date()
    return month_of(today - timedelta(days=1)), today + timedelta(days=1)


def show_costs() -> None:
    """Show what each provider cost, and the services that cost most."""
    show_rows("What each cloud cost", _by_provider(open_store()))
    show_rows("The services that cost most", _by_service(open_store()))


def collect_command() -> Sequence[str]:
    """Return the command that collects the bills."""
    return ("cost", "collect", "--from", f"{collected_days()[0]}")


def report_command(home: Path) -> Sequence[str]:
    """Return the command that writes the report, a page for the browser."""
    start = f"{collected_days()[0]}"
    return ("cost", "report", "--from", start, "--output", str(home / REPORT))


def every_bill_is_collected(store: Store) -> str:
    """Return which clouds with a bill have no costs; empty if all have."""
    missing = set(BILLED) - {str(row["provider"]) for row in _amounts(store, "provider")}
    return f"there are no costs of {', '.join(sorted(missing))}" if missing else ""


def ledger_adds_up(store: Store) -> str:
    """Return what is not equal to the totals of the clouds, to the cent; empty if all is.

    Each account and month with a bill must have a total of all charges, of both metrics where the
    cloud states both.
    """
    report = _reconciled(store)
    if report.partial:
        return f"{report.differences} totals differ from what the clouds state"
    whole = [
        one
        for one in report.comparisons
        if one.scope == ALL_CHARGES and one.metric is CostMetric.BILLED and one.theirs is not None
    ]
    unequal = [
        f"{one.billing_account_id} in {one.period}: {one.ours} and {one.theirs}"
        for one in whole
        if one.ours is None or one.theirs is None or abs(one.ours - one.theirs) >= Decimal("0.01")
    ]
    if unequal:
        return "; ".join(unequal)
    accounts = {one.billing_account_id for one in whole}
    return "" if len(accounts) == len(BILLED) else f"totals of {len(accounts)} accounts only"


def nothing_is_invented(store: Store) -> str:
    """Return whether Proxmox VE has a price book, and no costs of days that nobody read."""
    with store.reading() as connection:
        names = {one.name for one in price_books.list_all(connection, WORKSPACE)}
    if NAME not in names:
        return f"there is no price book {NAME}"
    invented = [row for row in _amounts(store, "provider") if row["provider"] == "proxmox"]
    return f"Proxmox VE has costs before its first whole day: {invented}" if invented else ""


def _by_provider(store: Store) -> list[dict[str, object]]:
    rows = [
        {
            "cloud": row["provider"],
            "billed": money_text(row["billed_cost"], row["currency"]),
            "effective": money_text(row["effective_cost"], row["currency"]),
            "savings": money_text(row["savings"], row["currency"]),
        }
        for row in _amounts(store, "provider")
    ]
    known = {row["cloud"] for row in rows}
    unknown = "unknown: the inventory has not seen a whole day"
    return rows + [
        {"cloud": cloud, "billed": unknown, "effective": "", "savings": ""}
        for cloud in CLOUDS
        if cloud not in known
    ]


def _by_service(store: Store) -> list[dict[str, object]]:
    rows = sorted(
        _amounts(store, "provider", "service"), key=lambda row: row["effective_cost"], reverse=True
    )
    return [
        {
            "service": row["service"],
            "cloud": row["provider"],
            "effective": money_text(row["effective_cost"], row["currency"]),
        }
        for row in rows[:MOST_SERVICES]
    ]


def _amounts(store: Store, *by: str) -> list[dict[str, Any]]:
    start, end = collected_days()
    frame = query_costs(store, [WORKSPACE], CostQuery(start=start, end=end, by=by))
    return list(records(frame.sort_values(list(by))))


def _reconciled(store: Store) -> ReconciliationReport:
    return reconcile_workspaces(store, [WORKSPACE], *collected_days())[WORKSPACE]
