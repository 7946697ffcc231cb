"""The network interfaces of a virtual machine.

Source: https://learn.microsoft.com/en-us/azure/virtual-network/virtual-network-network-interface-vm
"""

from __future__ import annotations

from typing import Any

from skyclust_sandbox.azure.network import network_interfaces
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import invalid_reference_error


def require_interfaces(
    context: RequestContext, vm_resource_id: str, location: str, requested: dict[str, Any]
) -> list[Resource]:
    """Return the interfaces of a network profile; refuses none, missing ones and used ones."""
    references = requested.get("networkProfile", {}).get("networkInterfaces", [])
    if not references:
        message = "Required parameter 'networkProfile' is missing (null)."
        raise arm_error(400, "InvalidParameter", message)
    if len(references) > 1 and sum(_is_primary(reference) for reference in references) != 1:
        message = "One and only one of the network interfaces must be the primary one."
        raise arm_error(400, "InvalidParameter", message)
    interfaces = []
    for reference in references:
        interface_id = str(reference.get("id", ""))
        interface = context.state.resources.find(interface_id)
        if (
            interface is None
            or interface.type != network_interfaces.RESOURCE_TYPE
            or interface.location != location
            or interface.properties["provisioningState"] == "Deleting"
        ):
            raise invalid_reference_error(interface_id, vm_resource_id)
        owner = interface.properties.get("virtualMachine", {}).get("id", vm_resource_id)
        if owner.lower() != vm_resource_id.lower():
            raise arm_error(
                400,
                "NicInUse",
                f"Network Interface {interface.id} is used by existing resource {owner}.",
            )
        reference["id"] = interface.id
        interfaces.append(interface)
    return interfaces


def attach_interfaces(context: RequestContext, vm: Resource, interfaces: list[Resource]) -> None:
    """Attach the interfaces to the VM; the first is its primary interface."""
    for number, interface in enumerate(interfaces):
        properties = interface.properties
        properties["virtualMachine"] = {"id": vm.id}
        properties["primary"] = number == 0
        properties.setdefault("macAddress", _mac_address(next(context.state.address_counter)))


def detach_interfaces(state: State, vm: Resource) -> None:
    """Detach the interfaces of a deleted VM.

    Interfaces with the delete option Delete are deleted, and so are their public IP addresses
    with that option.
    """
    for reference in vm.properties["networkProfile"]["networkInterfaces"]:
        interface = state.resources.find(reference["id"])
        if interface is None:
            continue
        interface.properties.pop("virtualMachine", None)
        interface.properties.pop("primary", None)
        if reference.get("properties", {}).get("deleteOption") != "Delete":
            continue
        deleted_addresses = [
            address
            for address in network_interfaces.public_addresses(state, interface)
            if address.properties.get("deleteOption") == "Delete"
        ]
        network_interfaces.release_references(state, interface)
        state.resources.remove(interface)
        for address in deleted_addresses:
            state.resources.remove(address)


def _is_primary(reference: dict[str, Any]) -> bool:
    return bool(reference.get("properties", {}).get("primary"))


def _mac_address(number: int) -> str:
    return f"00-22-48-{number >> 16 & 255:02X}-{number >> 8 & 255:02X}-{number & 255:02X}"
