"""The interfaces of machines: networks, private and public addresses."""

from __future__ import annotations

import ipaddress
from typing import Final

from skyclust_sandbox.gcp.links import name_in, path_in
from skyclust_sandbox.gcp.lists import region_in
from skyclust_sandbox.gcp.networks import PUBLIC_RANGE
from skyclust_sandbox.gcp.responses import Resource, in_use, invalid, refused
from skyclust_sandbox.gcp.state import Project, Work, fingerprint

# The first two and the last two of a range are Google's
# (https://cloud.google.com/vpc/docs/subnets#unusable-ip-addresses-in-every-subnet).
_GOOGLES: Final = 2


def new_interfaces(work: Work, asked: list[Resource]) -> list[Resource]:
    """Return the interfaces that a body asks for; refuses networks that there are not."""
    if not asked:
        raise invalid("resource.networkInterfaces", "", "At least one network is required.")
    return [_interface(work, one, number) for number, one in enumerate(asked)]


def connect(project: Project, instance: Resource) -> None:
    """Give every access of a machine a public address that has none."""
    for interface in instance["networkInterfaces"]:
        for access in interface.get("accessConfigs", ()):
            if "natIP" not in access:
                access["natIP"] = free_public_address(project)
            address = _reserved(project, access["natIP"])
            if address is not None:
                address.update(status="IN_USE", users=[instance["selfLink"]])


def release(project: Project, instance: Resource, *, all_of_them: bool = False) -> None:
    """Take back the public addresses that were not reserved; reserved ones with the machine."""
    for interface in instance["networkInterfaces"]:
        for access in interface.get("accessConfigs", ()):
            address = _reserved(project, access.get("natIP", ""))
            if address is None:
                access.pop("natIP", None)
            elif all_of_them and instance["selfLink"] in address.get("users", ()):
                address["status"] = "RESERVED"
                del address["users"]


def free_public_address(project: Project) -> str:
    """Return a public address that nothing in the project has."""
    taken = {
        access.get("natIP")
        for instance in project.every("instances")
        for interface in instance["networkInterfaces"]
        for access in interface.get("accessConfigs", ())
    }
    taken |= {address["address"] for address in project.every("addresses")}
    taken |= {rule.get("IPAddress") for rule in project.every("forwardingRules")}
    # The busy test range is walked from where this project's own part begins.
    start = int(project.number) % 100 * 256
    return next(
        str(PUBLIC_RANGE[number])
        for number in range(start + 1, PUBLIC_RANGE.num_addresses)
        if str(PUBLIC_RANGE[number]) not in taken
    )


def access_config(work: Work, asked: Resource, named: str) -> Resource:
    """Return an access as asked for; refuses an address that is not free."""
    access: Resource = {
        "kind": "compute#accessConfig",
        "type": "ONE_TO_ONE_NAT",
        "name": asked.get("name", "External NAT"),
        "networkTier": asked.get("networkTier", "PREMIUM"),
    }
    wanted = asked.get("natIP")
    if wanted:
        address = _reserved(work.project, wanted)
        if address is None:
            what = f"The specified external IP address '{wanted}' was not found in the region."
            raise invalid(f"{named}.natIP", wanted, what)
        for user in address.get("users", ()):
            raise in_use(path_in(address["selfLink"]), path_in(user))
        access["natIP"] = wanted
    return access


def _interface(work: Work, asked: Resource, number: int) -> Resource:
    named = f"resource.networkInterfaces[{number}]"
    network, subnetwork = _place(work, asked, named)
    interface: Resource = {
        "kind": "compute#networkInterface",
        "network": network["selfLink"],
        "subnetwork": subnetwork["selfLink"],
        "networkIP": _private_address(work, subnetwork, asked.get("networkIP"), named),
        "name": f"nic{number}",
        "stackType": "IPV4_ONLY",
        "fingerprint": fingerprint([network["selfLink"], number]),
    }
    if "nicType" in asked:
        interface["nicType"] = asked["nicType"]
    if asked.get("accessConfigs"):
        interface["accessConfigs"] = [
            access_config(work, one, f"{named}.accessConfigs[0]") for one in asked["accessConfigs"]
        ]
    return interface


def _place(work: Work, asked: Resource, named: str) -> tuple[Resource, Resource]:
    """Return the network and the subnetwork of an interface."""
    region = region_in(work.scope)
    if asked.get("subnetwork"):
        where = work.linked(asked["subnetwork"], "subnetworks", f"{named}.subnetwork")
        found = work.world.find(where)
        if found is None or where.scope != f"regions/{region}":
            what = "The referenced subnetwork resource cannot be found."
            raise invalid(f"{named}.subnetwork", asked["subnetwork"], what)
        network = work.linked(found["network"], "networks", named)
        return work.world.get(network), found
    text = asked.get("network") or "global/networks/default"
    where = work.linked(text, "networks", f"{named}.network")
    network_found = work.world.find(where)
    if network_found is None:
        what = "The referenced network resource cannot be found."
        raise invalid(f"{named}.network", text, what)
    for link in network_found.get("subnetworks", ()):
        if f"/regions/{region}/" in link and network_found["autoCreateSubnetworks"]:
            shelf = work.world.projects[where.project].shelf("subnetworks", f"regions/{region}")
            return network_found, shelf[name_in(link)]
    what = "A custom mode network needs a subnetwork in the region of the instance."
    raise invalid(f"{named}.subnetwork", "", what)


def _private_address(work: Work, subnetwork: Resource, wanted: str | None, named: str) -> str:
    cidr = ipaddress.ip_network(subnetwork["ipCidrRange"])
    taken = {
        interface["networkIP"]
        for instance in work.project.every("instances")
        for interface in instance["networkInterfaces"]
        if interface["subnetwork"] == subnetwork["selfLink"]
    }
    if not wanted:
        return next(
            str(one)
            for one in (cidr[number] for number in range(_GOOGLES, cidr.num_addresses - _GOOGLES))
            if str(one) not in taken
        )
    try:
        inside = ipaddress.ip_address(wanted) in cidr
    except ValueError:
        inside = False
    if not inside:
        what = f"The IP address must be within the range {cidr} of the subnetwork."
        raise invalid(f"{named}.networkIP", wanted, what)
    if wanted in taken:
        raise refused(400, "invalid", f"IP '{wanted}' is already being used by another resource.")
    return wanted


def _reserved(project: Project, address: str) -> Resource | None:
    return next((one for one in project.every("addresses") if one["address"] == address), None)
