"""What exists when the sandbox Azure begins: a new subscription, or one of some age."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from skyclust_sandbox.azure.compute import (
    disks,
    snapshots,
    virtual_machine_images,
    virtual_machines,
)
from skyclust_sandbox.azure.compute.virtual_machine_sizes import SIZES
from skyclust_sandbox.azure.estate.builder import Builder
from skyclust_sandbox.azure.estate.images import build_images
from skyclust_sandbox.azure.estate.vm_plan import SHORT_NAMES, SITES, Machine, Site, plan_machines
from skyclust_sandbox.azure.locations import LOCATIONS
from skyclust_sandbox.azure.network import (
    load_balancers,
    network_interfaces,
    network_security_groups,
    public_ip_addresses,
)
from skyclust_sandbox.azure.responses import timestamp, today
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tenants import MAIN_TENANT, TENANTS
from skyclust_sandbox.azure.tracked_resources import properties
from skyclust_sandbox.seeds import Seed

DEFAULT_GROUP: Final = "default"

_ADMINISTRATOR: Final = "ops"
_KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHgVbFNhdW5kYm94RXN0YXRlS2V5 ops@contoso"


def begin(state: State, seed: Seed) -> None:
    """Make what a seed has: the same, down to the ids, in every run."""
    with state.identifiers.planned("estate"):
        _begin(state, seed)


def _begin(state: State, seed: Seed) -> None:
    for tenant in TENANTS:
        for number, location in enumerate(LOCATIONS):
            Builder(state, tenant.subscription, location).network(
                DEFAULT_GROUP,
                f"default-{location}",
                f"10.{number}.0.0/16",
                {"default": f"10.{number}.0.0/20"},
            )
    if seed is Seed.ESTATE:
        for location in SITES:
            _build_site(Builder(state, MAIN_TENANT.subscription, location), SITES[location])


def _build_site(builder: Builder, site: Site) -> None:
    dice = random.Random(f"estate in {builder.location}")  # noqa: S311 - a plan, not a secret
    group = f"rg-network-{site.short}"
    cidrs = {
        f"snet-{short}": f"10.{site.number}.{16 * index}.0/20"
        for index, short in enumerate(SHORT_NAMES.values())
    }
    prefix = f"10.{site.number}.0.0/16"
    network = builder.network(group, f"vnet-{site.short}", prefix, cidrs)
    walls = {
        short: builder.make(
            network_security_groups.KIND,
            group,
            f"nsg-{short}-{site.short}",
            properties={"securityRules": list(_rules(short))},
        )
        for short in SHORT_NAMES.values()
    }
    pools: dict[str, str] = {}
    for planned in plan_machines(builder.location):
        short = SHORT_NAMES.get(planned.environment, "dev")
        pool = _pool(builder, planned, pools) if planned.balanced else None
        subnet_id = f"{network.id}/subnets/snet-{short}"
        machine = _build_machine(builder, planned, subnet_id, walls[short], pool)
        _age(builder.state, machine, planned, dice)
        if planned.data_gib is not None and planned.environment == "production":
            _build_backups(builder, machine, dice)
    _build_leftovers(builder, site, f"{network.id}/subnets/snet-dev")
    build_images(builder, site)


def _rules(short: str) -> Iterator[dict[str, Any]]:
    opened = [("https", "443", "Internet"), ("ssh", "22", "10.0.0.0/8")]
    if short == "dev":  # somebody opened it for an afternoon
        opened.append(("ssh-anywhere", "22", "*"))
    for index, (name, port, source) in enumerate(opened):
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


def _pool(builder: Builder, planned: Machine, pools: dict[str, str]) -> str:
    """Return the id of the backend pool of a machine's application, made when it is the first."""
    if planned.group not in pools:
        name = planned.group.removeprefix("rg-")
        address = _public_address(builder, planned.group, f"pip-lb-{name}")
        front = {"name": "front", "properties": {"publicIPAddress": {"id": address.id}}}
        balancer = builder.make(
            load_balancers.KIND,
            planned.group,
            f"lb-{name}",
            sku={"name": "Standard"},
            tags=dict(planned.tags),
            properties={
                "frontendIPConfigurations": [front],
                "backendAddressPools": [{"name": "web"}],
                "probes": [{"name": "https", "properties": {"protocol": "Tcp", "port": 443}}],
            },
        )
        pools[planned.group] = f"{balancer.id}/backendAddressPools/web"
    return pools[planned.group]


def _public_address(builder: Builder, group: str, name: str, **more: Any) -> Resource:
    return builder.make(
        public_ip_addresses.KIND,
        group,
        name,
        sku={"name": "Standard"},
        properties={"publicIPAllocationMethod": "Static", **more},
    )


