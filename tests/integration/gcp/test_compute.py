"""Changes of instances that Compute Engine accepts and refuses."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from providers.gcp.provider import GcpProvider
from skyclust.errors import CapacityExhausted, Conflict, InvalidRequest, Unsupported
from skyclust.model.instance import Instance, InstanceSpec, InstanceState
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox
from tests.integration.gcp.conftest import REGION, Wait

pytestmark = pytest.mark.integration

OTHER_TOKEN = "5e3f9a08-84fb-4eaa-a04f-8d3e3d7a6b66"


def test_a_start_without_capacity_raises_capacity_exhausted(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox, instance: Instance, wait: Wait
) -> None:
    gcp.stop_instance(instance.reference)
    wait(instance, InstanceState.STOPPED)
    full = "ZONE_RESOURCE_POOL_EXHAUSTED"
    gcp_sandbox.inject(Fault(kind=FaultKind.ERROR, action="compute.instances.start", code=full))
    with pytest.raises(CapacityExhausted) as raised:
        gcp.start_instance(instance.reference)
    assert (raised.value.code, raised.value.provider) == (full, "gcp")
    assert gcp.get_instance(REGION, instance.id).state is InstanceState.STOPPED


def test_a_start_resumes_a_suspended_instance(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox, instance: Instance, wait: Wait
) -> None:
    path = f"projects/{gcp_sandbox.account}/zones/{instance.zone}/instances/{instance.name}"
    reply = requests.post(
        f"{gcp_sandbox.endpoint}/compute/v1/{path}/suspend",
        headers={"Authorization": f"Bearer {gcp_sandbox.token('operator')}"},
        timeout=30,
    )
    assert reply.ok, reply.text
    wait(instance, InstanceState.SUSPENDED)
    while gcp.get_instance(REGION, instance.id).native_state == "SUSPENDING":
        pass
    with pytest.raises(InvalidRequest):
        gcp.reboot_instance(instance.reference)
    gcp.start_instance(instance.reference)
    wait(instance, InstanceState.RUNNING)


def test_power_off_only_is_unsupported(gcp: GcpProvider, instance: Instance) -> None:
    with pytest.raises(Unsupported):
        gcp.stop_instance(instance.reference, power_off_only=True)


@pytest.mark.parametrize(
    ("tags", "removed"),
    [
        ({"Team": "x"}, ()),
        ({"team": "X"}, ()),
        ({"skyclust-token": "x"}, ()),
        ({}, ["skyclust-token"]),
    ],
)
def test_invalid_tags_are_refused_before_any_change(
    gcp: GcpProvider, instance: Instance, tags: dict[str, str], removed: list[str]
) -> None:
    with pytest.raises(InvalidRequest):
        gcp.set_tags(instance.reference, {"stage": "test", **tags}, removed)
    assert gcp.get_instance(REGION, instance.id).tags == instance.tags


def test_concurrent_tag_changes_are_all_applied(gcp: GcpProvider, instance: Instance) -> None:
    keys = ["a", "b", "c"]

    def set_one(key: str) -> None:
        """Set a tag as a task does: repeat it while the instance is busy."""
        for _ in range(100):
            try:
                return gcp.set_tags(instance.reference, {key: "1"})
            except Conflict:
                time.sleep(0.02)
        raise TimeoutError(key)

    with ThreadPoolExecutor(len(keys)) as pool:
        list(pool.map(set_one, keys))
    tags = gcp.get_instance(REGION, instance.id).tags
    assert {key for key in keys if tags.get(key) == "1"} == set(keys)


def test_a_disk_of_another_instance_is_refused(
    gcp: GcpProvider, spec: InstanceSpec, instance: Instance
) -> None:
    same_zone = spec.model_copy(update={"name": "other", "zone": instance.zone})
    other = gcp.create_instance(same_zone, OTHER_TOKEN)
    disks = other.attributes["disks"]
    assert isinstance(disks, list)
    with pytest.raises(InvalidRequest, match="instance other has the disk"):
        gcp.attach_disk(instance.reference, str(disks[0]))
    listed = gcp.list_resources(REGION, ResourceKind.DISK)
    users = {disk.id: disk.attributes["attached_to"] for page in listed for disk in page}
    assert users[str(disks[0])] == [other.id]
