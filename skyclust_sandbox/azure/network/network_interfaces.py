"""Network interfaces.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/network-interfaces
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.network import network_security_groups, public_ip_addresses
from skyclust_sandbox.azure.network.virtual_networks import (
    allocate_address,
    find_subnet,
    release_address,
)
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import (
    create_resource,
    invalid_reference_error,
    new_etag,
    put_response,
    read_put_request,
    require_reference,
)

RESOURCE_TYPE: Final = "Microsoft.Network/networkInterfaces"


def create_or_update(context: RequestContext) -> Response:
    """NetworkInterfaces_CreateOrUpdate."""
    existing, body = read_put_request(context, RESOURCE_TYPE)
    created = existing is None
    interface = _apply(context, existing, body)
    return put_response(context, interface, created=created)


def _apply(context: RequestContext, existing: Resource | None, body: dict[str, Any]) -> Resource:
    """Create or update an interface and the resources that refer to it, and return it.

    Everything is checked before anything changes, so a refused request has no effect.
    """
    state = context.state
    requested = body.setdefault("properties", {})
    interface_id = context.resource_id(RESOURCE_TYPE) if existing is None else existing.id
    ip_configurations = requested.get("ipConfigurations") or []
    if not ip_configurations:
        message = "NetworkInterface must have at least one IP configuration."
        raise arm_error(400, "InvalidRequestFormat", message)
    group = requested.get("networkSecurityGroup")
    if group is not None:
        group_type = network_security_groups.RESOURCE_TYPE
        require_reference(state, group["id"], group_type, body["location"], interface_id)
    for ip_configuration in ip_configurations:
        _check_ip_configuration(state, ip_configuration, interface_id, body["location"])
    addresses = {} if existing is None else _private_addresses(existing)
    if existing is not None:
        release_references(state, existing)
    properties: dict[str, Any] = {
        "resourceGuid": state.identifiers.new(),
        "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
        "enableAcceleratedNetworking": False,
        "enableIPForwarding": False,
        "hostedWorkloads": [],
        "tapConfigurations": [],
        "nicType": "Standard",
        **requested,
        "ipConfigurations": [
            _ip_configuration(state, ip_configuration, interface_id, index == 0, addresses)
            for index, ip_configuration in enumerate(ip_configurations)
        ],
    }
    body = {**body, "etag": new_etag(), "properties": properties}
    if existing is None:
        interface = create_resource(context, RESOURCE_TYPE, body)
    else:
        for name in ("virtualMachine", "macAddress", "primary", "resourceGuid"):
            if name in existing.properties:
                properties[name] = existing.properties[name]
        existing.body.update(body)
        interface = existing
    _add_references(state, interface)
    return interface


def check_not_in_use(interface: Resource) -> None:
    """Refuse the deletion while the interface is attached to a VM."""
    vm = interface.properties.get("virtualMachine")
    if vm is not None:
        raise arm_error(
            400,
            "NicInUse",
            f"Network Interface {interface.id} is used by existing resource {vm['id']}. In"
            " order to delete the network interface, it must be dissociated from the resource."
            " To learn more, see aka.ms/deletenic.",
        )


def release_references(state: State, interface: Resource) -> None:
    """Release the interface's addresses, and remove it from the resources that refer to it."""
    for ip_configuration in interface.properties["ipConfigurations"]:
        properties = ip_configuration["properties"]
        subnet = find_subnet(state, properties["subnet"]["id"])
        if subnet is not None:
            release_address(state, subnet, properties["privateIPAddress"])
            subnet.remove_ip_configuration(ip_configuration["id"])
        address = _public_address(state, properties)
        if address is not None:
            address.properties.pop("ipConfiguration", None)
    group = interface.properties.get("networkSecurityGroup")
    if group is not None:
        network_security_groups.remove_interface(state, group["id"], interface.id)


def public_addresses(state: State, interface: Resource) -> list[Resource]:
    """Return the public IP addresses of an interface."""
    addresses = (
        _public_address(state, ip_configuration["properties"])
        for ip_configuration in interface.properties["ipConfigurations"]
    )
    return [address for address in addresses if address is not None]


def _check_ip_configuration(
    state: State, requested: dict[str, Any], interface_id: str, location: str
) -> None:
    """Refuse an unknown subnet, and a public IP address that another resource uses."""
    properties = requested.get("properties", {})
    subnet_id = properties.get("subnet", {}).get("id", "")
    subnet = find_subnet(state, subnet_id)
    if subnet is None or subnet.network.location != location:
        raise invalid_reference_error(subnet_id, interface_id)
    reference = properties.get("publicIPAddress")
    if reference is not None:
        address_type = public_ip_addresses.RESOURCE_TYPE
        address = require_reference(state, reference["id"], address_type, location, interface_id)
        user = address.properties.get("ipConfiguration", {}).get("id", "")
        if user and not user.lower().startswith(f"{interface_id.lower()}/"):
            raise arm_error(
                400,
                "PublicIPAddressInUse",
                f"Resource {interface_id} is referencing public IP address {address.id} that is"
                f" already allocated to resource {user}.",
            )


def _ip_configuration(
    state: State,
    requested: dict[str, Any],
    interface_id: str,
    primary: bool,
    addresses: dict[str, str],
) -> dict[str, Any]:
    """Return an IP configuration with a private address allocated in its subnet.

    `addresses` are the interface's previous addresses by subnet id; an update keeps them.
    """
    properties = requested.get("properties", {})
    subnet = find_subnet(state, properties["subnet"]["id"])
    if subnet is None:
        raise invalid_reference_error(properties["subnet"]["id"], interface_id)
    static = properties.get("privateIPAllocationMethod") == "Static"
    address = properties.get("privateIPAddress") if static else addresses.get(subnet.id.lower())
    return {
        "name": requested["name"],
        "id": f"{interface_id}/ipConfigurations/{requested['name']}",
        "etag": new_etag(),
        "type": f"{RESOURCE_TYPE}/ipConfigurations",
        "properties": {
            "privateIPAllocationMethod": "Dynamic",
            "privateIPAddressVersion": "IPv4",
            "primary": primary,
            **properties,
            "provisioningState": "Succeeded",
            "privateIPAddress": allocate_address(state, subnet, address),
            "subnet": {"id": subnet.id},
        },
    }


def _private_addresses(interface: Resource) -> dict[str, str]:
    """Return the private addresses of an interface by subnet id in lower case."""
    all_properties = (
        ip_configuration["properties"]
        for ip_configuration in interface.properties["ipConfigurations"]
    )
    return {
        properties["subnet"]["id"].lower(): properties["privateIPAddress"]
        for properties in all_properties
    }


def _add_references(state: State, interface: Resource) -> None:
    """Add the interface to its subnets, its public addresses and its network security group."""
    for ip_configuration in interface.properties["ipConfigurations"]:
        properties = ip_configuration["properties"]
        subnet = find_subnet(state, properties["subnet"]["id"])
        if subnet is not None:
            subnet.add_ip_configuration(ip_configuration["id"])
        address = _public_address(state, properties)
        if address is not None:
            address.properties["ipConfiguration"] = {"id": ip_configuration["id"]}
            public_ip_addresses.assign_address(state, address)
            option = properties["publicIPAddress"].get("properties", {}).get("deleteOption")
            if option is not None:
                address.properties["deleteOption"] = option
    group = interface.properties.get("networkSecurityGroup")
    if group is not None:
        network_security_groups.add_interface(state, group["id"], interface.id)


def _public_address(state: State, properties: dict[str, Any]) -> Resource | None:
    reference = properties.get("publicIPAddress")
    return None if reference is None else state.resources.find(reference["id"])
