"""Costs of the sandbox's subscription: the charges of its bill, by day and by type."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from providers.azure.credential import AzureCredential
from providers.azure.provider import AzureProvider
from skyclust.contract import ALL_CHARGES, CostMetric, FocusRow
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.billing.bill import Bill, Publication
from tests.fixtures.azure import AzureSandbox
from tests.fixtures.focus_values import assert_values_of_focus
from tests.integration.azure.billed_sample import credential_of, rows_of, total

pytestmark = pytest.mark.integration


def test_the_rows_of_a_month_are_its_charges(provider: AzureProvider, bill: Bill) -> None:
    period = bill.restated_period
    rows = rows_of(provider, period, bill.open_period)
    assert total(rows, "BilledCost") == bill.total(period, Publication.FIRST)
    assert total(rows, "EffectiveCost") == bill.total(period, Publication.FIRST, "EffectiveCost")
    assert {row["ChargeCategory"] for row in rows} == {"Usage", "Purchase", "Tax", "Credit"}
    assert {row["RegionId"] for row in rows} == {"westeurope", "eastus", "northeurope", None}
    assert all(row["ListCost"] is None and row["ContractedCost"] is None for row in rows)
    assert_values_of_focus(rows)


def test_a_savings_plan_adds_up(provider: AzureProvider, bill: Bill) -> None:
    """What was used and what was not used of a plan is what was paid for it."""
    rows = rows_of(provider, bill.restated_period, bill.open_period)
    plan = [row for row in rows if row["CommitmentDiscountId"] is not None]
    used = [row for row in plan if row["CommitmentDiscountStatus"] == "Used"]
    unused = [row for row in plan if row["CommitmentDiscountStatus"] == "Unused"]
    purchases = [row for row in plan if row["ChargeCategory"] == "Purchase"]
    assert used
    assert unused
    assert total(used + unused, "EffectiveCost") == total(purchases, "BilledCost") > 0
    assert total(purchases, "EffectiveCost") == total(used + unused, "BilledCost") == 0


def test_totals_stand_apart_by_category(provider: AzureProvider, bill: Bill) -> None:
    period = bill.restated_period
    sums: dict[str, Decimal] = {}
    for each in provider.cost_totals(period, bill.open_period):
        if each.metric is CostMetric.BILLED:
            sums[each.scope] = each.amount
    scopes = {"Usage": "usage and purchases", "Purchase": "usage and purchases", "Tax": "tax"}
    charged: defaultdict[str, Decimal] = defaultdict(Decimal)
    for charge in bill.charges(period, Publication.FIRST):
        category = str(charge.common["ChargeCategory"])
        charged[scopes.get(category, "credits")] += charge.billed_cost
    assert sums.pop(ALL_CHARGES) == bill.total(period, Publication.FIRST)
    assert sums == charged
    assert sums["credits"] < 0


def test_a_late_day_and_a_restated_month_are_read(
    provider: AzureProvider, bill: Bill, azure_sandbox: AzureSandbox
) -> None:
    late, following = bill.late_day, bill.late_day + timedelta(days=1)

    def usage() -> list[FocusRow]:
        rows = rows_of(provider, late, following)
        return [row for row in rows if row["x_ChargeType"] == "Usage"]

    assert usage() == []
    azure_sandbox.publish_next_bill()
    assert usage()
    azure_sandbox.publish_next_bill()
    rows = rows_of(provider, bill.restated_period, bill.open_period)
    assert total(rows, "BilledCost") == bill.total(bill.restated_period, Publication.RESTATED)


def test_an_estate_has_costs_of_its_resources(
    credential: AzureCredential, azure_estate: AzureSandbox, today: date
) -> None:
    """The ids of charges are those of the inventory."""
    assert azure_estate.subscription_id
    provider = AzureProvider(credential)
    rows = rows_of(provider, today - timedelta(days=4), today - timedelta(days=2))
    pages = provider.list_account(ResourceKind.INSTANCE)
    instances = {resource.id for page in pages for resource in page.resources}
    billed = {row["ResourceId"] for row in rows if row["ServiceName"] == "Virtual Machines"}
    assert billed
    assert billed <= instances


def test_days_that_are_not_over_are_not_claimed(
    provider: AzureProvider, bill: Bill, today: date
) -> None:
    deliveries = list(provider.list_deliveries(bill.restated_period, today + timedelta(days=40)))
    assert deliveries[-1].complete_to == today
    assert deliveries[-1].provisional
    assert list(provider.list_deliveries(today, today + timedelta(days=3))) == []


def test_an_empty_subscription_has_no_rows(provider: AzureProvider, today: date) -> None:
    """The first bill of an empty subscription: Azure answers, and there are no charges."""
    start = today - timedelta(days=3)
    assert rows_of(provider, start, today) == []
    assert provider.cost_totals(start, today) == []


def test_costs_beside_imported_exports_are_shadows(azure_sandbox: AzureSandbox, bill: Bill) -> None:
    """They are compared with the exports of the same account, and never added to them."""
    account = bill.catalog.billing_account_id
    provider = AzureProvider(credential_of(azure_sandbox, cost_billing_account=account))
    start, end = bill.open_period - timedelta(days=2), bill.open_period
    [delivery] = provider.list_deliveries(start, end)
    assert (delivery.shadow, delivery.billing_account_id) == (True, account)
    assert {row["BillingAccountId"] for row in rows_of(provider, start, end)} == {account}
    totals = provider.cost_totals(start, end)
    assert {(each.billing_account_id, each.sub_account_id) for each in totals} == {
        (account, f"/subscriptions/{azure_sandbox.subscription_id}")
    }


def test_an_export_has_the_costs_of_the_bill(
    azure_sandbox: AzureSandbox, bill: Bill, tmp_path: Path
) -> None:
    manifests = azure_sandbox.export_costs(tmp_path)
    assert len(manifests) == len(bill.periods())
    documents = [json.loads(manifest.read_text()) for manifest in manifests]
    assert [document["dataRowCount"] for document in documents] == [
        len(bill.charges(period, Publication.FIRST)) for period in bill.periods()
    ]
