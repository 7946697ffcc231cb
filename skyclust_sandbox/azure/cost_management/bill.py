"""The bill of the main subscription, from its resources or from a sample.

A bill is made at its first query, and kept until midnight (UTC), a reset or a publication. A VM
that was deallocated has been so for the last thirty days of the bill.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from skyclust_sandbox.azure.compute import disks, snapshots, virtual_machines
from skyclust_sandbox.azure.cost_management.catalog import CATALOG, SUBSCRIPTION_ID
from skyclust_sandbox.azure.network import public_ip_addresses
from skyclust_sandbox.azure.responses import start_of_today
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tenants import MAIN_TENANT
from skyclust_sandbox.billing.bill import Bill
from skyclust_sandbox.billing.resources import BilledKind, BilledResource
from skyclust_sandbox.billing.state import sample_resources

_SAMPLE_REGIONS: Final = ("westeurope", "eastus", "northeurope")
_SAMPLE_TYPES: Final = ("Standard_D2s_v5", "Standard_E4s_v5")
_STOPPED_DAYS: Final = 30


def current_bill(state: State) -> Bill:
    """Return the bill of the main subscription, as its resources were at the first query."""
    today = datetime.now(UTC).date()
    billing = state.conditions.billing
    key = (today, billing.sample)
    if state.bill is None or state.bill[0] != key:
        if billing.sample is None:
            bill = Bill(CATALOG, list(_billed_resources(state)), today)
        else:
            bill = sample_bill(billing.sample, today)
        state.bill = (key, bill)
    return state.bill[1]


def sample_bill(count: int, today: date) -> Bill:
    """Return the bill of a sample of so many instances, the same in every process."""
    sample = sample_resources(count, _SAMPLE_REGIONS, _SAMPLE_TYPES, [SUBSCRIPTION_ID])
    return Bill(CATALOG, [_renamed(resource) for resource in sample], today)


def _renamed(resource: BilledResource) -> BilledResource:
    """Return a resource of a sample under ids of Azure."""
    kinds = {
        BilledKind.INSTANCE: virtual_machines.RESOURCE_TYPE,
        BilledKind.DISK: disks.RESOURCE_TYPE,
        BilledKind.ADDRESS: public_ip_addresses.RESOURCE_TYPE,
        BilledKind.SNAPSHOT: snapshots.RESOURCE_TYPE,
    }
    group = f"{SUBSCRIPTION_ID}/resourcegroups/rg-sample/providers"
    fields = {**vars(resource), "id": f"{group}/{kinds[resource.kind]}/{resource.id}".lower()}
    return BilledResource(**fields)


def _billed_resources(state: State) -> Iterator[BilledResource]:
    def of_type(resource_type: str) -> list[Resource]:
        found = state.resources.of_type(MAIN_TENANT.subscription, resource_type)
        return sorted(found, key=lambda resource: resource.id.lower())

    vm_ids: dict[str, str] = {}
    for vm in of_type(virtual_machines.RESOURCE_TYPE):
        vm_ids.update({disk.id.lower(): vm.id for disk in disks.disks_of_vm(state, vm)})
        yield _billed(
            vm,
            BilledKind.INSTANCE,
            type=vm.properties["hardwareProfile"]["vmSize"],
            stopped_at=None if vm.power in {"running", "stopped"} else _stop_time(vm),
            public=vm.name.endswith("1"),
        )
    for disk in of_type(disks.RESOURCE_TYPE):
        yield _billed(
            disk,
            BilledKind.DISK,
            type=disk.body.get("sku", {}).get("name", "Standard_LRS"),
            size_gb=int(disk.properties.get("diskSizeGB") or 30),
            attached_to=vm_ids.get(disk.id.lower()),
        )
    for snapshot in of_type(snapshots.RESOURCE_TYPE):
        size = int(snapshot.properties.get("diskSizeGB") or 30)
        yield _billed(snapshot, BilledKind.SNAPSHOT, type="Standard_LRS", size_gb=size)
    for address in of_type(public_ip_addresses.RESOURCE_TYPE):
        yield _billed(address, BilledKind.ADDRESS, type="Standard")


def _billed(resource: Resource, kind: BilledKind, **fields: object) -> BilledResource:
    created = resource.properties.get("timeCreated")
    known = {
        "id": resource.id.lower(),
        "kind": kind,
        "region": resource.location,
        "created_at": datetime.fromisoformat(created) if created else _long_ago(),
        "name": resource.name,
        "zone": next(iter(resource.body.get("zones") or []), None),
        "sub_account": SUBSCRIPTION_ID,
        "tags": dict(resource.body.get("tags") or {}),
    }
    return BilledResource(**{**known, **fields})  # type: ignore[arg-type]  # the fields by name


def _stop_time(vm: Resource) -> datetime:
    created = vm.properties.get("timeCreated")
    stopped = start_of_today() - timedelta(days=_STOPPED_DAYS)
    return max(stopped, datetime.fromisoformat(created)) if created else stopped


def _long_ago() -> datetime:
    return start_of_today() - timedelta(days=365)
