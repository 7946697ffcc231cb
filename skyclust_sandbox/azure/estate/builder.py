"""Creates resources through the request handlers, with their operations already completed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from werkzeug.test import create_environ
from werkzeug.wrappers import Request

from skyclust_sandbox.azure.compute import disks, galleries, images, snapshots, virtual_machines
from skyclust_sandbox.azure.network import (
    load_balancers,
    network_interfaces,
    network_security_groups,
    public_ip_addresses,
    virtual_networks,
)
from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.resources import resource_groups
from skyclust_sandbox.azure.router import Handler
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tenants import OPERATOR

_HANDLERS: Mapping[str, Handler] = {
    disks.RESOURCE_TYPE: disks.create_or_update,
    galleries.GALLERY: galleries.create_or_update_handler(galleries.GALLERY),
    galleries.IMAGE: galleries.create_or_update_handler(galleries.IMAGE),
    galleries.IMAGE_VERSION: galleries.create_or_update_handler(galleries.IMAGE_VERSION),
    images.RESOURCE_TYPE: images.create_or_update,
    load_balancers.RESOURCE_TYPE: load_balancers.create_or_update,
    network_interfaces.RESOURCE_TYPE: network_interfaces.create_or_update,
    network_security_groups.RESOURCE_TYPE: network_security_groups.create_or_update,
    public_ip_addresses.RESOURCE_TYPE: public_ip_addresses.create_or_update,
    snapshots.RESOURCE_TYPE: snapshots.create_or_update,
    virtual_machines.RESOURCE_TYPE: virtual_machines.create_or_update,
    virtual_networks.RESOURCE_TYPE: virtual_networks.create_or_update,
}

_NO_CHILD: Mapping[str, str] = {}


@dataclass(frozen=True)
class Builder:
    """Creates resources in one location of one subscription."""

    state: State
    subscription: str
    location: str

    def create(
        self,
        resource_type: str,
        group: str,
        name: str,
        *,
        child_names: Mapping[str, str] = _NO_CHILD,
        **body: Any,
    ) -> Resource:
        """Create a resource, and its resource group if needed, and return the resource.

        `child_names` are the other path parameters of a nested resource. Raises RuntimeError if
        the handler did not create it.
        """
        self._create_group(group)
        content = orjson.dumps({"location": self.location, **body})
        environ = create_environ(method="PUT", query_string="api-version=2024-07-01", data=content)
        path_parameters = {
            "subscription": self.subscription,
            "group": group,
            "name": name,
            **child_names,
        }
        context = RequestContext(self.state, Request(environ), "", path_parameters, OPERATOR)
        response = orjson.loads(_HANDLERS[resource_type](context).get_data())
        self.state.timers.run_all()
        resource = self.state.resources.find(response["id"])
        if resource is None:
            raise RuntimeError(f"The {resource_type} {name} of the estate was not created.")
        return resource

    def create_network(
        self, group: str, name: str, prefix: str, subnets: Mapping[str, str]
    ) -> Resource:
        """Create a virtual network and return it; `subnets` are the prefixes by subnet name."""
        return self.create(
            virtual_networks.RESOURCE_TYPE,
            group,
            name,
            properties={
                "addressSpace": {"addressPrefixes": [prefix]},
                "subnets": [
                    {"name": subnet, "properties": {"addressPrefix": cidr}}
                    for subnet, cidr in subnets.items()
                ],
            },
        )

    def create_public_address(self, group: str, name: str) -> Resource:
        """Create a static public IP address and return it."""
        return self.create(
            public_ip_addresses.RESOURCE_TYPE,
            group,
            name,
            sku={"name": "Standard"},
            properties={"publicIPAllocationMethod": "Static"},
        )

    def _create_group(self, name: str) -> None:
        group_id = f"/subscriptions/{self.subscription}/resourceGroups/{name}"
        if self.state.resources.find(group_id) is None:
            resource_groups.create_resource_group(
                self.state, self.subscription, name, self.location
            )
