"""The methods insert and delete of subnetworks."""

from __future__ import annotations

import ipaddress

from skyclust_sandbox.gcp.links import Reference, name_in, path_in, scope_link
from skyclust_sandbox.gcp.operations import start_operation
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.resources import new_reference, new_resource
from skyclust_sandbox.gcp.responses import Resource, fingerprint, in_use, invalid
from skyclust_sandbox.gcp.state import Project, State


def insert(context: RequestContext) -> Resource:
    """Start the operation that creates a subnetwork; raises Refused for an invalid range."""
    reference = new_reference(context, "subnetworks")
    network = context.resolve_link(context.body.get("network", ""), "networks", "resource.network")
    context.state.get(network)
    cidr = context.body.get("ipCidrRange", "")
    try:
        ipaddress.ip_network(cidr)
    except ValueError as error:
        raise invalid("resource.ipCidrRange", cidr, "Must be a CIDR range.") from error
    subnetwork = add_subnetwork(
        context.state,
        context.project,
        reference.name,
        region=context.path["region"],
        network=network.name,
        cidr=cidr,
    )
    for name in ("description", "privateIpGoogleAccess", "secondaryIpRanges"):
        if name in context.body:
            subnetwork[name] = context.body[name]
    return start_operation(context, "insert", reference, subnetwork["id"])


def delete(context: RequestContext) -> Resource:
    """Start the operation that deletes a subnetwork; raises Refused while an instance is in it."""
    reference = context.reference("subnetworks", context.path["subnetwork"])
    subnetwork = context.state.get(reference)
    for instance in context.project.list_all("instances"):
        interfaces = instance["networkInterfaces"]
        if any(interface.get("subnetwork") == reference.link for interface in interfaces):
            raise in_use(reference.path, path_in(instance["selfLink"]))

    def finish() -> None:
        context.project.collection("subnetworks", reference.scope).pop(reference.name, None)
        networks = context.project.collection("networks", "global")
        network = networks.get(name_in(subnetwork["network"]), {})
        if reference.link in network.get("subnetworks", ()):
            network["subnetworks"].remove(reference.link)

    return start_operation(context, "delete", reference, subnetwork["id"], finish=finish)


def add_subnetwork(
    state: State, project: Project, name: str, *, region: str, network: str, cidr: str
) -> Resource:
    """Add a subnetwork to a network of the project without an operation, and return it."""
    reference = Reference(project.name, f"regions/{region}", "subnetworks", name)
    subnetwork = new_resource(state, reference, "compute#subnetwork")
    subnetwork |= {
        "network": Reference(project.name, "global", "networks", network).link,
        "ipCidrRange": cidr,
        "gatewayAddress": str(ipaddress.ip_network(cidr)[1]),
        "region": scope_link(project.name, reference.scope),
        "privateIpGoogleAccess": False,
        "privateIpv6GoogleAccess": "DISABLE_GOOGLE_ACCESS",
        "purpose": "PRIVATE",
        "stackType": "IPV4_ONLY",
        "fingerprint": fingerprint(reference.path),
    }
    project.collection("subnetworks", reference.scope)[name] = subnetwork
    network_resource = project.collection("networks", "global")[network]
    network_resource.setdefault("subnetworks", []).append(reference.link)
    return subnetwork
