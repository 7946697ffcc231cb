"""A bill that does not count is visible: in the table of its import, and wherever it is missing."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.flows.commands import Commands

RANGE = ("--from", "2026-03-01", "--to", "2026-03-03")


@pytest.fixture
def commands(migrated_home: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(capsys)


def written(path: Path, account: str, provider: str, cost: str, currency: str) -> str:
    row = {
        "BillingAccountId": account,
        "BillingCurrency": currency,
        "BillingPeriodStart": "2026-03-01T00:00:00Z",
        "BillingPeriodEnd": "2026-04-01T00:00:00Z",
        "ChargePeriodStart": "2026-03-02T00:00:00Z",
        "ChargePeriodEnd": "2026-03-03T00:00:00Z",
        "BillingAccountName": account,
        "ChargeCategory": "Usage",
        "ChargeClass": "",
        "ChargeDescription": "",
        "PricingQuantity": "",
        "PricingUnit": "",
        "PublisherName": provider,
        "ServiceCategory": "",
        "ServiceName": "",
        "BilledCost": cost,
        "EffectiveCost": cost,
        "ListCost": cost,
        "ContractedCost": cost,
        "InvoiceIssuerName": provider,
        "ProviderName": provider,
        "SubAccountId": "default",
    }
    with path.open("w", newline="") as file:
        sheet = csv.DictWriter(file, list(row))
        sheet.writeheader()
        sheet.writerow(row)
    return str(path)


def test_bills_of_two_providers_with_equal_sub_accounts_both_count(
    commands: Commands, tmp_path: Path
) -> None:
    for name, cost, currency in (("HosterA", "100", "EUR"), ("HosterB", "250", "USD")):
        commands.json(
            "cost", "import", written(tmp_path / f"{name}.csv", name, name, cost, currency)
        )
    found = commands.json("cost", "summary", *RANGE)
    assert {row["currency"]: row["net"] for row in found} == {"EUR": "100", "USD": "250"}
    assert "in no sum" not in commands.said


def test_a_shadow_is_named_by_its_import_and_by_every_sum_that_lacks_it(
    commands: Commands, tmp_path: Path
) -> None:
    commands.json("cost", "import", written(tmp_path / "a.csv", "1", "HosterA", "100", "EUR"))
    second = written(tmp_path / "b.csv", "1", "HosterB", "250", "USD")
    commands.run("cost", "import", second, "--source", "B")
    assert "file:B 2026-03: Shadow, not counted: file:a counts for 1." in commands.said
    [again] = commands.json("cost", "import", second, "--source", "B")["deliveries"]
    assert (again["state"], again["shadow"]) == ("unchanged", True)
    assert again["reason"] == "Shadow, not counted: file:a counts for 1."
    missing = {
        "billing_account": "1",
        "source": "file:B",
        "provider": "hosterb",
        "days": ["2026-03-02"],
    }
    for view in (("summary",), ("breakdown", "--by", "service"), ("trend",)):
        rows = commands.json("cost", *view, *RANGE)
        assert [row["not_counted"] for row in rows] == [[missing]] * len(rows)
        assert "1 (file:B) is a shadow" in commands.said
        commands.json("cost", *view, *RANGE, "--where", "provider=hostera")
        assert "is a shadow" not in commands.said
        commands.json("cost", *view, *RANGE, "--source", "file:B")
        assert "is a shadow" not in commands.said
