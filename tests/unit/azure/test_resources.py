"""What Azure tells of disks, snapshots, images and networks, in our words."""

from __future__ import annotations

from typing import Any

import pytest

from providers.azure.addresses import to_address
from providers.azure.disks import to_disk
from providers.azure.firewalls import to_firewall
from providers.azure.images import to_image
from providers.azure.load_balancers import to_load_balancer
from providers.azure.networks import to_network, to_subnet, to_subnets
from providers.azure.snapshots import to_snapshot
from skyclust.model.resource import ResourceState

GROUP = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/Shop"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
COMPUTE = f"{GROUP}/providers/Microsoft.Compute"


def thing(kind: str, name: str, *, top: dict[str, Any] | None = None, **told: Any) -> Any:
    provider = COMPUTE if kind in {"disks", "snapshots", "images"} else NETWORK
    properties = {"provisioningState": "Succeeded", **told}
    return {
        "id": f"{provider}/{kind}/{name}",
        "name": name,
        "location": "westeurope",
        "properties": properties,
        **(top or {}),
    }


def test_a_disk() -> None:
    machine = f"{COMPUTE}/virtualMachines/Web"
    disk = to_disk(
        thing(
            "disks",
            "Data",
            top={"sku": {"name": "Premium_LRS"}, "zones": ["1"], "managedBy": machine},
            diskSizeGB=128,
            diskState="Attached",
            diskIOPSReadWrite=500,
            diskMBpsReadWrite=100,
            timeCreated="2026-01-02T03:04:05Z",
            creationData={"createOption": "Copy", "sourceResourceId": f"{COMPUTE}/snapshots/S"},
        )
    )
    assert (disk.id, disk.zone, disk.state) == (f"{COMPUTE}/disks/Data".lower(), "1", "in_use")
    assert disk.native_state == "Attached"
    assert disk.attributes == {
        "attached_to": [machine.lower()],
        "device": None,
        "encrypted": True,
        "iops": 500,
        "size_gib": 128,
        "snapshot": f"{COMPUTE}/snapshots/S".lower(),
        "throughput_mibps": 95.4,
        "type": "Premium_LRS",
    }


@pytest.mark.parametrize(
    ("provisioning", "disk_state", "state", "native"),
    [
        ("Succeeded", "Unattached", ResourceState.AVAILABLE, "Unattached"),
        ("Succeeded", "Reserved", ResourceState.IN_USE, "Reserved"),
        ("Succeeded", "ActiveUpload", ResourceState.PENDING, "ActiveUpload"),
        ("Succeeded", "BrandNew", ResourceState.UPDATING, "BrandNew"),
        ("Creating", "Unattached", ResourceState.PENDING, "Creating"),
        ("Deleting", "Unattached", ResourceState.DELETING, "Deleting"),
        ("Failed", "Unattached", ResourceState.ERROR, "Failed"),
        ("Succeeded", None, ResourceState.UPDATING, "Succeeded"),
    ],
)
def test_states_of_disks(
    provisioning: str, disk_state: str | None, state: ResourceState, native: str
) -> None:
    disk = to_disk(thing("disks", "d", provisioningState=provisioning, diskState=disk_state))
    assert (disk.state, disk.native_state) == (state, native)


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({}, ResourceState.AVAILABLE),
        ({"completionPercent": 40}, ResourceState.PENDING),
        ({"completionPercent": 100}, ResourceState.AVAILABLE),
        ({"provisioningState": "Failed", "completionPercent": 40}, ResourceState.ERROR),
    ],
)
def test_a_snapshot(told: dict[str, Any], state: ResourceState) -> None:
    made_of = {"createOption": "Copy", "sourceResourceId": f"{COMPUTE}/disks/Data"}
    snapshot = to_snapshot(thing("snapshots", "s", creationData=made_of, diskSizeGB=30, **told))
    assert snapshot.state == state
    assert snapshot.attributes["disk"] == f"{COMPUTE}/disks/Data".lower()
    assert snapshot.attributes["size_gib"] == 30


def test_an_image() -> None:
    boot = {"osType": "Linux", "diskSizeGB": 30, "snapshot": {"id": f"{COMPUTE}/snapshots/B"}}
    data = [{"diskSizeGB": 8, "snapshot": {"id": f"{COMPUTE}/snapshots/A"}}]
    image = to_image(thing("images", "golden", storageProfile={"osDisk": boot, "dataDisks": data}))
    assert image.attributes["size_gib"] == 38
    assert image.attributes["platform"] == "Linux"
    assert image.attributes["snapshots"] == [
        f"{COMPUTE}/snapshots/{name}".lower() for name in ("A", "B")
    ]


