"""Bills of the largest amounts that are taken: every view shows them, and none is a traceback."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.flows.commands import Commands

LARGEST = "9" * 17 + "." + "9" * 12
RANGE = ("--from", "2026-03-01", "--to", "2026-03-03")


@pytest.fixture
def commands(migrated_home: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(capsys)


def written(path: Path, account: str, cost: str, rows: int) -> str:
    row = {
        "BillingAccountId": account,
        "BillingAccountName": account,
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-03-01T00:00:00Z",
        "BillingPeriodEnd": "2026-04-01T00:00:00Z",
        "ChargePeriodStart": "2026-03-02T00:00:00Z",
        "ChargePeriodEnd": "2026-03-03T00:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeDescription": "",
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ListCost": cost,
        "ContractedCost": cost,
        "InvoiceIssuerName": "AWS",
        "PricingQuantity": "",
        "PricingUnit": "",
        "ProviderName": "AWS",
        "PublisherName": "AWS",
        "ResourceId": "i-1",
        "ServiceCategory": "Compute",
        "ServiceName": "EC2",
        "SubAccountId": account,
    }
    with path.open("w", newline="") as file:
        sheet = csv.DictWriter(file, list(row))
        sheet.writeheader()
        sheet.writerows([row] * rows)
    return str(path)


def test_a_cost_of_26_digits_is_refused_with_its_row_and_column(
    commands: Commands, tmp_path: Path
) -> None:
    bill = written(tmp_path / "a.csv", "1", "9" * 26, 3)
    table = commands.run("cost", "import", bill, code=2)
    assert "a.csv: row 1, column BilledCost" in commands.said
    assert "more than 17 digits before the point" in " ".join(commands.said.split())
    assert "failed" in table
    assert commands.json("cost", "deliveries") == []


def test_every_view_shows_the_largest_amounts(commands: Commands, tmp_path: Path) -> None:
    for account in ("1", "2"):
        commands.run("cost", "import", written(tmp_path / f"{account}.csv", account, LARGEST, 20))
    expected = "3999999999999999999.99999999996"
    [summary] = commands.json("cost", "summary", *RANGE)
    assert summary["net"] == expected
    for by in ("resource", "service", "day"):
        [row] = commands.json("cost", "breakdown", "--by", by, *RANGE)
        assert row["billed_cost"] == expected
    for view in (
        ("summary",),
        ("breakdown", "--by", "billing_account", "--by", "resource"),
        ("trend",),
        ("trend", "--monthly"),
        ("compare",),
        ("showback", "--by", "service"),
        ("anomalies",),
        ("reconcile",),
        ("export", str(tmp_path / "out.csv"), "--format", "focus-csv"),
    ):
        commands.run("cost", *view, *RANGE)
        assert "Traceback" not in commands.said
