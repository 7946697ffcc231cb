"""Changes of machines as Compute Engine takes and refuses them."""

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


def test_a_start_that_finds_no_room_says_so(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox, machine: Instance, wait: Wait
) -> None:
    gcp.stop_instance(machine.reference)
    wait(machine, InstanceState.STOPPED)
    full = "ZONE_RESOURCE_POOL_EXHAUSTED"
    gcp_sandbox.inject(Fault(kind=FaultKind.ERROR, action="compute.instances.start", code=full))
    with pytest.raises(CapacityExhausted) as raised:
        gcp.start_instance(machine.reference)
    assert (raised.value.code, raised.value.provider) == (full, "gcp")
    assert gcp.get_instance(REGION, machine.id).state is InstanceState.STOPPED


def test_a_suspended_machine_is_resumed_by_a_start(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox, machine: Instance, wait: Wait
) -> None:
    path = f"projects/{gcp_sandbox.account}/zones/{machine.zone}/instances/{machine.name}"
    reply = requests.post(
        f"{gcp_sandbox.endpoint}/compute/v1/{path}/suspend",
        headers={"Authorization": f"Bearer {gcp_sandbox.token('operator')}"},
        timeout=30,
    )
    assert reply.ok, reply.text
    wait(machine, InstanceState.SUSPENDED)
    while gcp.get_instance(REGION, machine.id).native_state == "SUSPENDING":
        pass
    with pytest.raises(InvalidRequest):
        gcp.reboot_instance(machine.reference)
    gcp.start_instance(machine.reference)
    wait(machine, InstanceState.RUNNING)


def test_every_stop_gives_the_place_back(gcp: GcpProvider, machine: Instance) -> None:
    with pytest.raises(Unsupported):
        gcp.stop_instance(machine.reference, power_off_only=True)


@pytest.mark.parametrize(
    ("tags", "removed"),
    [
        ({"Team": "x"}, ()),
        ({"team": "X"}, ()),
        ({"skyclust-token": "x"}, ()),
        ({}, ["skyclust-token"]),
    ],
)
def test_tags_that_cannot_be_are_refused_before_anything_changes(
    gcp: GcpProvider, machine: Instance, tags: dict[str, str], removed: list[str]
) -> None:
    with pytest.raises(InvalidRequest):
        gcp.set_tags(machine.reference, {"stage": "test", **tags}, removed)
    assert gcp.get_instance(REGION, machine.id).tags == machine.tags


def test_tags_that_are_set_at_the_same_time_are_all_set(
    gcp: GcpProvider, machine: Instance
) -> None:
    keys = ["a", "b", "c"]

    def set_one(key: str) -> None:
        """Set a tag as a task does: again while the machine is busy."""
        for _ in range(100):
            try:
                return gcp.set_tags(machine.reference, {key: "1"})
            except Conflict:
                time.sleep(0.02)
        raise TimeoutError(key)

    with ThreadPoolExecutor(len(keys)) as pool:
        list(pool.map(set_one, keys))
    tags = gcp.get_instance(REGION, machine.id).tags
    assert {key for key in keys if tags.get(key) == "1"} == set(keys)


def test_a_disk_that_another_machine_has_is_refused(
    gcp: GcpProvider, spec: InstanceSpec, machine: Instance
) -> None:
    beside = spec.model_copy(update={"name": "other", "zone": machine.zone})
    other = gcp.create_instance(beside, OTHER_TOKEN)
    disks = other.attributes["disks"]
    assert isinstance(disks, list)
    with pytest.raises(InvalidRequest, match="instance other has the disk"):
        gcp.attach_disk(machine.reference, str(disks[0]))
    listed = gcp.list_resources(REGION, ResourceKind.DISK)
    users = {disk.id: disk.attributes["attached_to"] for page in listed for disk in page}
    assert users[str(disks[0])] == [other.id]
