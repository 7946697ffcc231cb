"""The forecast and the anomalies of a ledger that was filled until yesterday, by command."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from skyclust.costs.ledger.storage import open_root
from skyclust.store.engine import open_store
from tests.flows.commands import Commands
from tests.unit.costs.daily_bills import charge, days_between, delivered
from tests.unit.costs.ledger.ledgers import Ledger

TODAY = datetime.now(UTC).date()
FIRST = TODAY - timedelta(days=100)
SPIKE = TODAY - timedelta(days=8)
"""A day that is complete, whatever the source changes late."""


def _fill() -> None:
    """100 USD of compute and 5 USD of storage a day, and 300 USD more on i-9 on one day."""
    ledger = Ledger(open_store(), open_root())
    days = days_between(FIRST, TODAY)
    charges = [charge(day, "100.25") for day in days]
    charges += [charge(day, "5", ServiceName="Storage", ResourceId="d-1") for day in days]
    charges.append(charge(SPIKE, "300", ResourceId="i-9"))
    delivered(ledger, charges, FIRST, TODAY)


@pytest.fixture
def commands(migrated_home: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    _fill()
    return Commands(capsys)


def _days_of_the_month() -> int:
    first = TODAY.replace(day=1)
    return ((first + timedelta(days=32)).replace(day=1) - first).days


def test_the_month_is_forecast_with_its_interval(commands: Commands) -> None:
    [row] = commands.json("cost", "forecast")
    spike = Decimal(300) if SPIKE.month == TODAY.month else Decimal(0)
    expected = Decimal("105.25") * _days_of_the_month() + spike
    assert row["currency"] == "USD"
    so_far = Decimal("105.25") * (TODAY.day - 1) + spike
    assert Decimal(row["so_far"]) == so_far
    forecast, lower, upper = (Decimal(row[name]) for name in ("forecast", "lower", "upper"))
    assert abs(forecast - expected) < 60, row
    assert so_far <= lower <= forecast <= upper
    assert row["missing_days"] == 0
    assert row["reason"].startswith("smallest error in the backtest")
    ahead = [date.fromisoformat(day["day"]) for day in row["days"]]
    following = TODAY.replace(day=1) + timedelta(days=_days_of_the_month())
    assert ahead == days_between(ahead[0], following)
    assert all(Decimal(day["lower"]) <= Decimal(day["forecast"]) for day in row["days"])
    table = commands.run("cost", "forecast")
    assert f"Forecast of {TODAY:%Y-%m}" in table + commands.said
    assert "USD" in table


def test_each_service_is_forecast(commands: Commands) -> None:
    rows = commands.json("cost", "forecast", "--by", "service")
    assert [row["service"] for row in rows] == ["Compute", "Storage"]
    assert Decimal(rows[1]["so_far"]) == 5 * (TODAY.day - 1)
    table = commands.run("cost", "forecast", "--by", "service", "--where", "service=Storage")
    assert "Storage" in table
    assert "Compute" not in table
    assert "days already" in _refused(commands, "cost", "forecast", "--by", "day")


def test_the_day_that_cost_more_is_found_with_its_cause(commands: Commands) -> None:
    [row] = commands.json("cost", "anomalies")
    assert (row["service"], row["currency"]) == ("Compute", "USD")
    assert row["days"] == [SPIKE.isoformat()]
    assert Decimal(row["actual"]) == Decimal("400.25")
    assert abs(Decimal(row["impact"]) - 300) < 1
    assert (row["direction"], row["ongoing"], row["level_shift"]) == ("increase", False, False)
    causes = {cause["dimension"]: cause for cause in row["causes"]}
    assert causes["resource"]["value"] == "i-9"
    assert Decimal(causes["resource"]["share"]) == 1
    table = commands.run("cost", "anomalies")
    assert SPIKE.isoformat() in table
    assert "300.00" in table
    assert "resource i-9" in table
    assert commands.json("cost", "anomalies", "--where", "service=Storage") == []
    assert commands.json("cost", "anomalies", "--by", "account")[0]["account"]
    assert "neither service nor account" in _refused(commands, "cost", "anomalies", "--by", "tag:x")


def test_the_report_has_the_anomalies_of_the_list(commands: Commands) -> None:
    assert commands.json("cost", "report")["anomalies"] == commands.json("cost", "anomalies")


def test_an_empty_ledger_has_no_forecast_and_says_why(
    migrated_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = Commands(capsys)
    assert empty.json("cost", "forecast") == []
    assert empty.json("cost", "anomalies") == []
    assert "No costs" in empty.said


def _refused(commands: Commands, *arguments: str) -> str:
    commands.run(*arguments, code=2)
    return commands.said
