"""Makes resources as a client would, but at once: each is ready when it is returned."""

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
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.resources import resource_groups
from skyclust_sandbox.azure.router import Handler
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tenants import OPERATOR

_HANDLERS: Mapping[str, Handler] = {
    public_ip_addresses.KIND: public_ip_addresses.put,
    disks.KIND: disks.put,
    network_security_groups.KIND: network_security_groups.put,
    galleries.KIND: galleries.put(galleries.KIND),
    galleries.DEFINITION: galleries.put(galleries.DEFINITION),
    galleries.VERSION: galleries.put(galleries.VERSION),
    images.KIND: images.put,
    network_interfaces.KIND: network_interfaces.put,
    load_balancers.KIND: load_balancers.put,
    virtual_machines.KIND: virtual_machines.put,
    virtual_networks.KIND: virtual_networks.put,
    snapshots.KIND: snapshots.put,
}

_ALONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Builder:
    """Makes resources in one location of one subscription."""

    state: State
    subscription: str
    location: str

    def group(self, name: str) -> None:
        """Make a resource group unless it is there."""
        group_id = f"/subscriptions/{self.subscription}/resourceGroups/{name}"
        if self.state.resources.find(group_id) is None:
            resource_groups.make(self.state, self.subscription, name, self.location)

    def make(
        self, kind: str, group: str, name: str, *, within: Mapping[str, str] = _ALONE, **body: Any
    ) -> Resource:
        """Make a resource, ready for use, and return it; its group is made with it.

        `within` has the parts of the path that follow the name, for what lies in another.
        """
        self.group(group)
        content = orjson.dumps({"location": self.location, **body})
        environ = create_environ(method="PUT", query_string="api-version=2024-07-01", data=content)
        names = {"subscription": self.subscription, "group": group, "name": name, **within}
        ask = Ask(self.state, Request(environ), "", names, OPERATOR)
        shown = orjson.loads(_HANDLERS[kind](ask).get_data())
        self.state.agenda.finish()
        made = self.state.resources.find(shown["id"])
        if made is None:
            raise RuntimeError(f"The estate's {kind} {name} was not made.")
        return made

    def network(self, group: str, name: str, prefix: str, subnets: Mapping[str, str]) -> Resource:
        """Make a virtual network with these subnets, by their names, and return it."""
        return self.make(
            virtual_networks.KIND,
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
