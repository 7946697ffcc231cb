"""Network interfaces.

Source: https://learn.microsoft.com/en-us/rest/api/virtualnetwork/network-interfaces
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.network import network_security_groups, public_ip_addresses
from skyclust_sandbox.azure.network.virtual_networks import (
    Subnet,
    find_subnet,
    give_back_address,
    take_address,
)
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import (
    accept_put,
    etag,
    make,
    missing_reference,
    properties,
    read_put,
    require_reference,
)

KIND: Final = "Microsoft.Network/networkInterfaces"


def put(ask: Ask) -> Response:
    """NetworkInterfaces_CreateOrUpdate."""
    existing, body = read_put(ask, KIND)
    created = existing is None
    resource = write(ask, existing, body)
    return accept_put(ask, resource, created=created)


def write(ask: Ask, existing: Resource | None, body: dict[str, Any]) -> Resource:
    """Make an interface or change one, with all that refers to it, and return it."""
    asked = body.setdefault("properties", {})
    interface_id = ask.id_of(KIND) if existing is None else existing.id
    wanted = asked.get("ipConfigurations") or []
    if not wanted:
        message = "NetworkInterface must have at least one IP configuration."
        raise refusal(400, "InvalidRequestFormat", message)
    group = asked.get("networkSecurityGroup")
    if group is not None:
        require_reference(
            ask.state, group["id"], network_security_groups.KIND, body["location"], interface_id
        )
    # Everything is looked at before anything is changed: a refusal leaves no trace.
    for one in wanted:
        _check(ask.state, one, interface_id, body["location"])
    held = {} if existing is None else _held(existing)
    if existing is not None:
        unbind(ask.state, existing)
    shown: dict[str, Any] = {
        "resourceGuid": ask.state.identifiers.new(),
        "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
        "enableAcceleratedNetworking": False,
        "enableIPForwarding": False,
        "hostedWorkloads": [],
        "tapConfigurations": [],
        "nicType": "Standard",
        **asked,
        "ipConfigurations": [
            _configuration(ask.state, one, interface_id, index == 0, held)
            for index, one in enumerate(wanted)
        ],
    }
    body = {**body, "etag": etag(), "properties": shown}
    if existing is None:
        resource = make(ask, KIND, body)
    else:
        for name in ("virtualMachine", "macAddress", "primary", "resourceGuid"):
            if name in properties(existing):
                shown[name] = properties(existing)[name]
        existing.body.update(body)
        resource = existing
    _bind(ask.state, resource)
    return resource


def refuse_used(ask: Ask, interface: Resource) -> None:
    """Refuse while a machine has the interface."""
    del ask
    machine = properties(interface).get("virtualMachine")
    if machine is not None:
        raise refusal(
            400,
            "NicInUse",
            f"Network Interface {interface.id} is used by existing resource {machine['id']}. In"
            " order to delete the network interface, it must be dissociated from the resource."
            " To learn more, see aka.ms/deletenic.",
        )


def unbind(state: State, interface: Resource) -> None:
    """Give back its addresses, and take it from what refers to it."""
    for one in properties(interface)["ipConfigurations"]:
        configured = one["properties"]
        subnet = find_subnet(state, configured["subnet"]["id"])
        if subnet is not None:
            give_back_address(state, subnet, configured["privateIPAddress"])
            users = subnet.body["properties"].get("ipConfigurations", [])
            kept = [user for user in users if user["id"] != one["id"]]
            subnet.body["properties"]["ipConfigurations"] = kept
        address = _address_of(state, configured)
        if address is not None:
            properties(address).pop("ipConfiguration", None)
    group = properties(interface).get("networkSecurityGroup")
    if group is not None:
        network_security_groups.forget_interface(state, group["id"], interface.id)


def public_addresses(state: State, interface: Resource) -> list[Resource]:
    """Return the public addresses that an interface has."""
    found = (
        _address_of(state, one["properties"]) for one in properties(interface)["ipConfigurations"]
    )
    return [address for address in found if address is not None]


def _check(state: State, asked: dict[str, Any], interface_id: str, location: str) -> Subnet:
    wanted = asked.get("properties", {})
    subnet_id = wanted.get("subnet", {}).get("id", "")
    subnet = find_subnet(state, subnet_id)
    if subnet is None or subnet.network.location != location:
        raise missing_reference(subnet_id, interface_id)
    reference = wanted.get("publicIPAddress")
    if reference is not None:
        address = require_reference(
            state, reference["id"], public_ip_addresses.KIND, location, interface_id
        )
        user = properties(address).get("ipConfiguration", {}).get("id", "")
        if user and not user.lower().startswith(f"{interface_id.lower()}/"):
            raise refusal(
                400,
                "PublicIPAddressInUse",
                f"Resource {interface_id} is referencing public IP address {address.id} that is"
                f" already allocated to resource {user}.",
            )
    return subnet


def _configuration(
    state: State,
    asked: dict[str, Any],
    interface_id: str,
    primary: bool,
    held: dict[str, str],
) -> dict[str, Any]:
    wanted = asked.get("properties", {})
    subnet = find_subnet(state, wanted["subnet"]["id"])
    if subnet is None:
        raise missing_reference(wanted["subnet"]["id"], interface_id)
    static = wanted.get("privateIPAllocationMethod") == "Static"
    kept = held.get(subnet.id.lower())
    address = take_address(state, subnet, wanted.get("privateIPAddress") if static else kept)
    shown = {
        "privateIPAllocationMethod": "Dynamic",
        "privateIPAddressVersion": "IPv4",
        "primary": primary,
        **wanted,
        "provisioningState": "Succeeded",
        "privateIPAddress": address,
        "subnet": {"id": subnet.id},
    }
    return {
        "name": asked["name"],
        "id": f"{interface_id}/ipConfigurations/{asked['name']}",
        "etag": etag(),
        "type": f"{KIND}/ipConfigurations",
        "properties": shown,
    }


def _held(interface: Resource) -> dict[str, str]:
    """Return the private address that an interface has in each subnet."""
    return {
        one["properties"]["subnet"]["id"].lower(): one["properties"]["privateIPAddress"]
        for one in properties(interface)["ipConfigurations"]
    }


def _bind(state: State, interface: Resource) -> None:
    for one in properties(interface)["ipConfigurations"]:
        configured = one["properties"]
        subnet = find_subnet(state, configured["subnet"]["id"])
        if subnet is not None:
            users = subnet.body["properties"].setdefault("ipConfigurations", [])
            users.append({"id": one["id"]})
        address = _address_of(state, configured)
        if address is not None:
            properties(address)["ipConfiguration"] = {"id": one["id"]}
            public_ip_addresses.give_address(state, address)
            option = configured["publicIPAddress"].get("properties", {}).get("deleteOption")
            if option is not None:
                properties(address)["deleteOption"] = option
    group = properties(interface).get("networkSecurityGroup")
    if group is not None:
        network_security_groups.note_interface(state, group["id"], interface.id)


def _address_of(state: State, configured: dict[str, Any]) -> Resource | None:
    reference = configured.get("publicIPAddress")
    return None if reference is None else state.resources.find(reference["id"])
