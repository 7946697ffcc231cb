"""Neutron's collections: their names, their records, and who may see and change them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.state import Region
from skyclust_sandbox.openstack.wire import Body


@dataclass(frozen=True)
class Collection:
    """One collection of neutron. `error` is the prefix of the types of its errors."""

    singular: str
    plural: str
    error: str
    title: str
    find_all: Callable[[Region], Mapping[str, Body]]
    changeable: frozenset[str]

    @property
    def path(self) -> str:
        """Return the path of the collection."""
        return f"/v2.0/{self.plural.replace('_', '-')}"


def _rules(region: Region) -> Mapping[str, Body]:
    groups = region.security_groups.values()
    return {rule["id"]: rule for group in groups for rule in group["security_group_rules"]}


_NAMED: Final = frozenset({"name", "description", "admin_state_up"})

NETWORKS: Final = Collection(
    "network", "networks", "Network", "Network", lambda region: region.networks, _NAMED | {"mtu"}
)
SUBNETS: Final = Collection(
    "subnet",
    "subnets",
    "Subnet",
    "Subnet",
    lambda region: region.subnets,
    _NAMED | {"dns_nameservers", "enable_dhcp", "host_routes"},
)
PORTS: Final = Collection(
    "port",
    "ports",
    "Port",
    "Port",
    lambda region: region.ports,
    _NAMED | {"security_groups", "device_id", "device_owner", "allowed_address_pairs", "dns_name"},
)
ROUTERS: Final = Collection(
    "router", "routers", "Router", "Router", lambda region: region.routers, _NAMED
)
SECURITY_GROUPS: Final = Collection(
    "security_group",
    "security_groups",
    "SecurityGroup",
    "Security group",
    lambda region: region.security_groups,
    _NAMED,
)
RULES: Final = Collection(
    "security_group_rule",
    "security_group_rules",
    "SecurityGroupRule",
    "Security group rule",
    _rules,
    frozenset(),
)
FLOATING_IPS: Final = Collection(
    "floatingip",
    "floatingips",
    "FloatingIP",
    "Floating IP",
    lambda region: region.floating_ips,
    frozenset({"description"}),
)

COLLECTIONS: Final = (
    NETWORKS,
    SUBNETS,
    PORTS,
    ROUTERS,
    SECURITY_GROUPS,
    RULES,
    FLOATING_IPS,
)


def is_visible(context: Context, resource: Body) -> bool:
    """Return whether the caller sees a resource: its own, shared ones and external networks."""
    if context.is_admin or resource["project_id"] == context.project_id:
        return True
    if resource.get("shared") or resource.get("router:external"):
        return True
    network = context.region.networks.get(str(resource.get("network_id")))
    if network is None or "floating_network_id" in resource:
        return False
    own = bool(network["project_id"] == context.project_id)
    return own or ("cidr" in resource and bool(network["shared"]))


def find(context: Context, collection: Collection, object_id: str) -> Body:
    """Return a resource; 404 when it does not exist or the caller may not see it."""
    resource = collection.find_all(context.region).get(object_id)
    if resource is None or not is_visible(context, resource):
        raise context.refused(
            404,
            f"{collection.title} {object_id} could not be found.",
            f"{collection.error}NotFound",
        )
    return resource


def find_own(context: Context, collection: Collection) -> Body:
    """Return the resource in the path for a change; 403 when it belongs to another project."""
    resource = find(context, collection, context.argument("id"))
    if not context.is_admin and resource["project_id"] != context.project_id:
        verb = "delete" if context.request.method == "DELETE" else "update"
        message = f"rule:{verb}_{collection.singular} is disallowed by policy"
        raise context.refused(403, message)
    return resource
