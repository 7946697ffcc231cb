"""Conversion of disks, snapshots, networks and load balancers to inventory resources."""

from __future__ import annotations

from typing import Any

import pytest

from providers.azure.addresses import to_address
from providers.azure.disks import to_disk
from providers.azure.firewalls import to_firewall
from providers.azure.load_balancers import to_load_balancer
from providers.azure.networks import to_network, to_subnet, to_subnets
from providers.azure.snapshots import to_snapshot
from skyclust.errors import UnexpectedAnswer
from skyclust.model.resource import ResourceState

GROUP = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/Shop"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
COMPUTE = f"{GROUP}/providers/Microsoft.Compute"


def resource(kind: str, name: str, *, top: dict[str, Any] | None = None, **fields: Any) -> Any:
    provider = COMPUTE if kind in {"disks", "snapshots", "images", "galleries"} else NETWORK
    properties = {"provisioningState": "Succeeded", **fields}
    return {
        "id": f"{provider}/{kind}/{name}",
        "name": name,
        "location": "westeurope",
        "properties": properties,
        **(top or {}),
    }


def test_a_disk() -> None:
    vm = f"{COMPUTE}/virtualMachines/Web"
    disk = to_disk(
        resource(
            "disks",
            "Data",
            top={"sku": {"name": "Premium_LRS"}, "zones": ["1"], "managedBy": vm},
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
        "attached_to": [vm.lower()],
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
        ("Succeeded", None, ResourceState.AVAILABLE, "Succeeded"),
        (None, "Attached", ResourceState.IN_USE, "Attached"),
        (None, None, None, None),
    ],
)
def test_states_of_disks(
    provisioning: str | None, disk_state: str | None, state: str | None, native: str | None
) -> None:
    disk = to_disk(resource("disks", "d", provisioningState=provisioning, diskState=disk_state))
    assert (disk.state, disk.native_state) == (state, native)


def test_a_disk_without_a_state_that_is_attached_is_in_use() -> None:
    shared = {
        "managedByExtended": [f"{COMPUTE}/virtualMachines/Web", f"{COMPUTE}/virtualMachines/A"]
    }
    disk = to_disk(resource("disks", "d", top=shared))
    assert (disk.state, disk.native_state) == (ResourceState.IN_USE, "Succeeded")
    assert disk.attributes["attached_to"] == [
        f"{COMPUTE}/virtualMachines/{name}".lower() for name in ("A", "Web")
    ]


def test_a_disk_in_several_zones_has_no_zone() -> None:
    assert to_disk(resource("disks", "d", top={"zones": ["1", "2", "3"]})).zone is None


@pytest.mark.parametrize(
    "source",
    [
        "",
        f"{COMPUTE}/snapshots/",
        f"{GROUP}//providers/Microsoft.Compute/snapshots/s",
        f"{COMPUTE}/snapshots/null",
        f"{COMPUTE}/snapshots/00000000-0000-0000-0000-000000000000",
    ],
)
def test_a_placeholder_is_no_reference(source: str) -> None:
    disk = to_disk(resource("disks", "d", creationData={"sourceResourceId": source}))
    assert disk.attributes["snapshot"] is None


def test_an_id_without_its_first_slash_is_the_same_id() -> None:
    snapshot = f"{COMPUTE}/snapshots/S"
    disk = to_disk(resource("disks", "d", creationData={"sourceResourceId": snapshot[1:]}))
    assert disk.attributes["snapshot"] == snapshot.lower()


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({}, ResourceState.AVAILABLE),
        ({"completionPercent": 40}, ResourceState.PENDING),
        ({"completionPercent": 100}, ResourceState.AVAILABLE),
        ({"provisioningState": "Failed", "completionPercent": 40}, ResourceState.ERROR),
    ],
)
def test_a_snapshot(fields: dict[str, Any], state: ResourceState) -> None:
    creation_data = {"createOption": "Copy", "sourceResourceId": f"{COMPUTE}/disks/Data"}
    snapshot = to_snapshot(
        resource("snapshots", "s", creationData=creation_data, diskSizeGB=30, **fields)
    )
    assert snapshot.state == state
    assert snapshot.attributes["disk"] == f"{COMPUTE}/disks/Data".lower()
    assert snapshot.attributes["size_gib"] == 30


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
    network = resource(
        "virtualNetworks",
        "Net",
        addressSpace={"addressPrefixes": ["10.9.0.0/16", "10.2.0.0/16", "10.1.0.0/16"]},
        subnets=[subnet],
    )
    assert to_network(network).attributes == {
        "cidrs": ["10.9.0.0/16", "10.1.0.0/16", "10.2.0.0/16"],
        "default": False,
    }
    [result] = [to_subnet(each) for each in to_subnets(network)]
    assert result.region == "westeurope"
    assert result.attributes == {
        "available_addresses": 256 - 5 - 2,
        "cidr": "10.0.1.0/24",
        "cidrs": ["10.0.1.0/24"],
        "default": False,
        "network": f"{NETWORK}/virtualNetworks/Net".lower(),
        "public": False,
    }


