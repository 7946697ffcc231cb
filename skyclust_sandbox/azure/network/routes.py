"""The routes of Microsoft.Network."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure import tracked_resources
from skyclust_sandbox.azure.network import (
    load_balancers,
    network_interfaces,
    network_security_groups,
    public_ip_addresses,
    virtual_networks,
)
from skyclust_sandbox.azure.resource_routes import GROUP, list_routes, resource_routes
from skyclust_sandbox.azure.router import Handler, Route


def _network(noun: str, kind: str, put: Handler, delete: Handler) -> tuple[Route, ...]:
    patch = ("UpdateTags", tracked_resources.update_tags(kind))
    return (
        *resource_routes(noun, kind, put, patch, delete),
        *list_routes(noun, kind, "List", "ListAll"),
    )


_SUBNETS: Final = f"{GROUP}/providers/{virtual_networks.KIND}/{{name}}/subnets"
ROUTES: Final = (
    *_network(
        "VirtualNetworks",
        virtual_networks.KIND,
        virtual_networks.put,
        tracked_resources.delete(
            virtual_networks.KIND, virtual_networks.refuse_used_network, virtual_networks.forget
        ),
    ),
    Route("Subnets_List", "GET", _SUBNETS, virtual_networks.list_subnets),
    Route("Subnets_Get", "GET", f"{_SUBNETS}/{{child}}", virtual_networks.get_subnet),
    Route("Subnets_CreateOrUpdate", "PUT", f"{_SUBNETS}/{{child}}", virtual_networks.put_subnet),
    Route("Subnets_Delete", "DELETE", f"{_SUBNETS}/{{child}}", virtual_networks.delete_subnet),
    *_network(
        "NetworkInterfaces",
        network_interfaces.KIND,
        network_interfaces.put,
        tracked_resources.delete(
            network_interfaces.KIND, network_interfaces.refuse_used, network_interfaces.unbind
        ),
    ),
    *_network(
        "PublicIPAddresses",
        public_ip_addresses.KIND,
        public_ip_addresses.put,
        tracked_resources.delete(
            public_ip_addresses.KIND, public_ip_addresses.refuse_used, public_ip_addresses.forget
        ),
    ),
    *_network(
        "NetworkSecurityGroups",
        network_security_groups.KIND,
        network_security_groups.put,
        tracked_resources.delete(
            network_security_groups.KIND,
            network_security_groups.refuse_used,
            network_security_groups.forget,
        ),
    ),
    *_network(
        "LoadBalancers",
        load_balancers.KIND,
        load_balancers.put,
        tracked_resources.delete(
            load_balancers.KIND, load_balancers.refuse_used, load_balancers.forget
        ),
    ),
)
