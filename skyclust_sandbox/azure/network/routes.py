"""The routes of Microsoft.Network."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure.network import (
    load_balancers,
    network_interfaces,
    network_security_groups,
    public_ip_addresses,
    virtual_networks,
)
from skyclust_sandbox.azure.resource_routes import GROUP, list_routes, resource_routes
from skyclust_sandbox.azure.router import Handler, Route
from skyclust_sandbox.azure.tracked_resources import delete_handler, update_tags_handler


def _network_routes(
    operation_group: str, resource_type: str, create_or_update: Handler, delete: Handler
) -> tuple[Route, ...]:
    return (
        *resource_routes(
            operation_group,
            resource_type,
            create_or_update=create_or_update,
            patch=("UpdateTags", update_tags_handler(resource_type)),
            delete=delete,
        ),
        *list_routes(operation_group, resource_type, "List", "ListAll"),
    )


_SUBNETS: Final = f"{GROUP}/providers/{virtual_networks.RESOURCE_TYPE}/{{name}}/subnets"
_SUBNET: Final = f"{_SUBNETS}/{{subnet}}"

ROUTES: Final = (
    *_network_routes(
        "VirtualNetworks",
        virtual_networks.RESOURCE_TYPE,
        virtual_networks.create_or_update,
        delete_handler(
            virtual_networks.RESOURCE_TYPE,
            check_not_in_use=virtual_networks.check_not_in_use,
            release_references=virtual_networks.release_references,
        ),
    ),
    Route("Subnets_List", "GET", _SUBNETS, virtual_networks.list_subnets),
    Route("Subnets_Get", "GET", _SUBNET, virtual_networks.get_subnet),
    Route("Subnets_CreateOrUpdate", "PUT", _SUBNET, virtual_networks.create_or_update_subnet),
    Route("Subnets_Delete", "DELETE", _SUBNET, virtual_networks.delete_subnet),
    *_network_routes(
        "NetworkInterfaces",
        network_interfaces.RESOURCE_TYPE,
        network_interfaces.create_or_update,
        delete_handler(
            network_interfaces.RESOURCE_TYPE,
            check_not_in_use=network_interfaces.check_not_in_use,
            release_references=network_interfaces.release_references,
        ),
    ),
    *_network_routes(
        "PublicIPAddresses",
        public_ip_addresses.RESOURCE_TYPE,
        public_ip_addresses.create_or_update,
        delete_handler(
            public_ip_addresses.RESOURCE_TYPE,
            check_not_in_use=public_ip_addresses.check_not_in_use,
        ),
    ),
    *_network_routes(
        "NetworkSecurityGroups",
        network_security_groups.RESOURCE_TYPE,
        network_security_groups.create_or_update,
        delete_handler(
            network_security_groups.RESOURCE_TYPE,
            check_not_in_use=network_security_groups.check_not_in_use,
        ),
    ),
    *_network_routes(
        "LoadBalancers",
        load_balancers.RESOURCE_TYPE,
        load_balancers.create_or_update,
        delete_handler(
            load_balancers.RESOURCE_TYPE, release_references=load_balancers.release_references
        ),
    ),
)