def test_a_subnet_of_two_ranges() -> None:
    dual_stack = resource("virtualNetworks", "n", addressPrefixes=["fd00::/64", "10.0.0.0/29"])
    subnet = to_subnet(dual_stack)
    assert subnet.attributes["cidr"] == "10.0.0.0/29"
    assert subnet.attributes["cidrs"] == ["10.0.0.0/29", "fd00::/64"]
    # Azure lists the IP configurations of both families together.
    assert subnet.attributes["available_addresses"] is None


def test_a_range_in_both_fields_is_listed_once() -> None:
    both: dict[str, Any] = {"addressPrefix": "10.0.0.0/29", "addressPrefixes": ["10.0.0.0/29"]}
    subnet = to_subnet(resource("virtualNetworks", "n", **both))
    assert subnet.attributes["cidrs"] == ["10.0.0.0/29"]
    assert subnet.attributes["available_addresses"] == 3


def test_a_network_without_its_list_of_subnets_is_unreadable() -> None:
    assert to_subnets(resource("virtualNetworks", "n", subnets=[])) == []
    malformed: list[dict[str, Any]] = [{}, {"subnets": None}, {"subnets": {}}]
    for fields in malformed:
        with pytest.raises(UnexpectedAnswer, match="subnets"):
            to_subnets(resource("virtualNetworks", "n", **fields))


def test_a_firewall_has_its_own_rules_in_order() -> None:
    def rule(priority: int, direction: str, **fields: Any) -> dict[str, Any]:
        return {"properties": {"priority": priority, "direction": direction, **fields}}

    group = resource(
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
        (r["direction"], r["action"], r["protocol"], r["from_port"], r["to_port"], r["sources"])
        for r in rules
        if isinstance(r, dict)
    ] == [
        ("ingress", "allow", "tcp", 22, 22, ["10.1.0.0/16", "10.2.0.0/16"]),
        ("ingress", "allow", "tcp", 8000, 8080, ["10.1.0.0/16", "10.2.0.0/16"]),
        ("ingress", "deny", "all", None, None, ["*"]),
    ]


def test_an_address_refers_to_the_resource_that_uses_it() -> None:
    interface = f"{NETWORK}/networkInterfaces/Web"
    used = resource(
        "publicIPAddresses",
        "a",
        ipAddress="20.1.2.3",
        ipConfiguration={"id": f"{interface}/ipConfigurations/primary"},
    )
    free = resource("publicIPAddresses", "b")
    assert to_address(used).attributes["attached_to"] == [interface.lower()]
    assert to_address(used).state == ResourceState.IN_USE
    assert to_address(free).attributes == {
        "address": None,
        "attached_to": [],
        "private_address": None,
    }
    assert to_address(free).state == ResourceState.AVAILABLE


@pytest.mark.parametrize(
    ("frontend", "scheme"),
    [
        ({"publicIPAddress": {"id": "a"}}, "internet-facing"),
        ({"subnet": {"id": f"{NETWORK}/virtualNetworks/N/subnets/S"}}, "internal"),
        ({}, None),
    ],
)
def test_a_load_balancer(frontend: dict[str, Any], scheme: str | None) -> None:
    frontends = [{"name": "front", "zones": ["2", "1"], "properties": frontend}]
    sku = {"sku": {"name": "Standard"}}
    document = resource("loadBalancers", "lb", top=sku, frontendIPConfigurations=frontends)
    balancer = to_load_balancer(document)
    assert balancer.attributes["scheme"] == scheme
    assert balancer.attributes["zones"] == ["1", "2"]
    assert balancer.attributes["type"] == "network"