def _build_machine(
    builder: Builder, planned: Machine, subnet_id: str, wall: Resource, pool: str | None
) -> Resource:
    configured: dict[str, Any] = {"subnet": {"id": subnet_id}}
    if planned.public:
        address = _public_address(builder, planned.group, f"{planned.name}-ip")
        configured["publicIPAddress"] = {"id": address.id}
    if pool is not None:
        configured["loadBalancerBackendAddressPools"] = [{"id": pool}]
    interface = builder.make(
        network_interfaces.KIND,
        planned.group,
        f"{planned.name}-nic",
        tags=dict(planned.tags),
        properties={
            "ipConfigurations": [{"name": "ipconfig1", "properties": configured}],
            "networkSecurityGroup": {"id": wall.id},
        },
    )
    body: dict[str, Any] = {"tags": dict(planned.tags)} if planned.tags else {}
    if planned.zone:
        body["zones"] = [planned.zone]
    return builder.make(
        virtual_machines.KIND,
        planned.group,
        planned.name,
        **body,
        properties={
            "hardwareProfile": {"vmSize": planned.size},
            "storageProfile": _storage(planned),
            "osProfile": {
                "computerName": planned.name,
                "adminUsername": _ADMINISTRATOR,
                "linuxConfiguration": {
                    "disablePasswordAuthentication": True,
                    "ssh": {
                        "publicKeys": [
                            {
                                "path": f"/home/{_ADMINISTRATOR}/.ssh/authorized_keys",
                                "keyData": _KEY,
                            }
                        ]
                    },
                },
            },
            "networkProfile": {
                "networkInterfaces": [{"id": interface.id, "properties": {"primary": True}}]
            },
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": bool(planned.environment)}},
        },
    )


def _storage(planned: Machine) -> dict[str, Any]:
    arm = SIZES[planned.size.lower()].architecture == "Arm64"
    line = next(
        line
        for line in virtual_machine_images.LINES
        if line.offer == ("debian-12" if planned.age_days < 400 else "ubuntu-24_04-lts")
        and (line.architecture == "Arm64") is arm
    )
    system = {"createOption": "FromImage", "managedDisk": {"storageAccountType": "Premium_LRS"}}
    image = {"publisher": line.publisher, "offer": line.offer, "sku": line.sku}
    storage: dict[str, Any] = {"imageReference": {**image, "version": "latest"}, "osDisk": system}
    if planned.data_gib is not None:
        disk = {"lun": 0, "createOption": "Empty", "diskSizeGB": planned.data_gib}
        storage["dataDisks"] = [{**disk, "name": f"{planned.name}-data"}]
    return storage


def _age(state: State, machine: Resource, planned: Machine, dice: random.Random) -> None:
    """Let a machine have been there for its time, and stand as planned."""
    made = timestamp(today() - timedelta(days=planned.age_days))
    properties(machine)["timeCreated"] = made
    machine.power, machine.boots = planned.power, [made]
    for disk in disks.of_machine(state, machine):
        properties(disk)["timeCreated"] = made
        disk.body["tags"] = dict(planned.tags)
    disks.follow_power(state, machine)
    # Azure itself is not of one mind about the spelling of a group in an id.
    if dice.random() < 0.3:
        managed = properties(machine)["storageProfile"]["osDisk"]["managedDisk"]
        managed["id"] = managed["id"].replace(planned.group, planned.group.upper())


def _build_backups(builder: Builder, machine: Resource, dice: random.Random) -> None:
    """Make the snapshots that a nightly job keeps of a database's disk."""
    for part in properties(machine)["storageProfile"]["dataDisks"]:
        for days in range(1, dice.randint(2, 4)):
            snapshot = builder.make(
                snapshots.KIND,
                machine.group,
                f"snap-{part['name']}-{days}d",
                tags={"job": "nightly-backup"},
                properties={
                    "creationData": {
                        "createOption": "Copy",
                        "sourceResourceId": part["managedDisk"]["id"],
                    },
                    "incremental": True,
                },
            )
            when = today() - timedelta(days=days)
            properties(snapshot)["timeCreated"] = timestamp(when)


def _build_leftovers(builder: Builder, site: Site, subnet_id: str) -> None:
    """Make what nobody uses any more."""
    for number in range(1, 4):
        disk = builder.make(
            disks.KIND,
            "rg-leftovers",
            f"disk-old-{site.short}-{number}",
            sku={"name": "Premium_LRS"},
            properties={"creationData": {"createOption": "Empty"}, "diskSizeGB": 128 * number},
        )
        when = today() - timedelta(days=200 * number)
        properties(disk)["timeCreated"] = timestamp(when)
    _public_address(builder, "rg-leftovers", f"pip-old-{site.short}")
    builder.make(
        network_interfaces.KIND,
        "rg-leftovers",
        f"nic-old-{site.short}",
        properties={
            "ipConfigurations": [{"name": "ipconfig1", "properties": {"subnet": {"id": subnet_id}}}]
        },
    )
