"""Inventory of hidden images, dual-stack networks and security groups of the same name."""

from __future__ import annotations

import time

import pytest

from providers.openstack.provider import OpenStackProvider
from skyclust.model.instance import InstanceState
from skyclust.model.resource import Resource, ResourceKind
from skyclust.operations.waiting import wait_for_state
from tests.conformance.openstack import OpenStackHarness

pytestmark = pytest.mark.integration

TOKEN = "0c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e10"


def _read(provider: OpenStackProvider, region: str, kind: ResourceKind) -> list[Resource]:
    return [one for page in provider.list_resources(region, kind) for one in page]


def test_own_hidden_images_are_listed_once(
    harness: OpenStackHarness, provider: OpenStackProvider
) -> None:
    """Glance lists hidden images only when `os_hidden` is requested."""
    body = {"disk_format": "qcow2", "container_format": "bare", "os_distro": "ubuntu"}
    names = ("shown", "hidden")
    made = {
        name: harness.image({**body, "name": name, "os_hidden": name == "hidden"}) for name in names
    }
    found = _read(provider, harness.region, ResourceKind.IMAGE)
    ids = [one.id for one in found]
    assert len(ids) == len(set(ids))
    assert {made[name]: name == "hidden" for name in names}.items() <= {
        one.id: one.attributes["hidden"] for one in found
    }.items()


def test_a_dual_stack_network_has_both_cidrs(
    harness: OpenStackHarness, provider: OpenStackProvider
) -> None:
    network = harness.made("network/v2.0/networks", "network", {"name": "both"})
    for version, cidr in ((4, "10.77.0.0/24"), (6, "fd00:77::/64")):
        body = {"network_id": network, "ip_version": version, "cidr": cidr}
        harness.made("network/v2.0/subnets", "subnet", body)
    networks = {one.id: one for one in _read(provider, harness.region, ResourceKind.NETWORK)}
    assert networks[network].attributes["cidrs"] == ["10.77.0.0/24", "fd00:77::/64"]
    spec = harness.spec("web").model_copy(update={"network": network, "public_address": None})
    made = provider.create_instance(spec, TOKEN)
    running = wait_for_state(
        provider, made.reference, InstanceState.RUNNING, deadline_seconds=20, poll_seconds=0.03
    )
    assert running is not None
    first, second = running.private_addresses
    assert first.startswith("10.77.0.")
    assert second.startswith("fd00:77::")
    assert running.public_addresses == ()


def test_a_group_with_an_ambiguous_name_has_its_id(
    harness: OpenStackHarness, provider: OpenStackProvider
) -> None:
    twins = [
        harness.made("network/v2.0/security-groups", "security_group", {"name": "twin"})
        for _ in range(2)
    ]
    network = harness.spec("web").network
    port = harness.made(
        "network/v2.0/ports", "port", {"network_id": network, "security_groups": [twins[1]]}
    )
    server = {
        "name": "web",
        "flavorRef": "2",
        "imageRef": harness.spec("web").image,
        "networks": [{"port": port}],
    }
    harness.made("compute/v2.1/servers", "server", server)
    end = time.monotonic() + 10
    while True:
        [instance] = _read(provider, harness.region, ResourceKind.INSTANCE)
        if instance.state == InstanceState.RUNNING or time.monotonic() > end:
            break
        time.sleep(0.03)
    assert instance.attributes["firewalls"] == [twins[1]]
