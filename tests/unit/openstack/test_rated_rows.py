"""A rated point of CloudKitty as a row of FOCUS."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from providers.openstack.rated_points import RatedHour
from providers.openstack.rated_rows import RatedProject, month_of, to_amount, to_row
from skyclust.errors import UnexpectedAnswer

PROJECT = RatedProject("p1", "EUR")
BEGIN, END = datetime(2024, 2, 29, 23, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)
POINT: dict[str, Any] = {
    "vol": {"unit": "GiB", "qty": 1.2},
    "rating": {"price": 0.04},
    "groupby": {"id": "v1", "project_id": "p2"},
    "metadata": {"volume_type": "ssd"},
}


def test_a_point() -> None:
    row = to_row("RegionOne", PROJECT, RatedHour("volume.size", BEGIN, END, POINT))
    expected = {
        "BilledCost": Decimal("0.04"),
        "ConsumedQuantity": Decimal("1.2"),
        "ConsumedUnit": "GiB",
        "BillingAccountId": "p1",
        "SubAccountId": "p2",
        "ResourceId": "v1",
        "ServiceName": "Cinder",
        "ServiceCategory": "Storage",
        "ChargePeriodStart": BEGIN,
        "BillingPeriodStart": datetime(2024, 2, 1, tzinfo=UTC),
        "BillingPeriodEnd": datetime(2024, 3, 1, tzinfo=UTC),
    }
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("metric", "service", "subcategory"),
    [
        ("instance", "Nova", "Virtual Machines"),
        ("volume.size", "Cinder", "Block Storage"),
        ("volume.snapshot.size", "Cinder", "Backup Storage"),
        ("storage", "Cinder", "Block Storage"),
        ("storage.objects.size", "Swift", "Object Storage"),
        ("radosgw.objects.size", "Ceph Object Gateway", "Object Storage"),
        ("ip.floating", "Neutron", "Network Infrastructure"),
        ("network.incoming.bytes.rate", "Neutron", "Network Infrastructure"),
        ("network.services.lb.loadbalancer", "Octavia", "Application Networking"),
    ],
)
def test_a_metric_has_its_service(metric: str, service: str, subcategory: str) -> None:
    row = to_row("RegionOne", PROJECT, RatedHour(metric, BEGIN, END, POINT))
    assert (row["ServiceName"], row["ServiceSubcategory"]) == (service, subcategory)


def test_the_metrics_of_prometheus_are_grouped_by_uuid() -> None:
    point = {"rating": {"price": 1}, "groupby": {"uuid": "server-1", "tenant_id": "p3"}}
    row = to_row("RegionOne", PROJECT, RatedHour("instance", BEGIN, END, point))
    assert (row["ResourceId"], row["SubAccountId"]) == ("server-1", "p3")


def test_an_unknown_metric_is_its_own_service() -> None:
    point = {"rating": {"price": 1}, "groupby": {}}
    row = to_row("RegionOne", PROJECT, RatedHour("carbon", BEGIN, END, point))
    assert (row["ServiceName"], row["ServiceCategory"]) == ("carbon", "Other")
    assert (row["ResourceId"], row["ConsumedQuantity"]) == (None, None)
    assert row["SubAccountId"] == "p1"


@pytest.mark.parametrize(
    ("number", "amount"),
    [
        (0.1 + 0.2, "0.300000000000"),
        (1e-7, "0.000000100000"),
        ("0.04", "0.04"),
        (3, "3"),
        (0, "0"),
    ],
)
def test_an_amount_is_exact(number: object, amount: str) -> None:
    assert to_amount(number) == Decimal(amount)


@pytest.mark.parametrize(
    "value", [None, "", "free", True, [], float("nan"), float("inf"), "NaN", 1e300]
)
def test_what_is_no_number_is_not_free(value: object) -> None:
    with pytest.raises(UnexpectedAnswer):
        to_amount(value)


def test_months_end_with_the_next() -> None:
    assert month_of(date(2026, 12, 31)).end == date(2027, 1, 1)
    assert month_of(date(2024, 2, 29)).end == date(2024, 3, 1)
