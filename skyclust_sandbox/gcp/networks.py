"""Networks, subnetworks and firewalls: the default ones, and addresses within them."""

from __future__ import annotations

import ipaddress
from typing import Final

from skyclust_sandbox.gcp.links import Reference, name_in, path_in, scope_link
from skyclust_sandbox.gcp.locations import AUTO_RANGES
from skyclust_sandbox.gcp.operations import begin
from skyclust_sandbox.gcp.resources import new_resource, require_new
from skyclust_sandbox.gcp.responses import Resource, in_use, invalid
from skyclust_sandbox.gcp.state import Project, Work, World, fingerprint

PUBLIC_RANGE: Final = ipaddress.ip_network("198.18.0.0/15")
"""Where public addresses come from: a range for tests (RFC 2544), nobody is at its other end."""

_DEFAULT_FIREWALLS: Final = (
    ("default-allow-icmp", "Allow ICMP from anywhere", "icmp", None, "0.0.0.0/0"),
    ("default-allow-internal", "Allow internal traffic", "all", None, "10.128.0.0/9"),
    ("default-allow-rdp", "Allow RDP from anywhere", "tcp", "3389", "0.0.0.0/0"),
    ("default-allow-ssh", "Allow SSH from anywhere", "tcp", "22", "0.0.0.0/0"),
)


def insert_network(work: Work) -> Resource:
    """Make a network; in auto mode it has a subnetwork in every region."""
    where = require_new(work, "networks")
    network = put_network(
        work.world,
        work.project,
        where.name,
        auto=bool(work.body.get("autoCreateSubnetworks", True)),
        description=work.body.get("description"),
    )
    return begin(work, "insert", where, network["id"], undo=lambda: _remove(work, where))


def delete_network(work: Work) -> Resource:
    """Delete a network that nothing uses; its auto mode subnetworks go with it."""
    where = work.reference("networks", work.path["network"])
    network = work.world.get(where)
    for instance in work.project.every("instances"):
        for interface in instance["networkInterfaces"]:
            if interface["network"] == where.link:
                raise in_use(where.path, path_in(instance["selfLink"]))
    for firewall in work.project.every("firewalls"):
        if firewall["network"] == where.link:
            raise in_use(where.path, path_in(firewall["selfLink"]))
    if not network["autoCreateSubnetworks"]:
        for subnetwork in network.get("subnetworks", ()):
            raise in_use(where.path, path_in(subnetwork))
    return begin(work, "delete", where, network["id"], finish=lambda: _remove(work, where))


def insert_subnetwork(work: Work) -> Resource:
    """Make a subnetwork of a custom mode network."""
    where = require_new(work, "subnetworks")
    network = work.linked(work.body.get("network", ""), "networks", "resource.network")
    work.world.get(network)
    try:
        ipaddress.ip_network(work.body.get("ipCidrRange", ""))
    except ValueError as error:
        raise invalid(
            "resource.ipCidrRange", work.body.get("ipCidrRange", ""), "Must be a CIDR range."
        ) from error
    subnetwork = put_subnetwork(
        work.world,
        work.project,
        where.name,
        region=work.path["region"],
        network=network.name,
        cidr=work.body["ipCidrRange"],
    )
    for name in ("description", "privateIpGoogleAccess", "secondaryIpRanges"):
        if name in work.body:
            subnetwork[name] = work.body[name]
    return begin(work, "insert", where, subnetwork["id"])


def delete_subnetwork(work: Work) -> Resource:
    """Delete a subnetwork that no machine is in."""
    where = work.reference("subnetworks", work.path["subnetwork"])
    subnetwork = work.world.get(where)
    for instance in work.project.every("instances"):
        if any(one.get("subnetwork") == where.link for one in instance["networkInterfaces"]):
            raise in_use(where.path, path_in(instance["selfLink"]))

    def finish() -> None:
        work.project.shelf("subnetworks", where.scope).pop(where.name, None)
        network = work.project.shelf("networks", "global").get(name_in(subnetwork["network"]), {})
        if where.link in network.get("subnetworks", ()):
            network["subnetworks"].remove(where.link)

    return begin(work, "delete", where, subnetwork["id"], finish=finish)


