"""The methods insert and delete of networks, and the default network of a new project."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.gcp.firewalls import add_firewall
from skyclust_sandbox.gcp.links import Reference, path_in
from skyclust_sandbox.gcp.locations import AUTO_RANGES
from skyclust_sandbox.gcp.operations import start_operation
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.resources import new_reference, new_resource
from skyclust_sandbox.gcp.responses import Resource, in_use
from skyclust_sandbox.gcp.state import Project, State
from skyclust_sandbox.gcp.subnetworks import add_subnetwork

_DEFAULT_FIREWALLS: Final = (
    ("default-allow-icmp", "Allow ICMP from anywhere", "icmp", None, "0.0.0.0/0"),
    ("default-allow-internal", "Allow internal traffic", "all", None, "10.128.0.0/9"),
    ("default-allow-rdp", "Allow RDP from anywhere", "tcp", "3389", "0.0.0.0/0"),
    ("default-allow-ssh", "Allow SSH from anywhere", "tcp", "22", "0.0.0.0/0"),
)


def insert(context: RequestContext) -> Resource:
    """Start the operation that creates a network, by default in auto mode."""
    reference = new_reference(context, "networks")
    network = add_network(
        context.state,
        context.project,
        reference.name,
        auto=bool(context.body.get("autoCreateSubnetworks", True)),
        description=context.body.get("description"),
    )
    return start_operation(
        context, "insert", reference, network["id"], undo=lambda: _remove(context, reference)
    )


def delete(context: RequestContext) -> Resource:
    """Start the operation that deletes a network with its auto mode subnetworks.

    Raises Refused while an instance, a firewall rule or a custom mode subnetwork uses it.
    """
    reference = context.reference("networks", context.path["network"])
    network = context.state.get(reference)
    for instance in context.project.list_all("instances"):
        for interface in instance["networkInterfaces"]:
            if interface["network"] == reference.link:
                raise in_use(reference.path, path_in(instance["selfLink"]))
    for firewall in context.project.list_all("firewalls"):
        if firewall["network"] == reference.link:
            raise in_use(reference.path, path_in(firewall["selfLink"]))
    if not network["autoCreateSubnetworks"]:
        for subnetwork in network.get("subnetworks", ()):
            raise in_use(reference.path, path_in(subnetwork))
    return start_operation(
        context, "delete", reference, network["id"], finish=lambda: _remove(context, reference)
    )


def add_network(
    state: State, project: Project, name: str, *, auto: bool, description: str | None = None
) -> Resource:
    """Add a network to a project without an operation, and return it.

    An auto mode network has a subnetwork in each region.
    """
    reference = Reference(project.name, "global", "networks", name)
    network = new_resource(state, reference, "compute#network")
    network |= {
        "selfLinkWithId": f"{reference.link.removesuffix(name)}{network['id']}",
        "autoCreateSubnetworks": auto,
        "routingConfig": {"routingMode": "REGIONAL"},
        "networkFirewallPolicyEnforcementOrder": "AFTER_CLASSIC_FIREWALL",
    }
    if description is not None:
        network["description"] = description
    project.collection("networks", "global")[name] = network
    for region, cidr in AUTO_RANGES.items() if auto else ():
        add_subnetwork(state, project, name, region=region, network=name, cidr=cidr)
    return network


def add_default_network(state: State, project: Project) -> None:
    """Add the network and firewall rules that a new project has."""
    description = "Default network for the project"
    add_network(state, project, "default", auto=True, description=description)
    for name, description, protocol, port, source in _DEFAULT_FIREWALLS:
        rule: Resource = {"IPProtocol": protocol}
        if port is not None:
            rule["ports"] = [port]
        add_firewall(
            state,
            project,
            name,
            network="default",
            allowed=[rule],
            sources=[source],
            description=description,
        )


def _remove(context: RequestContext, reference: Reference) -> None:
    """Remove a network and its subnetworks."""
    network = context.project.collection("networks", "global").pop(reference.name, {})
    for link in network.get("subnetworks", ()):
        _, _, scope, region, _, name = path_in(link).split("/")
        context.project.collection("subnetworks", f"{scope}/{region}").pop(name, None)
