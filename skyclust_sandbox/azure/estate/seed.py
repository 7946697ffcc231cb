"""Creates the resources of a seed: an empty subscription, or the estate of a company.

The estate is the same in every run, including all ids; ages count back from today.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from skyclust_sandbox.azure.compute import disks, snapshots
from skyclust_sandbox.azure.estate.builder import Builder
from skyclust_sandbox.azure.estate.images import create_images
from skyclust_sandbox.azure.estate.virtual_machines import create_vm
from skyclust_sandbox.azure.estate.vm_plan import SHORT_NAMES, SITES, PlannedVm, Site, plan_vms
from skyclust_sandbox.azure.locations import LOCATIONS
from skyclust_sandbox.azure.network import (
    load_balancers,
    network_interfaces,
    network_security_groups,
)
from skyclust_sandbox.azure.responses import start_of_today, timestamp
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tenants import MAIN_TENANT, TENANTS
from skyclust_sandbox.seeds import Seed

DEFAULT_GROUP: Final = "default"


def create_seed_resources(state: State, seed: Seed) -> None:
    """Create the resources of a seed: the same, including all ids, in every run."""
    with state.identifiers.seeded("estate"):
        _create_default_networks(state)
        if seed is Seed.ESTATE:
            for location, site in SITES.items():
                _create_site(Builder(state, MAIN_TENANT.subscription, location), site)


def _create_default_networks(state: State) -> None:
    for tenant in TENANTS:
        for number, location in enumerate(LOCATIONS):
            Builder(state, tenant.subscription, location).create_network(
                DEFAULT_GROUP,
                f"default-{location}",
                f"10.{number}.0.0/16",
                {"default": f"10.{number}.0.0/20"},
            )


def _create_site(builder: Builder, site: Site) -> None:
    seed = f"estate in {builder.location}"  # another seed would change the whole estate
    generator = random.Random(seed)  # noqa: S311 - reproducible resources, not a secret
    network = _create_network(builder, site)
    security_groups = _create_security_groups(builder, site)
    pool_ids: dict[str, str] = {}
    for planned in plan_vms(builder.location):
        short = SHORT_NAMES.get(planned.environment, "dev")
        pool_id = _backend_pool(builder, planned, pool_ids) if planned.balanced else None
        subnet_id = f"{network.id}/subnets/snet-{short}"
        vm = create_vm(builder, planned, subnet_id, security_groups[short].id, pool_id)
        _backdate(builder.state, vm, planned, generator)
        if planned.data_gib is not None and planned.environment == "production":
            _create_backups(builder, vm, generator)
    _create_unused_resources(builder, site, f"{network.id}/subnets/snet-dev")
    create_images(builder, site)


def _create_network(builder: Builder, site: Site) -> Resource:
    subnets = {
        f"snet-{short}": f"10.{site.number}.{16 * index}.0/20"
        for index, short in enumerate(SHORT_NAMES.values())
    }
    prefix = f"10.{site.number}.0.0/16"
    return builder.create_network(f"rg-network-{site.short}", f"vnet-{site.short}", prefix, subnets)


def _create_security_groups(builder: Builder, site: Site) -> dict[str, Resource]:
    """Create the network security group of each environment, and return them by short name."""
    return {
        short: builder.create(
            network_security_groups.RESOURCE_TYPE,
            f"rg-network-{site.short}",
            f"nsg-{short}-{site.short}",
            properties={"securityRules": list(_security_rules(short))},
        )
        for short in SHORT_NAMES.values()
    }


def _security_rules(short: str) -> Iterator[dict[str, Any]]:
    rules = [("https", "443", "Internet"), ("ssh", "22", "10.0.0.0/8")]
    if short == "dev":  # a temporary rule that nobody has removed
        rules.append(("ssh-anywhere", "22", "*"))
    for index, (name, port, source) in enumerate(rules):
        yield {
            "name": f"allow-{name}",
            "properties": {
                "protocol": "Tcp",
                "direction": "Inbound",
                "access": "Allow",
                "priority": 100 + 10 * index,
                "sourceAddressPrefix": source,
                "sourcePortRange": "*",
                "destinationAddressPrefix": "*",
                "destinationPortRange": port,
            },
        }


def _backend_pool(builder: Builder, planned: PlannedVm, pool_ids: dict[str, str]) -> str:
    """Return the backend pool id of a VM's resource group, from its load balancer.

    Creates the load balancer for the first VM; `pool_ids` has the pools by resource group.
    """
    if planned.group not in pool_ids:
        name = planned.group.removeprefix("rg-")
        address = builder.create_public_address(planned.group, f"pip-lb-{name}")
        frontend = {"name": "front", "properties": {"publicIPAddress": {"id": address.id}}}
        balancer = builder.create(
            load_balancers.RESOURCE_TYPE,
            planned.group,
            f"lb-{name}",
            sku={"name": "Standard"},
            tags=dict(planned.tags),
            properties={
                "frontendIPConfigurations": [frontend],
                "backendAddressPools": [{"name": "web"}],
                "probes": [{"name": "https", "properties": {"protocol": "Tcp", "port": 443}}],
            },
        )
        pool_ids[planned.group] = f"{balancer.id}/backendAddressPools/web"
    return pool_ids[planned.group]


def _backdate(state: State, vm: Resource, planned: PlannedVm, generator: random.Random) -> None:
    """Set the creation time, the power state and the disk tags that the plan gives a VM."""
    created = timestamp(start_of_today() - timedelta(days=planned.age_days))
    vm.properties["timeCreated"] = created
    vm.power, vm.boots = planned.power, [created]
    for disk in disks.disks_of_vm(state, vm):
        disk.properties["timeCreated"] = created
        disk.body["tags"] = dict(planned.tags)
    disks.update_disk_states(state, vm)
    # Azure itself is inconsistent about the case of a resource group in an id.
    if generator.random() < 0.3:
        managed_disk = vm.properties["storageProfile"]["osDisk"]["managedDisk"]
        managed_disk["id"] = managed_disk["id"].replace(planned.group, planned.group.upper())


def _create_backups(builder: Builder, vm: Resource, generator: random.Random) -> None:
    """Create the nightly snapshots of a database VM's data disks."""
    for disk in vm.properties["storageProfile"]["dataDisks"]:
        for days in range(1, generator.randint(2, 4)):
            snapshot = builder.create(
                snapshots.RESOURCE_TYPE,
                vm.group,
                f"snap-{disk['name']}-{days}d",
                tags={"job": "nightly-backup"},
                properties={
                    "creationData": {
                        "createOption": "Copy",
                        "sourceResourceId": disk["managedDisk"]["id"],
                    },
                    "incremental": True,
                },
            )
            created = start_of_today() - timedelta(days=days)
            snapshot.properties["timeCreated"] = timestamp(created)


def _create_unused_resources(builder: Builder, site: Site, subnet_id: str) -> None:
    """Create disks, a public IP address and a network interface that nothing uses."""
    group = "rg-leftovers"
    for number in range(1, 4):
        disk = builder.create(
            disks.RESOURCE_TYPE,
            group,
            f"disk-old-{site.short}-{number}",
            sku={"name": "Premium_LRS"},
            properties={"creationData": {"createOption": "Empty"}, "diskSizeGB": 128 * number},
        )
        created = start_of_today() - timedelta(days=200 * number)
        disk.properties["timeCreated"] = timestamp(created)
    builder.create_public_address(group, f"pip-old-{site.short}")
    ip_configuration = {"name": "ipconfig1", "properties": {"subnet": {"id": subnet_id}}}
    builder.create(
        network_interfaces.RESOURCE_TYPE,
        group,
        f"nic-old-{site.short}",
        properties={"ipConfigurations": [ip_configuration]},
    )