def insert_firewall(work: Work) -> Resource:
    """Make a firewall rule."""
    where = require_new(work, "firewalls")
    named = work.body.get("network", "global/networks/default")
    network = work.linked(named, "networks", "resource.network")
    work.world.get(network)
    firewall = new_resource(work.world, where, "compute#firewall")
    firewall |= {"direction": "INGRESS", "priority": 1000, "disabled": False}
    firewall |= {**work.body, "network": network.link, "logConfig": {"enable": False}}
    if "allowed" not in firewall and "denied" not in firewall:
        raise invalid("resource.allowed", "", "One of allowed and denied is required.")
    if firewall["direction"] == "INGRESS" and not firewall.get("sourceTags"):
        firewall.setdefault("sourceRanges", ["0.0.0.0/0"])
    work.project.shelf("firewalls", "global")[where.name] = firewall
    return begin(work, "insert", where, firewall["id"])


def put_network(
    world: World, project: Project, name: str, *, auto: bool, description: str | None = None
) -> Resource:
    """Put a network into a project and return it."""
    where = Reference(project.name, "global", "networks", name)
    network = new_resource(world, where, "compute#network")
    network |= {
        "selfLinkWithId": f"{where.link.removesuffix(name)}{network['id']}",
        "autoCreateSubnetworks": auto,
        "routingConfig": {"routingMode": "REGIONAL"},
        "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
    }
    if description is not None:
        network["description"] = description
    project.shelf("networks", "global")[name] = network
    for region, cidr in AUTO_RANGES.items() if auto else ():
        put_subnetwork(world, project, name, region=region, network=name, cidr=cidr)
    return network


def put_subnetwork(
    world: World, project: Project, name: str, *, region: str, network: str, cidr: str
) -> Resource:
    """Put a subnetwork into a network and return it."""
    where = Reference(project.name, f"regions/{region}", "subnetworks", name)
    subnetwork = new_resource(world, where, "compute#subnetwork")
    subnetwork |= {
        "network": Reference(project.name, "global", "networks", network).link,
        "ipCidrRange": cidr,
        "gatewayAddress": str(ipaddress.ip_network(cidr)[1]),
        "region": scope_link(project.name, where.scope),
        "privateIpGoogleAccess": False,
        "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
        "fingerprint": fingerprint(where.path),
    }
    project.shelf("subnetworks", where.scope)[name] = subnetwork
    parent = project.shelf("networks", "global")[network]
    parent.setdefault("subnetworks", []).append(where.link)
    return subnetwork


def put_default_network(world: World, project: Project) -> None:
    """Put what a new project has: the default network and its firewall rules."""
    put_network(world, project, "default", auto=True, description="Default network for the project")
    for name, description, protocol, port, source in _DEFAULT_FIREWALLS:
        rule: Resource = {"IPProtocol": protocol}
        if port is not None:
            rule["ports"] = [port]
        put_firewall(
            world,
            project,
            name,
            network="default",
            allowed=[rule],
            sources=[source],
            description=description,
        )


def put_firewall(
    world: World,
    project: Project,
    name: str,
    *,
    network: str,
    allowed: list[Resource],
    sources: list[str],
    description: str = "",
    tags: list[str] | None = None,
) -> Resource:
    """Put a firewall rule that lets sources in and return it."""
    where = Reference(project.name, "global", "firewalls", name)
    firewall = new_resource(world, where, "compute#firewall")
    firewall |= {
        "description": description,
        "network": Reference(project.name, "global", "networks", network).link,
        "priority": 65534 if network == "default" else 1000,
        "sourceRanges": sources,
        "allowed": allowed,
        "direction": "INGRESS",
        "disabled": False,
        "logConfig": {"enable": False},
    }
    if tags:
        firewall["targetTags"] = tags
    project.shelf("firewalls", "global")[name] = firewall
    return firewall


def _remove(work: Work, where: Reference) -> None:
    network = work.project.shelf("networks", "global").pop(where.name, {})
    for link in network.get("subnetworks", ()):
        _, _, scope, region, _, name = path_in(link).split("/")
        work.project.shelf("subnetworks", f"{scope}/{region}").pop(name, None)
