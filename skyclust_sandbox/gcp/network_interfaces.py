"""Network interfaces of instances: their subnetwork, internal and external addresses."""

from __future__ import annotations

import ipaddress
from typing import Final

from skyclust_sandbox.gcp.links import name_in, path_in
from skyclust_sandbox.gcp.locations import region_of_scope
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.responses import Resource, fingerprint, in_use, invalid, refused
from skyclust_sandbox.gcp.state import Project

EXTERNAL_RANGE: Final = ipaddress.ip_network("198.18.0.0/15")
"""The range of external addresses; RFC 2544 sets it aside for tests, so no host has them."""

# Google reserves the first two and the last two addresses of a primary range
# (https://cloud.google.com/vpc/docs/subnets#unusable-ip-addresses-in-every-subnet).
_UNUSABLE_ADDRESSES: Final = 2


def new_network_interfaces(context: RequestContext, requested: list[Resource]) -> list[Resource]:
    """Return the requested network interfaces of a new instance.

    Raises Refused for no interface at all, an unknown network, and an address that is not free.
    """
    if not requested:
        raise invalid("resource.networkInterfaces", "", "At least one network is required.")
    return [_new_interface(context, body, number) for number, body in enumerate(requested)]


def assign_external_addresses(project: Project, instance: Resource) -> None:
    """Assign an ephemeral address to every access config without one, and mark static ones used."""
    for interface in instance["networkInterfaces"]:
        for access_config in interface.get("accessConfigs", ()):
            if "natIP" not in access_config:
                access_config["natIP"] = free_external_address(project)
            address = _static_address(project, access_config["natIP"])
            if address is not None:
                address.update(status="IN_USE", users=[instance["selfLink"]])


def release_external_addresses(
    project: Project, instance: Resource, *, static_too: bool = False
) -> None:
    """Release the ephemeral addresses of an instance, and with `static_too` its static ones."""
    for interface in instance["networkInterfaces"]:
        for access_config in interface.get("accessConfigs", ()):
            address = _static_address(project, access_config.get("natIP", ""))
            if address is None:
                access_config.pop("natIP", None)
            elif static_too and instance["selfLink"] in address.get("users", ()):
                address["status"] = "RESERVED"
                del address["users"]


def free_external_address(project: Project) -> str:
    """Return an external address that no resource of the project has."""
    taken = {
        access_config.get("natIP")
        for instance in project.list_all("instances")
        for interface in instance["networkInterfaces"]
        for access_config in interface.get("accessConfigs", ())
    }
    taken |= {address["address"] for address in project.list_all("addresses")}
    taken |= {rule.get("IPAddress") for rule in project.list_all("forwardingRules")}
    # Each project has its own part of the range, so that projects do not share addresses.
    start = int(project.number) % 100 * 256
    return next(
        str(EXTERNAL_RANGE[number])
        for number in range(start + 1, EXTERNAL_RANGE.num_addresses)
        if str(EXTERNAL_RANGE[number]) not in taken
    )


def new_access_config(context: RequestContext, requested: Resource, field: str) -> Resource:
    """Return a requested access config; raises Refused for a static address that is not free."""
    access_config: Resource = {
        "kind": "compute#accessConfig",
        "type": "ONE_TO_ONE_NAT",
        "name": requested.get("name", "External NAT"),
        "networkTier": requested.get("networkTier", "PREMIUM"),
    }
    nat_ip = requested.get("natIP")
    if nat_ip:
        address = _static_address(context.project, nat_ip)
        if address is None:
            message = f"The specified external IP address '{nat_ip}' was not found in the region."
            raise invalid(f"{field}.natIP", nat_ip, message)
        for user in address.get("users", ()):
            raise in_use(path_in(address["selfLink"]), path_in(user))
        access_config["natIP"] = nat_ip
    return access_config


def _new_interface(context: RequestContext, requested: Resource, number: int) -> Resource:
    field = f"resource.networkInterfaces[{number}]"
    network, subnetwork = _networks_of(context, requested, field)
    interface: Resource = {
        "kind": "compute#networkInterface",
        "network": network["selfLink"],
        "subnetwork": subnetwork["selfLink"],
        "networkIP": _internal_address(context, subnetwork, requested.get("networkIP"), field),
        "name": f"nic{number}",
        "stackType": "IPV4_ONLY",
        "fingerprint": fingerprint([network["selfLink"], number]),
    }
    if "nicType" in requested:
        interface["nicType"] = requested["nicType"]
    if requested.get("accessConfigs"):
        interface["accessConfigs"] = [
            new_access_config(context, body, f"{field}.accessConfigs[0]")
            for body in requested["accessConfigs"]
        ]
    return interface


def _networks_of(
    context: RequestContext, requested: Resource, field: str
) -> tuple[Resource, Resource]:
    """Return the network and the subnetwork of a requested interface."""
    region = region_of_scope(context.scope)
    if requested.get("subnetwork"):
        reference = context.resolve_link(
            requested["subnetwork"], "subnetworks", f"{field}.subnetwork"
        )
        subnetwork = context.state.find(reference)
        if subnetwork is None or reference.scope != f"regions/{region}":
            message = "The referenced subnetwork resource cannot be found."
            raise invalid(f"{field}.subnetwork", requested["subnetwork"], message)
        network_reference = context.resolve_link(subnetwork["network"], "networks", field)
        return context.state.get(network_reference), subnetwork
    text = requested.get("network") or "global/networks/default"
    reference = context.resolve_link(text, "networks", f"{field}.network")
    network = context.state.find(reference)
    if network is None:
        message = "The referenced network resource cannot be found."
        raise invalid(f"{field}.network", text, message)
    for link in network.get("subnetworks", ()):
        if f"/regions/{region}/" in link and network["autoCreateSubnetworks"]:
            project = context.state.projects[reference.project]
            return network, project.collection("subnetworks", f"regions/{region}")[name_in(link)]
    message = "A custom mode network needs a subnetwork in the region of the instance."
    raise invalid(f"{field}.subnetwork", "", message)


def _internal_address(
    context: RequestContext, subnetwork: Resource, requested: str | None, field: str
) -> str:
    """Return the requested address in a subnetwork, or a free one if none is requested."""
    cidr = ipaddress.ip_network(subnetwork["ipCidrRange"])
    taken = {
        interface["networkIP"]
        for instance in context.project.list_all("instances")
        for interface in instance["networkInterfaces"]
        if interface["subnetwork"] == subnetwork["selfLink"]
    }
    if not requested:
        numbers = range(_UNUSABLE_ADDRESSES, cidr.num_addresses - _UNUSABLE_ADDRESSES)
        addresses = (str(cidr[number]) for number in numbers)
        return next(address for address in addresses if address not in taken)
    try:
        inside = ipaddress.ip_address(requested) in cidr
    except ValueError:
        inside = False
    if not inside:
        message = f"The IP address must be within the range {cidr} of the subnetwork."
        raise invalid(f"{field}.networkIP", requested, message)
    if requested in taken:
        message = f"IP '{requested}' is already being used by another resource."
        raise refused(400, "invalid", message)
    return requested


def _static_address(project: Project, text: str) -> Resource | None:
    """Return the static address resource with this IP address, or None."""
    addresses = project.list_all("addresses")
    return next((address for address in addresses if address["address"] == text), None)
