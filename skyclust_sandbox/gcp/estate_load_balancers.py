"""The load balancers of the estate: global ones before the shop, network ones, an old pool."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.gcp.estate import SHORT_NAMES, SITES
from skyclust_sandbox.gcp.generic_resources import KINDS
from skyclust_sandbox.gcp.links import Reference, scope_link
from skyclust_sandbox.gcp.networks import PUBLIC_RANGE
from skyclust_sandbox.gcp.resources import new_resource, with_labels
from skyclust_sandbox.gcp.responses import Resource
from skyclust_sandbox.gcp.seeding import plant_address
from skyclust_sandbox.gcp.state import Project, World, fingerprint

_PUBLIC_NUMBERS: Final = 1100


def build_balancers(world: World, project: Project) -> None:
    """Put the load balancers of the company into its project."""
    _build_global(world, project)
    number = _PUBLIC_NUMBERS
    for region, environments in SITES.items():
        for environment in environments:
            number += 1
            _build_network_balancer(world, project, region, environment, number)
            _build_internal(world, project, region, environment)
    _build_pool(world, project)


def _build_global(world: World, project: Project) -> None:
    """An HTTPS load balancer: rule, proxy, map, service, check."""
    check = _put(
        world,
        Reference(project.name, "global", "healthChecks", "shop"),
        {"type": "HTTP", "timeoutSec": 5},
    )
    service = _put(
        world,
        Reference(project.name, "global", "backendServices", "shop"),
        {
            "protocol": "HTTP",
            "portName": "http",
            "timeoutSec": 30,
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "healthChecks": [check["selfLink"]],
        },
    )
    urls = _put(
        world,
        Reference(project.name, "global", "urlMaps", "shop"),
        {"defaultService": service["selfLink"]},
    )
    proxy = _put(
        world,
        Reference(project.name, "global", "targetHttpsProxies", "shop"),
        {"urlMap": urls["selfLink"]},
    )
    address = plant_address(world, project, "", "shop", str(PUBLIC_RANGE[_PUBLIC_NUMBERS]))
    rule = _put(
        world,
        Reference(project.name, "global", "forwardingRules", "shop-https"),
        {
            "IPAddress": address["address"],
            "IPProtocol": "TCP",
            "portRange": "443-443",
            "target": proxy["selfLink"],
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "networkTier": "PREMIUM",
        },
    )
    with_labels(rule, {"application": "shop", "environment": "production", "team": "web"})
    address.update(status="IN_USE", users=[rule["selfLink"]])


def _build_network_balancer(
    world: World, project: Project, region: str, environment: str, number: int
) -> None:
    scope, name = f"regions/{region}", f"orders-{SHORT_NAMES[environment]}"
    service = _put(
        world,
        Reference(project.name, scope, "backendServices", name),
        {"protocol": "TCP", "loadBalancingScheme": "EXTERNAL", "timeoutSec": 30},
    )
    rule = _put(
        world,
        Reference(project.name, scope, "forwardingRules", name),
        {
            "IPAddress": str(PUBLIC_RANGE[number]),
            "IPProtocol": "TCP",
            "portRange": "443-443",
            "backendService": service["selfLink"],
            "loadBalancingScheme": "EXTERNAL",
            "networkTier": "PREMIUM",
        },
    )
    with_labels(rule, {"application": "orders", "environment": environment, "team": "payments"})


def _build_internal(world: World, project: Project, region: str, environment: str) -> None:
    scope, name = f"regions/{region}", f"search-{SHORT_NAMES[environment]}"
    where = Reference(project.name, scope, "subnetworks", f"{environment}-private")
    subnetwork = project.shelf("subnetworks", scope)[where.name]
    service = _put(
        world,
        Reference(project.name, scope, "backendServices", name),
        {"protocol": "TCP", "loadBalancingScheme": "INTERNAL", "network": subnetwork["network"]},
    )
    rule = _put(
        world,
        Reference(project.name, scope, "forwardingRules", name),
        {
            "IPAddress": subnetwork["ipCidrRange"].replace(".0/20", ".250"),
            "IPProtocol": "TCP",
            "ports": ["9200"],
            "backendService": service["selfLink"],
            "loadBalancingScheme": "INTERNAL",
            "network": subnetwork["network"],
            "subnetwork": where.link,
            "networkTier": "PREMIUM",
        },
    )
    with_labels(rule, {"application": "search", "environment": environment})


def _build_pool(world: World, project: Project) -> None:
    """A load balancer of the first kind: a target pool of machines, without a label."""
    scope = "regions/europe-west3"
    members = [
        instance["selfLink"]
        for instance in project.every("instances")
        if instance["name"].startswith("instance-") and "/europe-west3-" in instance["zone"]
    ]
    pool = _put(
        world,
        Reference(project.name, scope, "targetPools", "legacy-intranet"),
        {"instances": members, "sessionAffinity": "NONE"},
    )
    _put(
        world,
        Reference(project.name, scope, "forwardingRules", "legacy-intranet"),
        {
            "IPAddress": str(PUBLIC_RANGE[_PUBLIC_NUMBERS + 100]),
            "IPProtocol": "TCP",
            "portRange": "80-80",
            "target": pool["selfLink"],
            "loadBalancingScheme": "EXTERNAL",
            "networkTier": "STANDARD",
            "labelFingerprint": fingerprint({}),
        },
    )


def _put(world: World, where: Reference, body: Resource) -> Resource:
    project, collection, scope = world.projects[where.project], where.collection, where.scope
    resource = new_resource(world, where, KINDS[collection]) | body
    if scope != "global":
        resource["region"] = scope_link(project.name, scope)
    project.shelf(collection, scope)[where.name] = resource
    return resource
