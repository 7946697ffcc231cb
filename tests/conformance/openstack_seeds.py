"""Resources of every kind that the harness creates for the conformance suite."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import count
from typing import Final

from skyclust.model.resource import ResourceKind
from tests.conformance.openstack_operator import Json, OpenStackOperator

WAIT_SECONDS: Final = 20.0
POLL_SECONDS: Final = 0.03


class OpenStackSeeds:
    """Creates resources in the operator's region; `made` has the latest ids of each kind."""

    def __init__(
        self, operator: OpenStackOperator, *, image: Json, network: Json, public: Json
    ) -> None:
        self._operator = operator
        self._image = image
        self._network = network
        self._public = public
        self._subnet = network["subnets"][0]
        self._numbers = count(1)
        self.made: dict[ResourceKind, Sequence[str]] = {}

    def make(self, kind: ResourceKind, number: int) -> Sequence[str]:
        """Create resources of a kind and return their ids."""
        make = {
            ResourceKind.INSTANCE: self._make_instance,
            ResourceKind.DISK: self._make_disk,
            ResourceKind.SNAPSHOT: self._make_snapshot,
            ResourceKind.IMAGE: self._make_image,
            ResourceKind.NETWORK: self._make_network,
            ResourceKind.SUBNET: self._make_subnet,
            ResourceKind.FIREWALL: self._make_firewall,
            ResourceKind.ADDRESS: self._make_address,
            ResourceKind.LOAD_BALANCER: self._make_load_balancer,
        }[kind]
        made = [make(next(self._numbers)) for _ in range(number)]
        self.made[kind] = made
        path, key, states = {
            ResourceKind.INSTANCE: ("compute/v2.1/servers", "server", {"ACTIVE"}),
            ResourceKind.DISK: (self._operator.volumes("volumes"), "volume", {"available"}),
            ResourceKind.SNAPSHOT: (self._operator.volumes("snapshots"), "snapshot", {"available"}),
            ResourceKind.LOAD_BALANCER: (
                "load-balancer/v2/lbaas/loadbalancers",
                "loadbalancer",
                {"ACTIVE"},
            ),
        }.get(kind, ("", "", set()))
        for id_ in made if path else ():
            self._await(f"{path}/{id_}", key, states)
        return made

    def _await(self, path: str, key: str, states: set[str]) -> None:
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            item = self._operator.call("GET", path)[key]
            if item.get("status", item.get("provisioning_status")) in states:
                return
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"The sandbox did not finish {path}.")

    def _make_instance(self, number: int) -> str:
        server = {
            "name": f"seed-{number}",
            "flavorRef": "2",
            "imageRef": self._image["id"],
            "networks": [{"uuid": self._network["id"]}],
        }
        return self._operator.made("compute/v2.1/servers", "server", server)

    def _make_disk(self, number: int) -> str:
        return self._operator.made(
            self._operator.volumes("volumes"), "volume", {"name": f"seed-{number}", "size": 1}
        )

    def _make_snapshot(self, number: int) -> str:
        disk = self._make_disk(number)
        self._await(f"{self._operator.volumes('volumes')}/{disk}", "volume", {"available"})
        body = {"name": f"seed-{number}", "volume_id": disk}
        return self._operator.made(self._operator.volumes("snapshots"), "snapshot", body)

    def _make_image(self, number: int) -> str:
        body = {"name": f"seed-{number}", "disk_format": "qcow2", "container_format": "bare"}
        return str(self._operator.call("POST", "image/v2/images", body)["id"])

    def _make_network(self, number: int) -> str:
        return self._operator.made("network/v2.0/networks", "network", {"name": f"seed-{number}"})

    def _make_subnet(self, number: int) -> str:
        network = self._make_network(number)
        body = {
            "name": f"seed-{number}",
            "network_id": network,
            "ip_version": 4,
            "cidr": f"10.99.{number}.0/24",
        }
        return self._operator.made("network/v2.0/subnets", "subnet", body)

    def _make_firewall(self, number: int) -> str:
        body = {"name": f"seed-{number}"}
        return self._operator.made("network/v2.0/security-groups", "security_group", body)

    def _make_address(self, number: int) -> str:
        body = {"floating_network_id": self._public["id"], "description": f"seed-{number}"}
        return self._operator.made("network/v2.0/floatingips", "floatingip", body)

    def _make_load_balancer(self, number: int) -> str:
        body = {"name": f"seed-{number}", "vip_subnet_id": self._subnet}
        return self._operator.made("load-balancer/v2/lbaas/loadbalancers", "loadbalancer", body)


def list_call_of(operator: OpenStackOperator, kind: ResourceKind) -> tuple[str, str, str]:
    """Return the action that lists a kind, the path of the list, and the key of an object."""
    return {
        ResourceKind.INSTANCE: ("compute.servers.list", "compute/v2.1/servers", "server"),
        ResourceKind.DISK: (
            "block-storage.volumes.list",
            operator.volumes("volumes"),
            "volume",
        ),
        ResourceKind.SNAPSHOT: (
            "block-storage.snapshots.list",
            operator.volumes("snapshots"),
            "snapshot",
        ),
        ResourceKind.IMAGE: ("image.images.list", "image/v2/images", ""),
        ResourceKind.NETWORK: ("network.networks.list", "network/v2.0/networks", "network"),
        ResourceKind.SUBNET: ("network.subnets.list", "network/v2.0/subnets", "subnet"),
        ResourceKind.FIREWALL: (
            "network.security_groups.list",
            "network/v2.0/security-groups",
            "security_group",
        ),
        ResourceKind.ADDRESS: (
            "network.floatingips.list",
            "network/v2.0/floatingips",
            "floatingip",
        ),
        ResourceKind.LOAD_BALANCER: (
            "load-balancer.load_balancers.list",
            "load-balancer/v2/lbaas/loadbalancers",
            "loadbalancer",
        ),
    }[kind]
