"""Networks, interfaces, addresses, firewalls and load balancers of the sandbox Azure."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from tests.fixtures.azure import AzureSandbox
from tests.integration.sandbox.azure import (
    GROUP,
    LOCATION,
    Clients,
    ask,
    clients,
    id_of,
    make_interface,
    make_machine,
    refusal,
    subnet_id,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def azure(azure_sandbox: AzureSandbox) -> Clients:
    return clients(azure_sandbox)


def _address(azure: Clients, name: str) -> Any:
    return azure.network.public_ip_addresses.begin_create_or_update(
        GROUP,
        name,
        {
            "location": LOCATION,
            "sku": {"name": "Standard"},
            "properties": {"publicIPAllocationMethod": "Static"},
        },
    ).result()


def test_addresses_of_a_subnet_are_given_out_once(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    def private(name: str, **more: Any) -> str:
        make_interface(azure_sandbox, azure, name, **more)
        found = azure.network.network_interfaces.get(GROUP, name)
        return str(found.ip_configurations[0].private_ip_address)

    first, second = private("one"), private("two")
    assert (first.split(".")[-1], second.split(".")[-1]) == ("4", "5")
    fixed = {"privateIPAllocationMethod": "Static", "privateIPAddress": second}
    taken = refusal(make_interface, azure_sandbox, azure, "three", **fixed)
    assert taken == (400, "PrivateIPAddressInUse")
    outside = {**fixed, "privateIPAddress": "192.168.0.4"}
    refused = refusal(make_interface, azure_sandbox, azure, "three", **outside)
    assert refused == (400, "PrivateIPAddressNotInSubnet")
    assert private("one") == first  # made again, it keeps what it has
    azure.network.network_interfaces.begin_delete(GROUP, "two").result()
    assert private("three", **fixed) == second


def test_what_is_in_use_is_not_deleted(azure_sandbox: AzureSandbox, azure: Clients) -> None:
    address = _address(azure, "ip")
    interface = make_interface(azure_sandbox, azure, "nic", publicIPAddress={"id": address.id})
    network = azure.network
    used = refusal(network.public_ip_addresses.begin_delete, GROUP, "ip")
    assert used == (400, "PublicIPAddressCannotBeDeleted")
    again = refusal(
        make_interface, azure_sandbox, azure, "other", publicIPAddress={"id": address.id}
    )
    assert again == (400, "PublicIPAddressInUse")
    make_machine(azure_sandbox, azure, "one")
    taken = refusal(network.network_interfaces.begin_delete, GROUP, "one-nic")
    assert taken == (400, "NicInUse")
    networks = (network.virtual_networks.begin_delete, GROUP, f"default-{LOCATION}")
    assert refusal(*networks) == (400, "InUseSubnetCannotBeDeleted")
    elsewhere = {"subnet": {"id": subnet_id(azure_sandbox, "eastus")}}
    missing = refusal(make_interface, azure_sandbox, azure, "far", **elsewhere)
    assert missing == (400, "InvalidResourceReference")
    assert azure.network.network_interfaces.get(GROUP, "nic").id == interface


def test_a_change_under_way_refuses_the_next(azure_sandbox: AzureSandbox, azure: Clients) -> None:
    body = {"location": LOCATION, "properties": {"ipConfigurations": []}}
    for _ in range(20):
        interface = make_interface(azure_sandbox, azure, "nic")
        ending = azure.network.network_interfaces.begin_delete(GROUP, "nic")
        asked = ask(azure_sandbox, "PUT", interface, body, token=azure.token)
        ending.result()
        # Where the machine is busy, the deletion is over before the next request is there.
        if asked.code != "InvalidRequestFormat":
            break
    assert (asked.status, asked.code) == (409, "AnotherOperationInProgress")
    with pytest.raises(ResourceNotFoundError):
        azure.network.network_interfaces.get(GROUP, "nic")
    azure.network.network_interfaces.begin_delete(GROUP, "nic").result()


def test_a_network_and_its_subnets(azure: Clients) -> None:
    space = {"addressSpace": {"addressPrefixes": ["172.16.0.0/16"]}}
    azure.network.virtual_networks.begin_create_or_update(
        GROUP, "own", {"location": LOCATION, "properties": space}
    ).result()
    subnets = azure.network.subnets

    def put(name: str, prefix: str) -> Any:
        body = {"properties": {"addressPrefix": prefix}}
        return subnets.begin_create_or_update(GROUP, "own", name, body)

    assert put("a", "172.16.0.0/24").result().address_prefix == "172.16.0.0/24"
    assert refusal(put, "b", "172.16.0.128/25") == (400, "NetcfgSubnetRangesOverlap")
    assert refusal(put, "b", "10.0.0.0/24") == (400, "NetcfgInvalidSubnet")
    put("b", "172.16.1.0/24").result()
    assert [one.name for one in subnets.list(GROUP, "own")] == ["a", "b"]
    subnets.begin_delete(GROUP, "own", "a").result()
    assert subnets.get(GROUP, "own", "b").provisioning_state == "Succeeded"
    azure.network.virtual_networks.begin_delete(GROUP, "own").result()


def test_firewalls_and_load_balancers(azure_sandbox: AzureSandbox, azure: Clients) -> None:
    rule = {
        "name": "ssh",
        "properties": {
            "protocol": "Tcp",
            "direction": "Inbound",
            "access": "Allow",
            "priority": 100,
            "sourceAddressPrefix": "*",
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": "22",
        },
    }
    groups = azure.network.network_security_groups
    body = {"location": LOCATION, "properties": {"securityRules": [rule]}}
    made = groups.begin_create_or_update(GROUP, "wall", body).result()
    assert len(made.default_security_rules) == 6
    front = {"name": "front", "properties": {"publicIPAddress": {"id": _address(azure, "ip").id}}}
    inner = {"name": "inner", "properties": {"subnet": {"id": subnet_id(azure_sandbox)}}}
    balancers = azure.network.load_balancers
    for name, face in (("outside", front), ("inside", inner)):
        faces = {"frontendIPConfigurations": [face], "backendAddressPools": [{"name": "pool"}]}
        body = {"location": LOCATION, "properties": faces, "tags": {"a": "b"}}
        balancers.begin_create_or_update(GROUP, name, body).result()
    assert [one.name for one in balancers.list_all()] == ["inside", "outside"]
    inside = balancers.get(GROUP, "inside").frontend_ip_configurations[0]
    assert inside.private_ip_address
    used = refusal(azure.network.public_ip_addresses.begin_delete, GROUP, "ip")
    assert used == (400, "PublicIPAddressCannotBeDeleted")
    for name in ("outside", "inside"):
        balancers.begin_delete(GROUP, name).result()
    azure.network.public_ip_addresses.begin_delete(GROUP, "ip").result()
    groups.begin_delete(GROUP, "wall").result()
    path = id_of(azure_sandbox, "Microsoft.Network/networkSecurityGroups", "wall")
    assert ask(azure_sandbox, "GET", path, token=azure.token).code == "ResourceNotFound"
