"""What the views of costs print, for people and for programs, of a small ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from skyclust.cli.exits import ExitCode
from skyclust.costs.ledger.cost_query import DIMENSIONS
from skyclust.costs.ledger.storage import open_root
from skyclust.store.engine import open_store
from tests.flows.commands import Commands
from tests.unit.cli.costs import END, FIRST, RANGE, fill_home
from tests.unit.costs.daily_bills import charge, days_between, delivered
from tests.unit.costs.ledger.ledgers import Ledger


@pytest.fixture
def empty(migrated_home: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(capsys)


@pytest.fixture
def commands(empty: Commands) -> Commands:
    fill_home()
    return empty


def test_a_summary_is_by_currency_and_exact(commands: Commands) -> None:
    euro, dollar = commands.json("cost", "summary", *RANGE)
    assert (euro["currency"], euro["effective_cost"], euro["savings"]) == ("EUR", "0.2", None)
    assert dollar == {
        "currency": "USD",
        "gross": "4.4",
        "credits": "0",
        "net": "4.4",
        "tax": "0",
        "effective_cost": "4.4",
        "list_cost": "8.8",
        "savings": "4.4",
        "rows": 4,
        "not_counted": [],
        "list_cost_lacks": [],
    }
    table = commands.run("cost", "summary", *RANGE)
    assert "4.40" in table
    assert "unknown" in table, "savings without a list cost"


def test_a_summary_names_the_clouds_without_a_list_cost(commands: Commands) -> None:
    day = date(2026, 3, 2)
    rows = [charge(day, "3", ListCost=None)]
    delivered(Ledger(open_store(), open_root()), rows, day, END, account="sub", provider="azure")
    dollar = commands.json("cost", "summary", *RANGE)[1]
    assert (dollar["list_cost"], dollar["list_cost_lacks"]) == ("8.8", ["azure"])
    assert "The list cost in USD lacks azure" in commands.said


def test_the_day_that_is_missing_is_named_and_is_not_zero(commands: Commands) -> None:
    points = commands.json("cost", "trend", *RANGE)
    assert "the cost of 1 day is not known, 2026-03-04" in commands.said
    dollars = {one["day"]: one["effective_cost"] for one in points if one["currency"] == "USD"}
    assert dollars["2026-03-04"] is None
    assert "2026-03-07" not in dollars, "--to is exclusive"
    euros = {one["day"]: one["effective_cost"] for one in points if one["currency"] == "EUR"}
    assert euros["2026-03-05"] == "0", "a day that is delivered without a charge"
    table = commands.run("cost", "trend", *RANGE)
    assert "unknown" in table
    assert "USD ██·██" in commands.said


def test_a_step_that_lacks_days_of_an_account_is_partial(commands: Commands) -> None:
    [month] = [
        one
        for one in commands.json("cost", "trend", "--monthly", *RANGE)
        if one["currency"] == "USD"
    ]
    assert (month["effective_cost"], month["known"]) == ("4.4", False)
    assert "partial" in commands.run("cost", "trend", "--monthly", *RANGE)
    days = commands.json("cost", "trend", *RANGE)
    assert [one["known"] for one in days if one["currency"] == "USD"].count(False) == 1
    [gap] = [one for one in days if one["effective_cost"] is None and one["currency"] == "USD"]
    assert (gap["known"], gap["provisional"]) == (False, None)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Los_Angeles"])
def test_the_running_day_is_provisional(empty: Commands, zone: str) -> None:
    now = datetime.now(UTC)
    today, ledger = now.date(), Ledger(open_store(), open_root())
    start, end = today - timedelta(days=3), today + timedelta(days=1)
    charges = [charge(day, "1.1") for day in days_between(start, end)]
    delivered(ledger, charges, start, end, account="1", produced_at=now)
    delivered(ledger, charges[:-2], start, today - timedelta(days=1), account="2")
    around = ("--from", str(start), "--to", str(end), "--time-zone", zone)
    points = empty.json("cost", "trend", *around)
    with_amount = [one for one in points if one["effective_cost"] not in {None, "0"}]
    assert with_amount[-1]["provisional"] is True


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Los_Angeles"])
def test_days_of_a_time_zone_add_up_to_the_range(commands: Commands, zone: str) -> None:
    around = ("--from", "2026-03-01", "--to", "2026-03-08", "--time-zone", zone)
    points = commands.json("cost", "trend", *around)
    known = [
        Decimal(one["effective_cost"])
        for one in points
        if one["currency"] == "USD" and one["effective_cost"]
    ]
    assert sum(known) == Decimal("4.4")
    monthly = commands.json("cost", "trend", "--monthly", *around)
    assert [one["effective_cost"] for one in monthly if one["currency"] == "USD"] == ["4.4"]


def test_a_breakdown_has_names_in_snake_case(commands: Commands) -> None:
    rows = commands.json("cost", "breakdown", "--by", "service", "--by", "tag:team", *RANGE)
    by_service = {row["service"]: row for row in rows}
    assert by_service["=Storage"]["tag:team"] == "Ümlaut"
    assert by_service["Compute"]["share"] == "100"
    assert {"currency", "effective_cost", "billed_cost", "list_cost", "savings"} <= set(rows[0])


@pytest.mark.parametrize(
    ("where", "expected"),
    [("service=Compute", ["4.4"]), ("region=", ["0.2"]), ("service=nothing", [])],
)
def test_where_filters_and_an_empty_value_is_no_value(
    commands: Commands, where: str, expected: list[str]
) -> None:
    rows = commands.json("cost", "summary", "--where", where, *RANGE)
    assert [row["effective_cost"] for row in rows] == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("breakdown", "--by", "colour"), "there is no dimension 'colour'"),
        (("breakdown", "--by", "service", "--by", "region", "--by", "provider"), "3 times"),
        (("summary", "--where", "service"), "is not DIMENSION=VALUE"),
        (("summary", "--from", "2026-03-02", "--to", "2026-03-02"), "leave no day"),
        (("trend", "--time-zone", "Mars/Olympus"), "is no time zone"),
        (("summary", "--from", "yesterday"), "is no day"),
        (("forecast", "--by", "day"), "a forecast is of days already"),
        (("anomalies", "--by", "region"), "neither service nor account"),
        (("report", "--from", "2026-03-02", "--to", "2026-03-02"), "leave no day"),
    ],
)
def test_an_invalid_query_is_refused(
    empty: Commands, arguments: tuple[str, ...], message: str
) -> None:
    empty.run("cost", *arguments, code=2)
    assert message in empty.said


@pytest.mark.parametrize("view", ["summary", "trend", "forecast", "anomalies"])
def test_an_empty_ledger_reports_that_nothing_was_delivered(empty: Commands, view: str) -> None:
    assert empty.json("cost", view) == []
    assert "No costs were ever delivered" in empty.said
    assert empty.run("cost", view) == ""


@pytest.fixture
def two_accounts(commands: Commands) -> Commands:
    """Another account of another provider, which has every day; the first one lacks March 4."""
    ledger = Ledger(open_store(), open_root())
    charges = [charge(day, "2") for day in days_between(FIRST, END)]
    delivered(ledger, charges, FIRST, END, account="whole", provider="gcp")
    return commands


@pytest.mark.parametrize(
    "view",
    [
        ("summary",),
        ("breakdown", "--by", "service"),
        ("trend",),
        ("compare",),
        ("showback", "--by", "service"),
        ("allocation", "--tag", "team"),
    ],
)
@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("billing_account=whole", None),
        ("provider=gcp", None),
        ("provider=aws", "the cost of 1 day is not known, 2026-03-04"),
        ("service=Compute", "the cost of 1 day is not known, 2026-03-04"),
        ("billing_account=none", "No account with these filters was ever delivered"),
    ],
)
def test_gaps_are_those_of_the_accounts_that_the_filters_leave(
    two_accounts: Commands, view: tuple[str, ...], where: str, said: str | None
) -> None:
    two_accounts.run("cost", *view, *RANGE, "--where", where)
    assert said is None or said in two_accounts.said
    assert ("is not known" in two_accounts.said) == ("is not known" in (said or ""))
    if said is not None:
        assert two_accounts.said.count("skyclust cost") == 1


def test_a_day_that_the_filtered_account_has_is_zero_or_known(two_accounts: Commands) -> None:
    """Not unknown because another account lacks it."""
    points = two_accounts.json("cost", "trend", *RANGE, "--where", "billing_account=whole")
    assert {one["effective_cost"] for one in points} == {"2"}
    points = two_accounts.json("cost", "trend", *RANGE, "--source", "export:whole")
    assert {one["effective_cost"] for one in points} == {"2"}
    assert "is not known" not in two_accounts.said


def test_compare_shows_what_is_new(commands: Commands) -> None:
    rows: list[dict[str, Any]] = commands.json(
        "cost", "compare", "--from", "2026-03-05", "--to", "2026-03-07"
    )
    dollars = next(row for row in rows if row["currency"] == "USD")
    assert (dollars["before"], dollars["after"], dollars["percent"]) == ("1.1", "2.2", "100")


def test_a_report_is_one_private_file(
    commands: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    commands.run("cost", "report", *RANGE)
    page = tmp_path / "skyclust-costs-default.html"
    assert "the cost of 1 day is not known" in page.read_text()
    assert page.stat().st_mode & 0o077 == 0
    data = commands.json("cost", "report", *RANGE)
    assert data["summary"][1]["effective_cost"] == "4.4"
    commands.run("cost", "report", *RANGE, "--output", str(tmp_path / "no" / "x.html"), code=2)
    assert "cannot be written" in commands.said


def test_the_error_of_an_unknown_dimension_names_all_that_work(commands: Commands) -> None:
    commands.run("cost", "breakdown", "--by", "nonsense", *RANGE, code=ExitCode.USAGE)
    named = commands.said.partition("Dimensions: ")[2].partition(", tag:KEY")[0].split(", ")
    assert named == [*DIMENSIONS]
    for dimension in (*named, "tag:team"):
        assert commands.json("cost", "breakdown", "--by", dimension, *RANGE), dimension
