"""The bill of the seeded estate: its resources as the generator takes them, and Google's names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from skyclust_sandbox.billing.bill import Bill
from skyclust_sandbox.billing.catalog import Catalog, Meter, Service
from skyclust_sandbox.billing.resources import BilledKind, BilledResource
from skyclust_sandbox.billing.state import sample_resources
from skyclust_sandbox.gcp.bigquery.names import BILLING_ACCOUNT
from skyclust_sandbox.gcp.identity import MAIN_PROJECT
from skyclust_sandbox.gcp.links import name_in
from skyclust_sandbox.gcp.list_prices import hour_prices
from skyclust_sandbox.gcp.locations import region_of
from skyclust_sandbox.gcp.responses import Resource
from skyclust_sandbox.gcp.state import Project

CARRIED_OVER_DAYS: Final = 1
"""Egress of the last day of a month is invoiced in the month after."""

_COMPUTE, _STORAGE, _NETWORK, _OTHER = "Compute", "Storage", "Networking", "Other"
CATALOG: Final = Catalog(
    provider="Google Cloud",
    invoice_issuer="Google Cloud EMEA Limited",
    billing_account_id=BILLING_ACCOUNT,
    billing_account_name="Acme",
    billing_account_type="Billing Account",
    sub_account_type="Project",
    sub_accounts={"sandbox-project": "sandbox-project"},
    region_names={
        "asia-southeast1": "Singapore",
        "europe-west1": "Belgium",
        "europe-west3": "Frankfurt",
        "us-central1": "Iowa",
        "us-east1": "South Carolina",
    },
    instance_prices=hour_prices(),
    services={
        Meter.COMPUTE: Service(
            "Compute Engine", _COMPUTE, "Virtual Machines", "hour", Decimal("0.1"), "Instance"
        ),
        Meter.DISK: Service(
            "Compute Engine", _STORAGE, "Block Storage", "gibibyte month", Decimal("0.12"), "Disk"
        ),
        Meter.SNAPSHOT: Service(
            "Compute Engine", _STORAGE, "Backup", "gibibyte month", Decimal("0.06"), "Snapshot"
        ),
        Meter.ADDRESS: Service(
            "Networking", _NETWORK, "Network Infrastructure", "hour", Decimal("0.005"), "Address"
        ),
        Meter.EGRESS: Service(
            "Networking", _NETWORK, "Content Delivery", "gibibyte", Decimal("0.085"), "Instance"
        ),
        Meter.SUPPORT: Service("Support", _OTHER, "Other (Other)"),
        Meter.TAX: Service("Invoice", _OTHER, "Other (Other)"),
        Meter.CREDIT: Service("Invoice", _OTHER, "Other (Other)"),
        Meter.COMMITMENT: Service("Compute Engine", _COMPUTE, "Virtual Machines", "hour"),
    },
    commitment_id="415926535897/flexible-commitment",
    commitment_name="Compute flexible commitment",
    commitment_type="Committed Use Discount",
)


def estate_bill(project: Project, today: date) -> Bill:
    """Return the bill of the resources of a project, up to yesterday."""
    resources = sorted(billed_resources(project), key=lambda resource: resource.id)
    return Bill(CATALOG, resources, today, carried_over_days=CARRIED_OVER_DAYS)


def sample_bill(count: int, today: date) -> Bill:
    """Return the bill of so many generated instances, with their disks and an address."""
    regions, types = ("europe-west3", "us-central1"), ("e2-medium", "n2-standard-4")
    resources = sample_resources(count, regions, types, (MAIN_PROJECT,))
    return Bill(CATALOG, resources, today, carried_over_days=CARRIED_OVER_DAYS)


def billed_resources(project: Project) -> Iterator[BilledResource]:
    """Yield the instances, disks, static addresses and snapshots of a project."""
    for instance in project.list_all("instances"):
        yield _instance(project, instance)
    for disk in project.list_all("disks"):
        yield _disk(project, disk)
    for address in project.list_all("addresses"):
        yield _plain(project, address, BilledKind.ADDRESS, "external", _region(address))
    for snapshot in project.list_all("snapshots"):
        size = int(snapshot["storageBytes"]) // 2**30
        region = snapshot["storageLocations"][0]
        yield _plain(project, snapshot, BilledKind.SNAPSHOT, "standard", region, size_gb=size)


def global_name(project: Project, link: str, number: str) -> str:
    """Return the name that the billing export has for a resource: by numbers, not by names.

    `//compute.googleapis.com/projects/NUMBER/zones/ZONE/instances/ID`, see
    https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/detailed-usage.
    """
    path = link.partition(f"/projects/{project.name}/")[2].rpartition("/")[0]
    return f"//compute.googleapis.com/projects/{project.number}/{path}/{number}"


def _instance(project: Project, item: Resource) -> BilledResource:
    stopped = item.get("lastStopTimestamp") if item["status"] == "TERMINATED" else None
    interfaces = item["networkInterfaces"]
    zone = name_in(item["zone"])
    return BilledResource(
        id=global_name(project, item["selfLink"], item["id"]),
        kind=BilledKind.INSTANCE,
        type=name_in(item["machineType"]),
        region=region_of(zone),
        zone=zone,
        created_at=_day_time(item["creationTimestamp"]),
        name=item["name"],
        sub_account=project.name,
        tags=dict(item.get("labels", {})),
        stopped_at=_day_time(stopped) if stopped else None,
        public=any(interface.get("accessConfigs") for interface in interfaces),
    )


def _disk(project: Project, item: Resource) -> BilledResource:
    users = item.get("users", [])
    owner = None
    if users:
        zone, name = users[0].split("/")[-3], name_in(users[0])
        instance = project.collection("instances", f"zones/{zone}")[name]
        owner = global_name(project, instance["selfLink"], instance["id"])
    kind = name_in(item["type"])
    size = int(item["sizeGb"])
    return _plain(
        project, item, BilledKind.DISK, kind, _region(item), size_gb=size, attached_to=owner
    )


def _plain(
    project: Project,
    item: Resource,
    kind: BilledKind,
    kind_type: str,
    region: str,
    *,
    size_gb: int = 0,
    attached_to: str | None = None,
) -> BilledResource:
    return BilledResource(
        id=global_name(project, item["selfLink"], item["id"]),
        kind=kind,
        type=kind_type,
        region=region,
        zone=name_in(item["zone"]) if "zone" in item else None,
        created_at=_day_time(item["creationTimestamp"]),
        name=item["name"],
        sub_account=project.name,
        tags=dict(item.get("labels", {})),
        size_gb=size_gb,
        attached_to=attached_to,
    )


def _region(item: Resource) -> str:
    """Return the region of a zonal or regional resource, `global` for others."""
    if "zone" in item:
        return region_of(name_in(item["zone"]))
    return name_in(item.get("region", "global"))


def _day_time(timestamp: str) -> datetime:
    """Return a timestamp in UTC without minutes: ages of the estate count from its last reset."""
    return (
        datetime.fromisoformat(timestamp).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    )
