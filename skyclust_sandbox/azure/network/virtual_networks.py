"""Virtual networks, their subnets, and the addresses given out in them.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/virtual-networks; the first four
and the last address of a subnet are reserved:
https://learn.microsoft.com/en-us/azure/virtual-network/virtual-networks-faq
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any, Final

from azure.mgmt.network import models
from werkzeug.wrappers import Response

from skyclust_sandbox.azure.paging import page_of_documents
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal, reply
from skyclust_sandbox.azure.schema import check_document
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.subnet_addresses import RESERVED, Pool
from skyclust_sandbox.azure.tracked_resources import (
    accept_put,
    etag,
    make,
    properties,
    read_put,
    refuse_busy,
)

KIND: Final = "Microsoft.Network/virtualNetworks"


@dataclass(frozen=True)
class Subnet:
    """A subnet as it stands in its network."""

    network: Resource
    body: dict[str, Any]

    @property
    def id(self) -> str:
        """Return its id."""
        return str(self.body["id"])

    @property
    def cidr(self) -> ipaddress.IPv4Network:
        """Return its address range."""
        return ipaddress.IPv4Network(self.body["properties"]["addressPrefix"])


def put(ask: Ask) -> Response:
    """VirtualNetworks_CreateOrUpdate."""
    existing, body = read_put(ask, KIND)
    asked = body.setdefault("properties", {})
    prefixes = asked.get("addressSpace", {}).get("addressPrefixes", [])
    if not prefixes:
        message = "Virtual network must have at least one address prefix."
        raise refusal(400, "InvalidRequestFormat", message)
    for prefix in prefixes:
        _read_cidr(prefix)
    before = {one["name"].lower(): one for one in _subnets(existing)}
    wanted = [one for one in asked.get("subnets", []) if isinstance(one, dict)]
    names = {str(one["name"]).lower() for one in wanted}
    for name, one in before.items():
        if name not in names:
            _refuse_used(one)
    network_id = ask.id_of(KIND) if existing is None else existing.id
    subnets = [
        _subnet(network_id, one["name"], one, before.get(str(one["name"]).lower()), prefixes)
        for one in wanted
    ]
    shown = {
        **asked,
        "resourceGuid": ask.state.identifiers.new(),
        "subnets": subnets,
        "virtualNetworkPeerings": [],
        "enableDdosProtection": asked.get("enableDdosProtection", False),
    }
    body = {**body, "etag": etag(), "properties": shown}
    if existing is None:
        return accept_put(ask, make(ask, KIND, body), created=True)
    existing.body.update(body)
    return accept_put(ask, existing, created=False)


def put_subnet(ask: Ask) -> Response:
    """Subnets_CreateOrUpdate."""
    network = ask.find(KIND)
    refuse_busy(network)
    name, asked = ask.names["child"], ask.body()
    check_document(models.Subnet, asked)
    before = _find_in(network, name)
    prefixes = properties(network)["addressSpace"]["addressPrefixes"]
    made = _subnet(network.id, name, asked, before, prefixes)
    kept = [one for one in _subnets(network) if one["name"].lower() != name.lower()]
    for other in kept:
        if _read_cidr(other["properties"]["addressPrefix"]).overlaps(
            _read_cidr(made["properties"]["addressPrefix"])
        ):
            message = (
                f"Subnet '{name}' is not valid because its IP address range overlaps with that of"
                f" an existing subnet in virtual network '{network.name}'."
            )
            raise refusal(400, "NetcfgSubnetRangesOverlap", message)
    properties(network)["subnets"] = [*kept, made]
    response = accept_put(ask, network, created=before is None)
    response.data = reply(made).data
    return response


def get_subnet(ask: Ask) -> Response:
    """Subnets_Get."""
    return reply(_require(ask).body)


def list_subnets(ask: Ask) -> Response:
    """Subnets_List."""
    return page_of_documents(ask, {one["name"]: one for one in _subnets(ask.find(KIND))})


def delete_subnet(ask: Ask) -> Response:
    """Subnets_Delete."""
    network = ask.find(KIND)
    found = _find_in(network, ask.names["child"])
    if found is None:
        return reply(None, 204)
    refuse_busy(network)
    _refuse_used(found)
    found["properties"]["provisioningState"] = "Deleting"

    def gone() -> None:
        kept = [one for one in _subnets(network) if one is not found]
        properties(network)["subnets"] = kept

    return ask.accepted(ask.begin(network, gone, share=0.25), None, 202, location=True)


def refuse_used_network(ask: Ask, network: Resource) -> None:
    """Refuse while an interface is in any subnet of the network."""
    del ask
    for subnet in _subnets(network):
        _refuse_used(subnet)


def find_subnet(state: State, subnet_id: str) -> Subnet | None:
    """Return the subnet of this id."""
    network_id, _, name = subnet_id.rpartition("/subnets/")
    network = state.resources.find(network_id)
    if network is None or network.type != KIND:
        return None
    body = _find_in(network, name)
    return None if body is None else Subnet(network, body)


def take_address(state: State, subnet: Subnet, wanted: str | None) -> str:
    """Take an address of a subnet, the wanted one or the lowest that is free."""
    pool = state.pools.setdefault(subnet.id.lower(), Pool())
    cidr = subnet.cidr
    first, size = int(cidr.network_address), cidr.num_addresses
    if wanted is not None:
        distance = int(ipaddress.IPv4Address(wanted)) - first
        if not RESERVED <= distance < size - 1:
            message = f"IP address {wanted} is not in the usable range of subnet {subnet.id}."
            raise refusal(400, "PrivateIPAddressNotInSubnet", message)
        if distance in pool.taken:
            message = f"IP configuration cannot use {wanted}: it is already allocated."
            raise refusal(400, "PrivateIPAddressInUse", message)
    else:
        distance = pool.lowest
        while distance in pool.taken:
            distance += 1
        if distance >= size - 1:
            message = f"Subnet {subnet.id} does not have enough capacity for 1 IP addresses."
            raise refusal(400, "SubnetIsFull", message)
        pool.lowest = distance + 1
    pool.taken.add(distance)
    return str(ipaddress.IPv4Address(first + distance))


def give_back_address(state: State, subnet: Subnet, address: str) -> None:
    """Let an address be taken again."""
    pool = state.pools.setdefault(subnet.id.lower(), Pool())
    distance = int(ipaddress.IPv4Address(address)) - int(subnet.cidr.network_address)
    pool.taken.discard(distance)
    pool.lowest = min(pool.lowest, distance)


def _subnets(network: Resource | None) -> list[dict[str, Any]]:
    return [] if network is None else list(properties(network)["subnets"])


def _find_in(network: Resource, name: str) -> dict[str, Any] | None:
    return next((one for one in _subnets(network) if one["name"].lower() == name.lower()), None)


def _require(ask: Ask) -> Subnet:
    network = ask.find(KIND)
    found = _find_in(network, ask.names["child"])
    if found is None:
        subnet_id = f"{network.id}/subnets/{ask.names['child']}"
        raise refusal(404, "NotFound", f"Resource {subnet_id} not found.")
    return Subnet(network, found)


def _subnet(
    network_id: str,
    name: str,
    asked: dict[str, Any],
    before: dict[str, Any] | None,
    prefixes: list[str],
) -> dict[str, Any]:
    wanted = asked.get("properties", {})
    prefix = wanted.get("addressPrefix") or next(iter(wanted.get("addressPrefixes", [])), None)
    cidr = _read_cidr(prefix)
    if not any(cidr.subnet_of(_read_cidr(outer)) for outer in prefixes):
        message = f"Subnet '{name}' is not valid in virtual network '{network_id}'."
        raise refusal(400, "NetcfgInvalidSubnet", message)
    used = {} if before is None else before["properties"]
    shown = {
        **wanted,
        "addressPrefix": prefix,
        "provisioningState": "Succeeded",
        "delegations": wanted.get("delegations", []),
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled",
    }
    if used.get("ipConfigurations"):
        shown["ipConfigurations"] = used["ipConfigurations"]
    return {
        "name": name,
        "id": f"{network_id}/subnets/{name}",
        "etag": etag(),
        "properties": shown,
        "type": f"{KIND}/subnets",
    }


def _read_cidr(prefix: object) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(str(prefix))
    except ValueError as error:
        message = f"The address prefix {prefix} is not valid: {error}."
        raise refusal(400, "InvalidAddressPrefixFormat", message) from error


def _refuse_used(subnet: dict[str, Any]) -> None:
    users = subnet["properties"].get("ipConfigurations", [])
    if users:
        message = (
            f"Subnet {subnet['name']} is in use by {users[0]['id']} and cannot be deleted. In"
            " order to delete the subnet, delete all the resources within the subnet."
        )
        raise refusal(400, "InUseSubnetCannotBeDeleted", message)


def forget(state: State, network: Resource) -> None:
    """Forget which addresses of the network's subnets were taken."""
    for subnet in _subnets(network):
        state.pools.pop(str(subnet["id"]).lower(), None)
