"""Creating servers: concurrent creates, failing builds, addresses and disks."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from providers.openstack.create_request import to_digest
from providers.openstack.provider import OpenStackProvider
from providers.openstack.tokens import to_server_tag
from skyclust.errors import (
    CapacityExhausted,
    InvalidRequest,
    QuotaExceeded,
    SkyClustError,
    Unavailable,
    UnexpectedAnswer,
)
from skyclust.model.instance import DiskSpec, Instance, InstanceFailure, InstanceSpec, InstanceState
from skyclust.operations.waiting import wait_for_state
from skyclust_sandbox.faults import Fault, FaultKind
from tests.conformance.openstack import CREATE, OpenStackHarness
from tests.fixtures.openstack import OpenStackSandbox

pytestmark = pytest.mark.integration

TOKEN = "0c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e10"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2Qbq1Wm0l3l1J2mE0n0bq8k7v0Zp5n1uQy3o8s9d4f ops@home"


def _plain(harness: OpenStackHarness, **changes: Any) -> InstanceSpec:
    return harness.spec("web").model_copy(update={"public_address": None, **changes})


def _running(provider: OpenStackProvider, made: Instance) -> None:
    wait_for_state(
        provider,
        made.reference,
        InstanceState.RUNNING,
        deadline_seconds=20,
        poll_seconds=0.03,
    )


def _abandoned(harness: OpenStackHarness, spec: InstanceSpec) -> str:
    """Create a server as a process would that dies right after."""
    server = {
        "name": spec.name,
        "flavorRef": "2",
        "imageRef": spec.image,
        "networks": [{"uuid": spec.network}],
        "metadata": {"skyclust_token": TOKEN, "skyclust_request": to_digest(spec)},
        "tags": [to_server_tag(TOKEN)],
        **({"availability_zone": spec.zone} if spec.zone else {}),
    }
    return harness.made("compute/v2.1/servers", "server", server)


def test_concurrent_creates_with_slow_requests_create_one_server(
    openstack_sandbox: OpenStackSandbox, harness: OpenStackHarness
) -> None:
    """In whatever order the requests arrive, all callers return the server that is kept."""
    openstack_sandbox.inject(
        Fault(kind=FaultKind.DELAY, action=CREATE, probability=0.5, seconds=0.15),
        Fault(kind=FaultKind.DELAY, action="compute.servers.list", probability=0.3, seconds=0.05),
    )
    spec = _plain(harness)

    def create(_: int) -> str:
        provider = OpenStackProvider(harness.credential())
        return provider.create_instance(spec, TOKEN).id

    with ThreadPoolExecutor(6) as pool:
        ids = set(pool.map(create, range(6)))
    assert len(ids) == 1
    assert harness.instance_count() == 1


def test_of_several_abandoned_servers_the_oldest_is_kept(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    spec = _plain(harness)
    oldest = _abandoned(harness, spec)
    time.sleep(1.1)  # the resolution of Nova's times
    _abandoned(harness, spec)
    assert len(provider.find_instances(harness.region, TOKEN)) == 2
    assert provider.create_instance(spec, TOKEN).id == oldest
    assert harness.instance_count() == 1


def test_a_token_of_another_spec_is_refused_before_a_server_is_created(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    _abandoned(harness, _plain(harness))
    with pytest.raises(InvalidRequest, match="another request"):
        provider.create_instance(_plain(harness, zone="az2"), TOKEN)
    assert harness.instance_count() == 1


@pytest.mark.parametrize("code", ["NoValidHost", "MaxRetriesExceeded", "VolumeLimitExceeded"])
def test_a_failed_build_has_a_reason(
    provider: OpenStackProvider,
    openstack_sandbox: OpenStackSandbox,
    harness: OpenStackHarness,
    code: str,
) -> None:
    openstack_sandbox.inject(Fault(kind=FaultKind.ERROR, action=CREATE, code=code))
    made = provider.create_instance(_plain(harness), TOKEN)
    while made.state is InstanceState.PENDING:
        time.sleep(0.03)
        made = provider.get_instance(harness.region, made.id)
    quota = code == "VolumeLimitExceeded"
    assert made.failure is (InstanceFailure.QUOTA if quota else InstanceFailure.CAPACITY)
    assert made.state_reason


@pytest.mark.parametrize(
    ("code", "expected"),
    [("QuotaExceeded", QuotaExceeded), ("ExternalIpAddressExhausted", CapacityExhausted)],
)
def test_a_server_without_its_public_address_is_deleted(
    provider: OpenStackProvider,
    openstack_sandbox: OpenStackSandbox,
    harness: OpenStackHarness,
    code: str,
    expected: type[SkyClustError],
) -> None:
    before = list(harness.resource_ids())
    action = "network.floatingips.create"
    status = None if code == "QuotaExceeded" else 400
    openstack_sandbox.inject(Fault(kind=FaultKind.ERROR, action=action, code=code, status=status))
    with pytest.raises(expected):
        provider.create_instance(harness.spec("web"), TOKEN)
    end = time.monotonic() + 10
    while list(harness.resource_ids()) != before and time.monotonic() < end:
        time.sleep(0.03)
    assert list(harness.resource_ids()) == before


def test_concurrent_creates_near_the_quota_do_not_all_fail(
    openstack_sandbox: OpenStackSandbox, harness: OpenStackHarness
) -> None:
    """Nova counts the servers of all requests, refuses all, and removes them again."""
    limit = {"quota_set": {"instances": 1}}
    harness.change(f"compute/v2.1/os-quota-sets/{openstack_sandbox.project_id}", limit)
    openstack_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action=CREATE, code="QuotaExceeded", times=2)
    )

    def create(token: str) -> str:
        provider = OpenStackProvider(harness.credential())
        try:
            return provider.create_instance(_plain(harness), token).id
        except QuotaExceeded:
            return ""

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(create, ["one", "two"]))
    assert len([one for one in made if one]) == harness.instance_count() == 1


def test_an_exhausted_quota_is_reported_after_two_requests(
    provider: OpenStackProvider, openstack_sandbox: OpenStackSandbox, harness: OpenStackHarness
) -> None:
    openstack_sandbox.inject(Fault(kind=FaultKind.ERROR, action=CREATE, code="QuotaExceeded"))
    with pytest.raises(QuotaExceeded):
        provider.create_instance(_plain(harness), TOKEN)
    assert openstack_sandbox.calls()[CREATE] == 2


def test_nothing_is_created_while_a_server_has_unknown_metadata(
    provider: OpenStackProvider, openstack_sandbox: OpenStackSandbox, harness: OpenStackHarness
) -> None:
    """A server without its metadata may be the one of the token."""
    provider.create_instance(_plain(harness), TOKEN)
    openstack_sandbox.inject(
        Fault(kind=FaultKind.OMIT, action="compute.servers.list", field="metadata")
    )
    with pytest.raises(UnexpectedAnswer):
        provider.create_instance(_plain(harness), TOKEN)
    assert harness.instance_count() == 1


def test_a_boot_volume_is_deleted_with_its_server(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    before = list(harness.resource_ids())
    spec = _plain(harness, boot_disk=DiskSpec(size_gib=12), disks=(DiskSpec(size_gib=1),))
    made = provider.create_instance(spec, TOKEN)
    _running(provider, made)
    instance = provider.get_instance(harness.region, made.id)
    assert instance.image is None
    disks = instance.attributes["disks"]
    assert isinstance(disks, list)
    assert len(disks) == 2
    with pytest.raises(InvalidRequest, match="boots from it"):
        provider.detach_disk(made.reference, str(disks[0]))
    provider.delete_instance(made.reference)
    end = time.monotonic() + 10
    while list(harness.resource_ids()) != before and time.monotonic() < end:
        time.sleep(0.03)
    assert list(harness.resource_ids()) == before


def test_a_flavor_without_a_disk_boots_from_a_volume(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    made = provider.create_instance(_plain(harness, type="v2.small"), TOKEN)
    _running(provider, made)
    disks = provider.get_instance(harness.region, made.id).attributes["disks"]
    assert isinstance(disks, list)
    assert len(disks) == 1


def test_a_private_address_keys_and_the_default_network(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    spec = _plain(
        harness, network=None, private_address="10.0.3.7", ssh_keys=(KEY,), user_data="#!/bin/sh\n"
    )
    made = provider.create_instance(spec, TOKEN)
    _running(provider, made)
    instance = provider.get_instance(harness.region, made.id)
    assert instance.private_addresses == ("10.0.3.7",)
    assert instance.public_addresses == ()
    assert instance.network == harness.spec("web").network


def test_several_networks_without_one_in_the_spec_are_refused(
    provider: OpenStackProvider, harness: OpenStackHarness
) -> None:
    harness.made("network/v2.0/networks", "network", {"name": "second"})
    with pytest.raises(InvalidRequest, match="private, second"):
        provider.create_instance(_plain(harness, network=None), TOKEN)
    assert harness.instance_count() == 0


def test_nothing_is_created_while_a_cell_is_down(
    provider: OpenStackProvider, openstack_sandbox: OpenStackSandbox, harness: OpenStackHarness
) -> None:
    """A list filtered by tag leaves out the servers of a down cell: one of them may be the one."""
    _abandoned(harness, _plain(harness, zone="az2"))
    openstack_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action="compute.servers.*", code="CellDown")
    )
    with pytest.raises(Unavailable, match="cell"):
        provider.find_instances(harness.region, "another-token")
    with pytest.raises(Unavailable, match="cell"):
        provider.create_instance(_plain(harness), "another-token")
