"""The network resources of the sandbox Azure."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from tests.fixtures.azure import AzureSandbox
from tests.integration.sandbox.azure import (
    GROUP,
    LOCATION,
    Clients,
    clients,
    create_interface,
    create_vm,
    error_of,
    resource_id,
    send,
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


def test_an_address_of_a_subnet_is_allocated_once(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    def private(name: str, **options: Any) -> str:
        create_interface(azure_sandbox, azure, name, **options)
        interface = azure.network.network_interfaces.get(GROUP, name)
        return str(interface.ip_configurations[0].private_ip_address)

    first, second = private("nic-1"), private("nic-2")
    assert (first.split(".")[-1], second.split(".")[-1]) == ("4", "5")
    fixed = {"privateIPAllocationMethod": "Static", "privateIPAddress": second}
    taken = error_of(create_interface, azure_sandbox, azure, "nic-3", **fixed)
    assert taken == (400, "PrivateIPAddressInUse")
    outside = {**fixed, "privateIPAddress": "192.168.0.4"}
    refused = error_of(create_interface, azure_sandbox, azure, "nic-3", **outside)
    assert refused == (400, "PrivateIPAddressNotInSubnet")
    assert private("nic-1") == first  # an update keeps the address
    azure.network.network_interfaces.begin_delete(GROUP, "nic-2").result()
    assert private("nic-3", **fixed) == second


def test_a_resource_in_use_is_not_deleted(azure_sandbox: AzureSandbox, azure: Clients) -> None:
    address = _address(azure, "ip")
    interface = create_interface(azure_sandbox, azure, "nic", publicIPAddress={"id": address.id})
    network = azure.network
    refused = error_of(network.public_ip_addresses.begin_delete, GROUP, "ip")
    assert refused == (400, "PublicIPAddressCannotBeDeleted")
    in_use = error_of(
        create_interface, azure_sandbox, azure, "other", publicIPAddress={"id": address.id}
    )
    assert in_use == (400, "PublicIPAddressInUse")
    create_vm(azure_sandbox, azure, "vm-1")
    taken = error_of(network.network_interfaces.begin_delete, GROUP, "vm-1-nic")
    assert taken == (400, "NicInUse")
    networks = (network.virtual_networks.begin_delete, GROUP, f"default-{LOCATION}")
    assert error_of(*networks) == (400, "InUseSubnetCannotBeDeleted")
    elsewhere = {"subnet": {"id": subnet_id(azure_sandbox, "eastus")}}
    missing = error_of(create_interface, azure_sandbox, azure, "far", **elsewhere)
    assert missing == (400, "InvalidResourceReference")
    assert azure.network.network_interfaces.get(GROUP, "nic").id == interface


def test_an_operation_in_progress_refuses_a_change(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    body = {"location": LOCATION, "properties": {"ipConfigurations": []}}
    for _ in range(20):
        interface = create_interface(azure_sandbox, azure, "nic")
        deletion = azure.network.network_interfaces.begin_delete(GROUP, "nic")
        response = send(azure_sandbox, "PUT", interface, body, token=azure.token)
        deletion.result()
        # On a slow computer the deletion completes before the next request arrives.
        if response.code != "InvalidRequestFormat":
            break
    assert (response.status, response.code) == (409, "AnotherOperationInProgress")
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
    assert error_of(put, "b", "172.16.0.128/25") == (400, "NetcfgSubnetRangesOverlap")
    assert error_of(put, "b", "10.0.0.0/24") == (400, "NetcfgInvalidSubnet")
    put("b", "172.16.1.0/24").result()
    assert [subnet.name for subnet in subnets.list(GROUP, "own")] == ["a", "b"]
    subnets.begin_delete(GROUP, "own", "a").result()
    assert subnets.get(GROUP, "own", "b").provisioning_state == "Succeeded"
    azure.network.virtual_networks.begin_delete(GROUP, "own").result()


def test_network_security_groups_and_load_balancers(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
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
    group = groups.begin_create_or_update(GROUP, "nsg", body).result()
    assert len(group.default_security_rules) == 6
    public = {"name": "front", "properties": {"publicIPAddress": {"id": _address(azure, "ip").id}}}
    private = {"name": "inner", "properties": {"subnet": {"id": subnet_id(azure_sandbox)}}}
    balancers = azure.network.load_balancers
    for name, frontend in (("outside", public), ("inside", private)):
        properties = {
            "frontendIPConfigurations": [frontend],
            "backendAddressPools": [{"name": "pool"}],
        }
        body = {"location": LOCATION, "properties": properties, "tags": {"a": "b"}}
        balancers.begin_create_or_update(GROUP, name, body).result()
    assert [balancer.name for balancer in balancers.list_all()] == ["inside", "outside"]
    inside = balancers.get(GROUP, "inside").frontend_ip_configurations[0]
    assert inside.private_ip_address
    used = error_of(azure.network.public_ip_addresses.begin_delete, GROUP, "ip")
    assert used == (400, "PublicIPAddressCannotBeDeleted")
    for name in ("outside", "inside"):
        balancers.begin_delete(GROUP, name).result()
    azure.network.public_ip_addresses.begin_delete(GROUP, "ip").result()
    groups.begin_delete(GROUP, "nsg").result()
    path = resource_id(azure_sandbox, "Microsoft.Network/networkSecurityGroups", "nsg")
    assert send(azure_sandbox, "GET", path, token=azure.token).code == "ResourceNotFound"
