"""The load balancers of the estate: application, network, internal and target pool based ones."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.gcp.estate import SHORT_NAMES, SITES
from skyclust_sandbox.gcp.generic_resources import KINDS
from skyclust_sandbox.gcp.links import Reference, scope_link
from skyclust_sandbox.gcp.network_interfaces import EXTERNAL_RANGE
from skyclust_sandbox.gcp.resources import new_resource, with_labels
from skyclust_sandbox.gcp.responses import Resource, fingerprint
from skyclust_sandbox.gcp.seeding import seed_address
from skyclust_sandbox.gcp.state import Project, State

# The position of the first address in EXTERNAL_RANGE. Instances have lower positions.
_FIRST_ADDRESS: Final = 1100


def build_load_balancers(state: State, project: Project) -> None:
    """Add the load balancers of the estate to a project."""
    _build_application_load_balancer(state, project)
    number = _FIRST_ADDRESS
    for region, environments in SITES.items():
        for environment in environments:
            number += 1
            _build_network_load_balancer(state, project, region, environment, number)
            _build_internal_load_balancer(state, project, region, environment)
    _build_target_pool(state, project)


def _build_application_load_balancer(state: State, project: Project) -> None:
    """Build a global HTTPS load balancer: rule, proxy, URL map, backend service, health check."""
    health_check = _store(
        state,
        Reference(project.name, "global", "healthChecks", "shop"),
        {"type": "HTTP", "timeoutSec": 5},
    )
    service = _store(
        state,
        Reference(project.name, "global", "backendServices", "shop"),
        {
            "protocol": "HTTP",
            "portName": "http",
            "timeoutSec": 30,
            "loadBalancingScheme": "EXTERNAL_MANAGED",
            "healthChecks": [health_check["selfLink"]],
        },
    )
    url_map = _store(
        state,
        Reference(project.name, "global", "urlMaps", "shop"),
        {"defaultService": service["selfLink"]},
    )
    proxy = _store(
        state,
        Reference(project.name, "global", "targetHttpsProxies", "shop"),
        {"urlMap": url_map["selfLink"]},
    )
    address = seed_address(state, project, "", "shop", str(EXTERNAL_RANGE[_FIRST_ADDRESS]))
    rule = _store(
        state,
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


def _build_network_load_balancer(
    state: State, project: Project, region: str, environment: str, number: int
) -> None:
    scope, name = f"regions/{region}", f"orders-{SHORT_NAMES[environment]}"
    service = _store(
        state,
        Reference(project.name, scope, "backendServices", name),
        {"protocol": "TCP", "loadBalancingScheme": "EXTERNAL", "timeoutSec": 30},
    )
    rule = _store(
        state,
        Reference(project.name, scope, "forwardingRules", name),
        {
            "IPAddress": str(EXTERNAL_RANGE[number]),
            "IPProtocol": "TCP",
            "portRange": "443-443",
            "backendService": service["selfLink"],
            "loadBalancingScheme": "EXTERNAL",
            "networkTier": "PREMIUM",
        },
    )
    with_labels(rule, {"application": "orders", "environment": environment, "team": "payments"})


def _build_internal_load_balancer(
    state: State, project: Project, region: str, environment: str
) -> None:
    scope, name = f"regions/{region}", f"search-{SHORT_NAMES[environment]}"
    reference = Reference(project.name, scope, "subnetworks", f"{environment}-private")
    subnetwork = project.collection("subnetworks", scope)[reference.name]
    service = _store(
        state,
        Reference(project.name, scope, "backendServices", name),
        {"protocol": "TCP", "loadBalancingScheme": "INTERNAL", "network": subnetwork["network"]},
    )
    rule = _store(
        state,
        Reference(project.name, scope, "forwardingRules", name),
        {
            "IPAddress": subnetwork["ipCidrRange"].replace(".0/20", ".250"),
            "IPProtocol": "TCP",
            "ports": ["9200"],
            "backendService": service["selfLink"],
            "loadBalancingScheme": "INTERNAL",
            "network": subnetwork["network"],
            "subnetwork": reference.link,
            "networkTier": "PREMIUM",
        },
    )
    with_labels(rule, {"application": "search", "environment": environment})


def _build_target_pool(state: State, project: Project) -> None:
    """Build a load balancer with a target pool, the oldest kind; it has no label."""
    scope = "regions/europe-west3"
    members = [
        instance["selfLink"]
        for instance in project.list_all("instances")
        if instance["name"].startswith("instance-") and "/europe-west3-" in instance["zone"]
    ]
    pool = _store(
        state,
        Reference(project.name, scope, "targetPools", "legacy-intranet"),
        {"instances": members, "sessionAffinity": "NONE"},
    )
    _store(
        state,
        Reference(project.name, scope, "forwardingRules", "legacy-intranet"),
        {
            "IPAddress": str(EXTERNAL_RANGE[_FIRST_ADDRESS + 100]),
            "IPProtocol": "TCP",
            "portRange": "80-80",
            "target": pool["selfLink"],
            "loadBalancingScheme": "EXTERNAL",
            "networkTier": "STANDARD",
            "labelFingerprint": fingerprint({}),
        },
    )


def _store(state: State, reference: Reference, body: Resource) -> Resource:
    project, collection, scope = (
        state.projects[reference.project],
        reference.collection,
        reference.scope,
    )
    resource = new_resource(state, reference, KINDS[collection]) | body
    if scope != "global":
        resource["region"] = scope_link(project.name, scope)
    project.collection(collection, scope)[reference.name] = resource
    return resource
