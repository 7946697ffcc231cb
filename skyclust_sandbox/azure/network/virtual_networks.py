"""Virtual networks, their subnets, and the private addresses allocated in them.

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

from skyclust_sandbox.azure.paging import document_page
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error, json_response
from skyclust_sandbox.azure.schema import check_document
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.subnet_addresses import RESERVED, AddressPool
from skyclust_sandbox.azure.tracked_resources import (
    NETWORK_DURATION_FACTOR,
    check_not_busy,
    create_resource,
    new_etag,
    put_response,
    read_put_request,
)

RESOURCE_TYPE: Final = "Microsoft.Network/virtualNetworks"


@dataclass(frozen=True)
class Subnet:
    """A subnet with its virtual network; `body` is part of the network's body."""

    network: Resource
    body: dict[str, Any]

    @property
    def id(self) -> str:
        """Return the subnet's id."""
        return str(self.body["id"])

    @property
    def cidr(self) -> ipaddress.IPv4Network:
        """Return the subnet's address prefix."""
        return ipaddress.IPv4Network(self.body["properties"]["addressPrefix"])

    def add_ip_configuration(self, configuration_id: str) -> None:
        """Add an IP configuration to the subnet's `ipConfigurations`."""
        references = self.body["properties"].setdefault("ipConfigurations", [])
        references.append({"id": configuration_id})

    def remove_ip_configuration(self, configuration_id: str) -> None:
        """Remove an IP configuration from the subnet's `ipConfigurations`."""
        references = self.body["properties"].get("ipConfigurations", [])
        kept = [reference for reference in references if reference["id"] != configuration_id]
        self.body["properties"]["ipConfigurations"] = kept


def create_or_update(context: RequestContext) -> Response:
    """VirtualNetworks_CreateOrUpdate."""
    existing, body = read_put_request(context, RESOURCE_TYPE)
    requested = body.setdefault("properties", {})
    prefixes = requested.get("addressSpace", {}).get("addressPrefixes", [])
    if not prefixes:
        message = "Virtual network must have at least one address prefix."
        raise arm_error(400, "InvalidRequestFormat", message)
    for prefix in prefixes:
        _parse_cidr(prefix)
    current = {subnet["name"].lower(): subnet for subnet in _subnets(existing)}
    subnets = [subnet for subnet in requested.get("subnets", []) if isinstance(subnet, dict)]
    names = {str(subnet["name"]).lower() for subnet in subnets}
    for name, subnet in current.items():
        if name not in names:
            _check_subnet_not_in_use(subnet)
    network_id = context.resource_id(RESOURCE_TYPE) if existing is None else existing.id
    properties = {
        **requested,
        "resourceGuid": context.state.identifiers.new(),
        "subnets": [
            _subnet(
                network_id,
                subnet["name"],
                subnet,
                current.get(str(subnet["name"]).lower()),
                prefixes,
            )
            for subnet in subnets
        ],
        "virtualNetworkPeerings": [],
        "enableDdosProtection": requested.get("enableDdosProtection", False),
    }
    body = {**body, "etag": new_etag(), "properties": properties}
    if existing is None:
        network = create_resource(context, RESOURCE_TYPE, body)
        return put_response(context, network, created=True)
    existing.body.update(body)
    return put_response(context, existing, created=False)


def create_or_update_subnet(context: RequestContext) -> Response:
    """Subnets_CreateOrUpdate."""
    network = context.require_resource(RESOURCE_TYPE)
    check_not_busy(network)
    name, requested = context.path_parameters["subnet"], context.body()
    check_document(models.Subnet, requested)
    current = _find_in(network, name)
    prefixes = network.properties["addressSpace"]["addressPrefixes"]
    subnet = _subnet(network.id, name, requested, current, prefixes)
    others = [other for other in _subnets(network) if other["name"].lower() != name.lower()]
    for other in others:
        if _parse_cidr(other["properties"]["addressPrefix"]).overlaps(
            _parse_cidr(subnet["properties"]["addressPrefix"])
        ):
            message = (
                f"Subnet '{name}' is not valid because its IP address range overlaps with that of"
                f" an existing subnet in virtual network '{network.name}'."
            )
            raise arm_error(400, "NetcfgSubnetRangesOverlap", message)
    network.properties["subnets"] = [*others, subnet]
    response = put_response(context, network, created=current is None)
    response.data = json_response(subnet).data
    return response


def get_subnet(context: RequestContext) -> Response:
    """Subnets_Get."""
    network = context.require_resource(RESOURCE_TYPE)
    subnet = _find_in(network, context.path_parameters["subnet"])
    if subnet is None:
        subnet_id = f"{network.id}/subnets/{context.path_parameters['subnet']}"
        raise arm_error(404, "NotFound", f"Resource {subnet_id} not found.")
    return json_response(subnet)


def list_subnets(context: RequestContext) -> Response:
    """Subnets_List."""
    network = context.require_resource(RESOURCE_TYPE)
    return document_page(context, {subnet["name"]: subnet for subnet in _subnets(network)})


