"""The network interfaces of a machine.

Source: https://learn.microsoft.com/en-us/azure/virtual-network/virtual-network-network-interface-vm
"""

from __future__ import annotations

from typing import Any

from skyclust_sandbox.azure.network import network_interfaces
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import missing_reference, properties


def check(ask: Ask, machine_id: str, location: str, asked: dict[str, Any]) -> list[Resource]:
    """Return the interfaces that a machine is to have; refuses none, missing or used ones."""
    references = asked.get("networkProfile", {}).get("networkInterfaces", [])
    if not references:
        message = "Required parameter 'networkProfile' is missing (null)."
        raise refusal(400, "InvalidParameter", message)
    if len(references) > 1 and sum(_is_primary(one) for one in references) != 1:
        message = "One and only one of the network interfaces must be the primary one."
        raise refusal(400, "InvalidParameter", message)
    found = []
    for reference in references:
        interface = ask.state.resources.find(str(reference.get("id", "")))
        if (
            interface is None
            or interface.type != network_interfaces.KIND
            or interface.location != location
            or properties(interface)["provisioningState"] == "Deleting"
        ):
            raise missing_reference(str(reference.get("id", "")), machine_id)
        owner = properties(interface).get("virtualMachine", {}).get("id", machine_id)
        if owner.lower() != machine_id.lower():
            raise refusal(
                400,
                "NicInUse",
                f"Network Interface {interface.id} is used by existing resource {owner}.",
            )
        reference["id"] = interface.id
        found.append(interface)
    return found


def take(ask: Ask, machine: Resource, taken: list[Resource]) -> None:
    """Give the interfaces to the machine."""
    for number, interface in enumerate(taken):
        shown = properties(interface)
        shown["virtualMachine"] = {"id": machine.id}
        shown["primary"] = number == 0
        shown.setdefault("macAddress", _mac(next(ask.state.addresses)))


def let_go(state: State, machine: Resource) -> None:
    """Take a machine's interfaces from it; those that end with it go, with their addresses."""
    for reference in properties(machine)["networkProfile"]["networkInterfaces"]:
        interface = state.resources.find(reference["id"])
        if interface is None:
            continue
        properties(interface).pop("virtualMachine", None)
        properties(interface).pop("primary", None)
        if reference.get("properties", {}).get("deleteOption") != "Delete":
            continue
        ending = [
            address
            for address in network_interfaces.public_addresses(state, interface)
            if properties(address).get("deleteOption") == "Delete"
        ]
        network_interfaces.unbind(state, interface)
        state.resources.remove(interface)
        for address in ending:
            state.resources.remove(address)


def _is_primary(reference: dict[str, Any]) -> bool:
    return bool(reference.get("properties", {}).get("primary"))


def _mac(number: int) -> str:
    return f"00-22-48-{number >> 16 & 255:02X}-{number >> 8 & 255:02X}-{number & 255:02X}"