def test_a_network_and_its_subnets() -> None:
    subnet = {
        "id": f"{NETWORK}/virtualNetworks/Net/subnets/Front",
        "name": "Front",
        "properties": {
            "addressPrefix": "10.0.1.0/24",
            "provisioningState": "Succeeded",
            "ipConfigurations": [{"id": "a"}, {"id": "b"}],
        },
    }
    network = thing(
        "virtualNetworks",
        "Net",
        addressSpace={"addressPrefixes": ["10.9.0.0/16", "10.2.0.0/16", "10.1.0.0/16"]},
        subnets=[subnet],
    )
    assert to_network(network).attributes == {
        "cidrs": ["10.9.0.0/16", "10.1.0.0/16", "10.2.0.0/16"],
        "default": False,
    }
    [found] = [to_subnet(one) for one in to_subnets(network)]
    assert found.region == "westeurope"
    assert found.attributes == {
        "available_addresses": 256 - 5 - 2,
        "cidr": "10.0.1.0/24",
        "default": False,
        "network": f"{NETWORK}/virtualNetworks/Net".lower(),
        "public": False,
    }


def test_a_subnet_of_two_ranges() -> None:
    told = thing("virtualNetworks", "n", addressPrefixes=["fd00::/64", "10.0.0.0/29"])
    subnet = to_subnet(told)
    assert subnet.attributes["cidr"] == "fd00::/64"
    assert subnet.attributes["available_addresses"] == 3


def test_a_firewall_has_its_own_rules_in_order() -> None:
    def rule(priority: int, direction: str, **told: Any) -> dict[str, Any]:
        return {"properties": {"priority": priority, "direction": direction, **told}}

    group = thing(
        "networkSecurityGroups",
        "Web",
        subnets=[{"id": f"{NETWORK}/virtualNetworks/N/subnets/S"}],
        securityRules=[
            rule(
                200,
                "Inbound",
                access="Deny",
                protocol="*",
                sourceAddressPrefix="*",
                destinationAddressPrefix="*",
                destinationPortRange="*",
            ),
            rule(
                100,
                "Inbound",
                access="Allow",
                protocol="Tcp",
                sourceAddressPrefixes=["10.2.0.0/16", "10.1.0.0/16"],
                destinationAddressPrefix="VirtualNetwork",
                destinationPortRanges=["22", "8000-8080"],
            ),
        ],
        defaultSecurityRules=[rule(65000, "Inbound")],
    )
    firewall = to_firewall(group)
    assert (firewall.state, firewall.native_state) == (None, None)
    rules = firewall.attributes["rules"]
    assert isinstance(rules, list)
    assert [
        (r["direction"], r["access"], r["protocol"], r["from_port"], r["to_port"], r["sources"])
        for r in rules
        if isinstance(r, dict)
    ] == [
        ("ingress", "allow", "tcp", 22, 22, ["10.1.0.0/16", "10.2.0.0/16"]),
        ("ingress", "allow", "tcp", 8000, 8080, ["10.1.0.0/16", "10.2.0.0/16"]),
        ("ingress", "deny", "all", None, None, ["*"]),
    ]


def test_an_address_names_what_it_is_configured_at() -> None:
    interface = f"{NETWORK}/networkInterfaces/Web"
    held = thing(
        "publicIPAddresses",
        "a",
        ipAddress="20.1.2.3",
        ipConfiguration={"id": f"{interface}/ipConfigurations/primary"},
    )
    free = thing("publicIPAddresses", "b")
    assert to_address(held).attributes["attached_to"] == [interface.lower()]
    assert to_address(held).state == ResourceState.IN_USE
    assert to_address(free).attributes == {
        "address": None,
        "attached_to": [],
        "private_address": None,
    }
    assert to_address(free).state == ResourceState.AVAILABLE


@pytest.mark.parametrize(
    ("front", "scheme"),
    [
        ({"publicIPAddress": {"id": "a"}}, "internet-facing"),
        ({"subnet": {"id": f"{NETWORK}/virtualNetworks/N/subnets/S"}}, "internal"),
    ],
)
def test_a_load_balancer(front: dict[str, Any], scheme: str) -> None:
    fronts = [{"name": "front", "zones": ["2", "1"], "properties": front}]
    balancer = to_load_balancer(thing("loadBalancers", "lb", frontendIPConfigurations=fronts))
    assert balancer.attributes["scheme"] == scheme
    assert balancer.attributes["zones"] == ["1", "2"]
    assert balancer.attributes["type"] == "network"