def delete_subnet(context: RequestContext) -> Response:
    """Subnets_Delete."""
    network = context.require_resource(RESOURCE_TYPE)
    subnet = _find_in(network, context.path_parameters["subnet"])
    if subnet is None:
        return json_response(None, 204)
    check_not_busy(network)
    _check_subnet_not_in_use(subnet)
    subnet["properties"]["provisioningState"] = "Deleting"

    def on_complete() -> None:
        others = [other for other in _subnets(network) if other is not subnet]
        network.properties["subnets"] = others

    operation = context.begin_operation(
        network, on_complete, duration_factor=NETWORK_DURATION_FACTOR
    )
    return context.accepted_response(operation, None, 202, location_header=True)


def check_not_in_use(network: Resource) -> None:
    """Refuse the deletion while a subnet of the network has an IP configuration."""
    for subnet in _subnets(network):
        _check_subnet_not_in_use(subnet)


def release_references(state: State, network: Resource) -> None:
    """Discard the address pools of the network's subnets."""
    for subnet in _subnets(network):
        state.address_pools.pop(str(subnet["id"]).lower(), None)


def find_subnet(state: State, subnet_id: str) -> Subnet | None:
    """Return the subnet with this id, or None."""
    network_id, _, name = subnet_id.rpartition("/subnets/")
    network = state.resources.find(network_id)
    if network is None or network.type != RESOURCE_TYPE:
        return None
    body = _find_in(network, name)
    return None if body is None else Subnet(network, body)


def allocate_address(state: State, subnet: Subnet, requested: str | None) -> str:
    """Allocate the requested address of a subnet, or the lowest free address if None."""
    pool = state.address_pools.setdefault(subnet.id.lower(), AddressPool())
    cidr = subnet.cidr
    first, size = int(cidr.network_address), cidr.num_addresses
    if requested is not None:
        offset = int(ipaddress.IPv4Address(requested)) - first
        if not RESERVED <= offset < size - 1:
            message = f"IP address {requested} is not in the usable range of subnet {subnet.id}."
            raise arm_error(400, "PrivateIPAddressNotInSubnet", message)
        if offset in pool.allocated:
            message = f"IP configuration cannot use {requested}: it is already allocated."
            raise arm_error(400, "PrivateIPAddressInUse", message)
    else:
        offset = pool.lowest_free
        while offset in pool.allocated:
            offset += 1
        if offset >= size - 1:
            message = f"Subnet {subnet.id} does not have enough capacity for 1 IP addresses."
            raise arm_error(400, "SubnetIsFull", message)
        pool.lowest_free = offset + 1
    pool.allocated.add(offset)
    return str(ipaddress.IPv4Address(first + offset))


def release_address(state: State, subnet: Subnet, address: str) -> None:
    """Return an address to the subnet's free addresses."""
    pool = state.address_pools.setdefault(subnet.id.lower(), AddressPool())
    offset = int(ipaddress.IPv4Address(address)) - int(subnet.cidr.network_address)
    pool.allocated.discard(offset)
    pool.lowest_free = min(pool.lowest_free, offset)


def _subnets(network: Resource | None) -> list[dict[str, Any]]:
    return [] if network is None else list(network.properties["subnets"])


def _find_in(network: Resource, name: str) -> dict[str, Any] | None:
    subnets = _subnets(network)
    return next((subnet for subnet in subnets if subnet["name"].lower() == name.lower()), None)


def _subnet(
    network_id: str,
    name: str,
    requested: dict[str, Any],
    current: dict[str, Any] | None,
    network_prefixes: list[str],
) -> dict[str, Any]:
    """Return the body of a subnet; an update keeps the current IP configurations."""
    properties = requested.get("properties", {})
    prefixes = properties.get("addressPrefixes", [])
    prefix = properties.get("addressPrefix") or next(iter(prefixes), None)
    cidr = _parse_cidr(prefix)
    if not any(cidr.subnet_of(_parse_cidr(outer)) for outer in network_prefixes):
        message = f"Subnet '{name}' is not valid in virtual network '{network_id}'."
        raise arm_error(400, "NetcfgInvalidSubnet", message)
    properties = {
        **properties,
        "addressPrefix": prefix,
        "provisioningState": "Succeeded",
        "delegations": properties.get("delegations", []),
        "privateEndpointNetworkPolicies": "Disabled",
        "privateLinkServiceNetworkPolicies": "Enabled",
    }
    references = {} if current is None else current["properties"]
    if references.get("ipConfigurations"):
        properties["ipConfigurations"] = references["ipConfigurations"]
    return {
        "name": name,
        "id": f"{network_id}/subnets/{name}",
        "etag": new_etag(),
        "properties": properties,
        "type": f"{RESOURCE_TYPE}/subnets",
    }


def _parse_cidr(prefix: object) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(str(prefix))
    except ValueError as error:
        message = f"The address prefix {prefix} is not valid: {error}."
        raise arm_error(400, "InvalidAddressPrefixFormat", message) from error


def _check_subnet_not_in_use(subnet: dict[str, Any]) -> None:
    users = subnet["properties"].get("ipConfigurations", [])
    if users:
        message = (
            f"Subnet {subnet['name']} is in use by {users[0]['id']} and cannot be deleted. In"
            " order to delete the subnet, delete all the resources within the subnet."
        )
        raise arm_error(400, "InUseSubnetCannotBeDeleted", message)
