"""The method insert of firewalls, which are VPC firewall rules."""

from __future__ import annotations

from skyclust_sandbox.gcp.links import Reference
from skyclust_sandbox.gcp.operations import start_operation
from skyclust_sandbox.gcp.request_context import RequestContext
from skyclust_sandbox.gcp.resources import new_reference, new_resource
from skyclust_sandbox.gcp.responses import Resource, invalid
from skyclust_sandbox.gcp.state import Project, State


def insert(context: RequestContext) -> Resource:
    """Start the operation that creates a firewall rule, by default for ingress from anywhere."""
    reference = new_reference(context, "firewalls")
    link = context.body.get("network", "global/networks/default")
    network = context.resolve_link(link, "networks", "resource.network")
    context.state.get(network)
    firewall = new_resource(context.state, reference, "compute#firewall")
    firewall |= {"direction": "INGRESS", "priority": 1000, "disabled": False}
    firewall |= {**context.body, "network": network.link, "logConfig": {"enable": False}}
    if "allowed" not in firewall and "denied" not in firewall:
        raise invalid("resource.allowed", "", "One of allowed and denied is required.")
    if firewall["direction"] == "INGRESS" and not firewall.get("sourceTags"):
        firewall.setdefault("sourceRanges", ["0.0.0.0/0"])
    context.project.collection("firewalls", "global")[reference.name] = firewall
    return start_operation(context, "insert", reference, firewall["id"])


def add_firewall(
    state: State,
    project: Project,
    name: str,
    *,
    network: str,
    allowed: list[Resource],
    sources: list[str],
    description: str = "",
    tags: list[str] | None = None,
) -> Resource:
    """Add an ingress rule to the project without an operation, and return it."""
    reference = Reference(project.name, "global", "firewalls", name)
    firewall = new_resource(state, reference, "compute#firewall")
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
    project.collection("firewalls", "global")[name] = firewall
    return firewall
