"""Network interfaces of VMs, and the IP addresses that are configured at them.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/network-interfaces
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from providers.azure import api_versions
from providers.azure.errors import azure_errors
from providers.azure.fields import flag, inner, objects, text
from providers.azure.ids import named, normal, reference
from skyclust.errors import NotFound

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


@dataclass(frozen=True)
class NetworkIndex:
    """Network interfaces and public IP addresses, as Azure returns them, by resource id."""

    interfaces: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    addresses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Interface:
    """A network interface of a VM; IPv4 addresses come first."""

    network: str | None
    subnet: str | None
    firewall: str | None
    private_addresses: tuple[str, ...]
    public_addresses: tuple[str, ...]

    def to_attribute(self) -> dict[str, JsonValue]:
        """Return the interface as an entry of the instance attribute `interfaces`."""
        return {
            "network": self.network,
            "private_addresses": [*self.private_addresses],
            "public_addresses": [*self.public_addresses],
            "subnet": self.subnet,
        }


def interface_ids(vm: Mapping[str, Any]) -> list[str]:
    """Return the ids of a VM's interfaces, the primary interface first."""
    ids = (named(text(entry, "id")) for entry in interface_references(vm))
    return [interface_id for interface_id in ids if interface_id]


def interface_references(vm: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the entries of a VM's `networkInterfaces`, the primary interface first."""
    profile = inner(inner(vm, "properties"), "networkProfile")
    entries = objects(profile, "networkInterfaces")
    if len(entries) < 2:
        return entries
    return sorted(entries, key=lambda entry: not flag(inner(entry, "properties"), "primary"))


def interfaces_of(vm: Mapping[str, Any], network: NetworkIndex) -> list[Interface]:
    """Return the interfaces of a VM that the index contains, the primary interface first."""
    interfaces = (network.interfaces.get(interface_id) for interface_id in interface_ids(vm))
    return [_to_interface(each, network) for each in interfaces if each is not None]


def by_id(resources: Iterable[Any]) -> dict[str, Mapping[str, Any]]:
    """Return resources by id; a resource without an id cannot be referred to and is left out."""
    return {
        normal(resource["id"]): resource
        for resource in resources
        if isinstance(resource, Mapping) and isinstance(resource.get("id"), str)
    }


def get_network_index(clients: AzureClients) -> NetworkIndex:
    """Return all interfaces and public addresses of the subscription."""
    provider = clients.subscription + "/providers/Microsoft.Network"
    return NetworkIndex(
        by_id(clients.list_all(f"{provider}/networkInterfaces", api_versions.NETWORK)),
        by_id(clients.list_all(f"{provider}/publicIPAddresses", api_versions.NETWORK)),
    )


def read_network_index(clients: AzureClients, vm: Mapping[str, Any]) -> NetworkIndex:
    """Return the interfaces and public addresses of a single VM, read one by one."""
    interfaces: dict[str, Mapping[str, Any]] = {}
    addresses: dict[str, Mapping[str, Any]] = {}
    for interface_id in interface_ids(vm):
        interface = read_unless_deleted(clients, interface_id, api_versions.NETWORK)
        if interface is None:
            continue
        interfaces[interface_id] = interface
        for address_id in address_ids(interface):
            address = read_unless_deleted(clients, address_id, api_versions.NETWORK)
            if address is not None:
                addresses[address_id] = address
    return NetworkIndex(interfaces, addresses)


def address_ids(interface: Mapping[str, Any]) -> list[str]:
    """Return the ids of the public addresses of an interface."""
    ids = (reference(each, "publicIPAddress") for each in _configurations(interface))
    return [address_id for address_id in ids if address_id]


def read_unless_deleted(
    clients: AzureClients, resource_id: str, version: str, **query: str
) -> Document | None:
    """Return a resource by id, or None if it does not exist."""
    try:
        with azure_errors(f"read {normal(resource_id)}"):
            return clients.get(resource_id, version, **query)
    except NotFound:
        return None


def _to_interface(interface: Mapping[str, Any], network: NetworkIndex) -> Interface:
    configurations = _configurations(interface)
    subnets = (reference(each, "subnet") for each in configurations)
    subnet = next((subnet_id for subnet_id in subnets if subnet_id), None)
    return Interface(
        network=subnet.partition("/subnets/")[0] if subnet else None,
        subnet=subnet,
        firewall=reference(inner(interface, "properties"), "networkSecurityGroup"),
        private_addresses=_ipv4_first(text(each, "privateIPAddress") for each in configurations),
        public_addresses=_ipv4_first(_public_address(each, network) for each in configurations),
    )


def _configurations(interface: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the properties of the interface's IP configurations, the primary one first."""
    entries = objects(inner(interface, "properties"), "ipConfigurations")
    configurations: list[Mapping[str, Any]] = [inner(entry, "properties") for entry in entries]
    if len(configurations) < 2:
        return configurations
    return sorted(configurations, key=lambda each: not flag(each, "primary"))


def _public_address(configuration: Mapping[str, Any], network: NetworkIndex) -> str | None:
    address = network.addresses.get(reference(configuration, "publicIPAddress") or "")
    return text(inner(address, "properties"), "ipAddress") if address is not None else None


def _ipv4_first(addresses: Iterable[str | None]) -> tuple[str, ...]:
    """Return the distinct addresses, IPv4 before IPv6."""
    distinct = tuple(dict.fromkeys(address for address in addresses if address))
    return distinct if len(distinct) < 2 else tuple(sorted(distinct, key=lambda each: ":" in each))
