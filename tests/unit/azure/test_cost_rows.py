"""Costs as rows of FOCUS, names of regions, bodies of queries, and the waits of throttled ones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from providers.azure.cost_queries import DETAILED, ChargeKey, definition
from providers.azure.cost_regions import region_id
from providers.azure.cost_rows import resource_type, to_row
from providers.azure.cost_throttling import azure_retry_after
from providers.azure.costs import _months
from skyclust.contract import BillingPeriod, CostMetric
from skyclust_sandbox.azure.cost_management.definitions import read_definition
from skyclust_sandbox.azure.cost_management.dimensions import _BILLED_LOCATIONS

SUBSCRIPTION = "/subscriptions/s"
PERIOD = BillingPeriod(date(2026, 1, 1), date(2026, 2, 1))
VM = "/subscriptions/s/resourcegroups/rg/providers/microsoft.compute/virtualmachines/web"
NOW = datetime(2026, 1, 31, tzinfo=UTC)
QPU = "x-ms-ratelimit-microsoft.costmanagement-qpu-retry-after"
TENANT = "X-Ms-RateLimit-Microsoft.CostManagement-Tenant-Retry-After"


def row(billed: str | None = "1", effective: str | None = "1", **labels: str) -> dict[str, object]:
    """Return the row of a charge of 31 January 2026."""
    key = ChargeKey(date(2026, 1, 31), "EUR", tuple(labels.items()))
    amounts = {CostMetric.BILLED: billed, CostMetric.EFFECTIVE: effective}
    known = {metric: Decimal(text) for metric, text in amounts.items() if text is not None}
    return to_row(key, known, PERIOD, SUBSCRIPTION, SUBSCRIPTION)


def test_a_charge_of_a_resource_becomes_a_row() -> None:
    whole = row(
        ResourceId=VM,
        ResourceLocation="EU West",
        ServiceName="Virtual Machines",
        ChargeType="Usage",
        PricingModel="OnDemand",
    )
    expected = {
        "BilledCost": Decimal(1),
        "EffectiveCost": Decimal(1),
        "BillingCurrency": "EUR",
        "BillingPeriodStart": datetime(2026, 1, 1, tzinfo=UTC),
        "BillingPeriodEnd": datetime(2026, 2, 1, tzinfo=UTC),
        "ChargePeriodStart": datetime(2026, 1, 31, tzinfo=UTC),
        "ChargePeriodEnd": datetime(2026, 2, 1, tzinfo=UTC),
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "PricingCategory": "Standard",
        "RegionId": "westeurope",
        "ResourceId": VM,
        "ResourceName": "web",
        "ResourceType": "microsoft.compute/virtualmachines",
        "ServiceCategory": "Compute",
        "SubAccountId": SUBSCRIPTION,
        "CommitmentDiscountId": None,
    }
    assert {column: whole[column] for column in expected} == expected


def test_unknown_costs_stay_unknown_and_unreported_ones_are_zero() -> None:
    purchase = row("100", None, ChargeType="Purchase", PricingModel="SavingsPlan")
    assert (purchase["ListCost"], purchase["ContractedCost"]) == (None, None)
    assert (purchase["BilledCost"], purchase["EffectiveCost"]) == (100, 0)


@pytest.mark.parametrize(
    ("charge_type", "model", "category", "charge_class", "pricing", "status"),
    [
        ("Usage", "SavingsPlan", "Usage", None, "Committed", "Used"),
        ("Usage", "Spot", "Usage", None, "Dynamic", None),
        ("UnusedSavingsPlan", "", "Usage", None, "Committed", "Unused"),
        ("UnusedReservation", "Reservation", "Usage", None, "Committed", "Unused"),
        ("Purchase", "Reservation", "Purchase", None, "Committed", None),
        ("Refund", "Reservation", "Purchase", "Correction", "Committed", None),
        ("Refund", "OnDemand", "Usage", "Correction", "Standard", None),
        ("Tax", "", "Tax", None, None, None),
        ("Credit", "", "Credit", None, None, None),
        ("RoundingAdjustment", "", "Adjustment", None, None, None),
        ("SomethingNew", "", "Adjustment", None, None, None),
        ("", "", "Adjustment", None, None, None),
    ],
)
def test_types_of_charges_are_those_of_focus(
    charge_type: str,
    model: str,
    category: str,
    charge_class: str | None,
    pricing: str | None,
    status: str | None,
) -> None:
    whole = row(ChargeType=charge_type, PricingModel=model, BenefitId="/plan")
    assert whole["ChargeCategory"] == category
    assert whole["ChargeClass"] == charge_class
    assert whole["PricingCategory"] == pricing
    assert whole["CommitmentDiscountStatus"] == status
    assert whole["x_ChargeType"] == (charge_type or None)
    assert (whole["CommitmentDiscountId"] == "/plan") is (pricing == "Committed")


@pytest.mark.parametrize(
    ("location", "region"),
    [
        ("westeurope", "westeurope"),
        ("West Europe", "westeurope"),
        ("EU North", "northeurope"),
        ("us east 2", "eastus2"),
        ("US West Central", "westcentralus"),
        ("US South Central", "southcentralus"),
        ("AP Southeast", "southeastasia"),
        ("IN Central", "centralindia"),
        ("AU Southeast", "australiasoutheast"),
        ("AU Central 2", "australiacentral2"),
        ("DE West Central", "germanywestcentral"),
        ("JA East", "japaneast"),
        ("UK South", "uksouth"),
        ("Global", "global"),
        ("Unassigned", None),
        ("Unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_locations_of_bills_are_regions_of_resource_manager(
    location: str | None, region: str | None
) -> None:
    assert region_id(location) == region


def test_the_names_of_the_sandbox_are_read_back() -> None:
    assert {region_id(name) for name in _BILLED_LOCATIONS.values()} == set(_BILLED_LOCATIONS)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (VM, "microsoft.compute/virtualmachines"),
        (f"{VM}/extensions/agent", "microsoft.compute/virtualmachines/extensions"),
        ("/subscriptions/s/resourcegroups/rg", None),
        (None, None),
    ],
)
def test_the_type_is_in_the_id_of_a_resource(resource: str | None, expected: str | None) -> None:
    assert resource_type(resource) == expected


def test_a_query_of_a_half_open_range_includes_its_last_day() -> None:
    body = definition(CostMetric.EFFECTIVE, "Daily", DETAILED, date(2026, 1, 1), date(2026, 2, 1))
    read = read_definition(body)
    assert (read.start, read.end) == (date(2026, 1, 1), date(2026, 1, 31))
    assert (read.type, read.granularity, read.amounts) == ("AmortizedCost", "Daily", ("Cost",))
    assert [name for _, name in read.groupings] == list(DETAILED)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({QPU: "7"}, 7.0),
        ({QPU: "7", TENANT: "40", "Retry-After": "20"}, 40.0),
        ({QPU: "soon", "Retry-After": "3"}, 3.0),
        ({"x-ms-ratelimit-microsoft.consumption-retry-after": "5"}, 5.0),
        ({"x-ms-ratelimit-microsoft.costmanagement-qpu-remaining": "9"}, None),
        ({}, None),
    ],
)
def test_a_throttled_query_waits_for_the_longest_limit(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert azure_retry_after(headers, NOW) == seconds


def test_a_range_is_split_at_the_ends_of_months() -> None:
    months = list(_months(date(2025, 12, 30), date(2026, 2, 2)))
    assert [(str(period), first, last) for period, first, last in months] == [
        ("2025-12", date(2025, 12, 30), date(2026, 1, 1)),
        ("2026-01", date(2026, 1, 1), date(2026, 2, 1)),
        ("2026-02", date(2026, 2, 1), date(2026, 2, 2)),
    ]
    assert list(_months(date(2026, 2, 2), date(2026, 2, 2))) == []
