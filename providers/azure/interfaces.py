"""The interfaces of machines, and the addresses that are configured at them.

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
class Surroundings:
    """What lies around machines, by id: their interfaces and public addresses."""

    interfaces: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    addresses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Interface:
    """One interface of a machine, in our words; addresses of IPv4 stand first."""

    network: str | None
    subnet: str | None
    firewall: str | None
    private_addresses: tuple[str, ...]
    public_addresses: tuple[str, ...]

    def described(self) -> dict[str, JsonValue]:
        """Return it as an entry of the attribute `interfaces`."""
        return {
            "network": self.network,
            "private_addresses": [*self.private_addresses],
            "public_addresses": [*self.public_addresses],
            "subnet": self.subnet,
        }


def interface_ids(machine: Mapping[str, Any]) -> list[str]:
    """Return the ids of a machine's interfaces, the primary one first."""
    ids = (named(text(one, "id")) for one in interface_references(machine))
    return [one for one in ids if one]


def interface_references(machine: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what a machine says of its interfaces, of the primary one first."""
    profile = inner(inner(machine, "properties"), "networkProfile")
    listed = objects(profile, "networkInterfaces")
    if len(listed) < 2:
        return listed
    return sorted(listed, key=lambda one: not flag(inner(one, "properties"), "primary"))


def interfaces_of(machine: Mapping[str, Any], around: Surroundings) -> list[Interface]:
    """Return the interfaces of a machine that are known, the primary one first."""
    known = (around.interfaces.get(one) for one in interface_ids(machine))
    return [_to_interface(one, around) for one in known if one is not None]


def by_id(things: Iterable[Any]) -> dict[str, Mapping[str, Any]]:
    """Return things by their ids; one without an id is nobody's interface or address."""
    return {
        normal(one["id"]): one
        for one in things
        if isinstance(one, Mapping) and isinstance(one.get("id"), str)
    }


def get_surroundings(clients: AzureClients) -> Surroundings:
    """Return the interfaces and public addresses of the subscription."""
    network = clients.subscription + "/providers/Microsoft.Network"
    return Surroundings(
        by_id(clients.every(f"{network}/networkInterfaces", api_versions.NETWORK)),
        by_id(clients.every(f"{network}/publicIPAddresses", api_versions.NETWORK)),
    )


def surroundings_of(clients: AzureClients, machine: Mapping[str, Any]) -> Surroundings:
    """Return the interfaces and public addresses of one machine, read now."""
    interfaces: dict[str, Mapping[str, Any]] = {}
    addresses: dict[str, Mapping[str, Any]] = {}
    for interface_id in interface_ids(machine):
        interface = unless_gone(clients, interface_id, api_versions.NETWORK)
        if interface is None:
            continue
        interfaces[interface_id] = interface
        for address_id in address_ids(interface):
            address = unless_gone(clients, address_id, api_versions.NETWORK)
            if address is not None:
                addresses[address_id] = address
    return Surroundings(interfaces, addresses)


def address_ids(interface: Mapping[str, Any]) -> list[str]:
    """Return the ids of the public addresses that an interface has."""
    found = (reference(one, "publicIPAddress") for one in _configurations(interface))
    return [one for one in found if one]


def unless_gone(
    clients: AzureClients, thing_id: str, version: str, **query: str
) -> Document | None:
    """Return what Azure has under an id, None where that is gone."""
    try:
        with azure_errors(f"read {normal(thing_id)}"):
            return clients.get(thing_id, version, **query)
    except NotFound:
        return None


def _to_interface(interface: Mapping[str, Any], around: Surroundings) -> Interface:
    configurations = _configurations(interface)
    subnet = next((found for c in configurations if (found := reference(c, "subnet"))), None)
    return Interface(
        network=subnet.partition("/subnets/")[0] if subnet else None,
        subnet=subnet,
        firewall=reference(inner(interface, "properties"), "networkSecurityGroup"),
        private_addresses=_ordered(text(c, "privateIPAddress") for c in configurations),
        public_addresses=_ordered(_public_address(c, around) for c in configurations),
    )


def _configurations(interface: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = objects(inner(interface, "properties"), "ipConfigurations")
    configurations = [inner(one, "properties") for one in listed]
    if len(configurations) < 2:
        return configurations
    return sorted(configurations, key=lambda one: not flag(one, "primary"))


def _public_address(configuration: Mapping[str, Any], around: Surroundings) -> str | None:
    held = around.addresses.get(reference(configuration, "publicIPAddress") or "")
    return text(inner(held, "properties"), "ipAddress") if held is not None else None


def _ordered(addresses: Iterable[str | None]) -> tuple[str, ...]:
    """Return addresses once each, those of IPv4 first."""
    once = tuple(dict.fromkeys(one for one in addresses if one))
    return once if len(once) < 2 else tuple(sorted(once, key=lambda one: ":" in one))
