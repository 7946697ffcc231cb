"""Instances are created exactly once, and as their spec says."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests

from providers.gcp.client import GcpClients
from providers.gcp.labels import to_label
from providers.gcp.leftovers import delete_disks_of_failed_insert
from providers.gcp.provider import GcpProvider
from skyclust.errors import CapacityExhausted, InvalidRequest, NotFound, Unavailable
from skyclust.model.instance import DiskSpec, Instance, InstanceSpec, InstanceState
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox
from tests.integration.gcp.conftest import REGION, TOKEN, ZONE, Wait, credential_of

pytestmark = pytest.mark.integration

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExample ada@example.com"
OTHER_TOKEN = "8b9b5a3c-6f51-4a7e-8b0c-2f3f0d9a7c22"


def _raw(sandbox: GcpSandbox, instance: Instance) -> dict[str, object]:
    """Return an instance as the API returns it."""
    path = f"projects/{sandbox.account}/zones/{instance.zone}/instances/{instance.name}"
    reply = requests.get(
        f"{sandbox.endpoint}/compute/v1/{path}",
        headers={"Authorization": f"Bearer {sandbox.token('operator')}"},
        timeout=30,
    )
    content: dict[str, object] = reply.json()
    return content


def test_a_failed_create_deletes_its_disks_but_no_older_ones(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox, spec: InstanceSpec, wait: Wait
) -> None:
    """Also when Google does not delete them, and when a user has kept a disk."""
    zonal = spec.model_copy(update={"zone": ZONE, "disks": (DiskSpec(size_gib=10),)})
    instance = gcp.create_instance(zonal, TOKEN)
    wait(instance, InstanceState.RUNNING)
    made = instance.attributes["disks"]
    assert isinstance(made, list)
    gcp.detach_disk(instance.reference, str(made[1]))
    clients = GcpClients(credential_of(gcp_sandbox))
    later = SimpleNamespace(insert_time="2099-01-01T00:00:00.000-08:00")
    delete_disks_of_failed_insert(clients, ZONE, to_label(TOKEN), cast("Any", later))
    assert gcp.get_disk(REGION, str(made[1])).native_state == "READY"
    before = SimpleNamespace(insert_time="2020-01-01T00:00:00.000-08:00")
    delete_disks_of_failed_insert(clients, ZONE, to_label(TOKEN), cast("Any", before))
    assert gcp.get_disk(REGION, str(made[0])).native_state == "READY"
    end = time.monotonic() + 20
    with pytest.raises(NotFound):  # noqa: PT012  # until it is deleted
        while gcp.get_disk(REGION, str(made[1])):
            assert time.monotonic() < end
            time.sleep(0.02)


def test_an_instance_matches_its_spec(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox, spec: InstanceSpec
) -> None:
    zonal = spec.model_copy(
        update={
            "zone": ZONE,
            "ssh_keys": (KEY,),
            "user": "ada",
            "user_data": "#cloud-config\n",
            "private_address": "10.156.0.77",
            "public_address": True,
            "boot_disk": DiskSpec(size_gib=30, type="pd-ssd"),
            "disks": (DiskSpec(size_gib=20),),
            "tags": {"team": "shop"},
        }
    )
    made = gcp.create_instance(zonal, TOKEN)
    assert made.zone == ZONE
    assert made.private_addresses == ("10.156.0.77",)
    assert len(made.public_addresses) == 1
    assert made.tags["team"] == "shop"
    pages = gcp.list_resources(REGION, ResourceKind.DISK)
    disks = {disk.id: disk for page in pages for disk in page}
    boot, data = (disks[disk] for disk in made.attributes["disks"])  # type: ignore[index, union-attr]  # a list of ids
    assert (boot.attributes["size_gib"], boot.attributes["type"]) == (30, "pd-ssd")
    assert data.attributes["size_gib"] == 20
    assert boot.attributes["attached_to"] == data.attributes["attached_to"] == [made.id]
    metadata = _raw(gcp_sandbox, made)["metadata"]
    assert isinstance(metadata, dict)
    assert {item["key"]: item["value"] for item in metadata["items"]} == {
        "ssh-keys": f"ada:{KEY}",
        "user-data": "#cloud-config\n",
    }


def test_an_instance_without_a_zone_gets_one_that_offers_its_type(
    gcp: GcpProvider, spec: InstanceSpec
) -> None:
    zones = {
        gcp.create_instance(spec.model_copy(update={"name": f"web-{n}"}), f"token-{n}").zone
        for n in range(8)
    }
    assert len(zones) > 1
    for page in gcp.list_instance_types(REGION):
        assert all(instance_type.zones for instance_type in page)
    with pytest.raises(NotFound, match="offers"):
        gcp.create_instance(spec.model_copy(update={"type": "e9-huge"}), OTHER_TOKEN)
    with pytest.raises(InvalidRequest, match="has no zone"):
        gcp.create_instance(spec.model_copy(update={"zone": "us-east1-b"}), OTHER_TOKEN)


def test_the_name_of_another_instance_is_refused(
    gcp: GcpProvider, spec: InstanceSpec, instance: Instance
) -> None:
    same_zone = spec.model_copy(update={"zone": instance.zone})
    with pytest.raises(InvalidRequest, match="another instance of that name"):
        gcp.create_instance(same_zone, OTHER_TOKEN)
    assert [existing.id for existing in gcp.find_instances(REGION, TOKEN)] == [instance.id]


def test_a_later_instance_of_the_same_name_has_another_id(
    gcp: GcpProvider, spec: InstanceSpec, instance: Instance, wait: Wait
) -> None:
    gcp.delete_instance(instance.reference)
    wait(instance, InstanceState.DELETED)
    later = gcp.create_instance(spec.model_copy(update={"zone": instance.zone}), OTHER_TOKEN)
    assert (later.name, later.zone) == (instance.name, instance.zone)
    with pytest.raises(NotFound):
        gcp.get_instance(REGION, instance.id)
    gcp.delete_instance(instance.reference)
    gcp.remove_leftovers(instance.reference)
    assert gcp.get_instance(REGION, later.id).id == later.id


def test_a_create_without_capacity_can_be_retried_with_its_token(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox, spec: InstanceSpec
) -> None:
    full = Fault(
        kind=FaultKind.ERROR,
        action="compute.instances.insert",
        code="ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
    )
    gcp_sandbox.inject(full)
    for _ in range(2):
        with pytest.raises(CapacityExhausted) as raised:
            gcp.create_instance(spec, TOKEN)
        assert raised.value.code == "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"
    gcp_sandbox.clear()
    made = gcp.create_instance(spec, TOKEN)
    assert [existing.id for existing in gcp.find_instances(REGION, TOKEN)] == [made.id]


def test_an_interrupted_create_is_continued(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox, spec: InstanceSpec
) -> None:
    gcp_sandbox.inject(Fault(kind=FaultKind.ERROR, action="compute.zoneOperations.get"))
    with pytest.raises(Unavailable):
        gcp.create_instance(spec, TOKEN)
    gcp_sandbox.clear()
    made = gcp.create_instance(spec, TOKEN)
    assert made.state is InstanceState.RUNNING
    inserts = gcp_sandbox.calls()["compute.instances.insert"]
    assert inserts <= 2
    assert len(gcp.find_instances(REGION, TOKEN)) == 1


def test_an_image_is_accepted_by_id_name_link_and_family(
    gcp: GcpProvider, spec: InstanceSpec
) -> None:
    [newest, *_] = gcp.list_images(REGION, "ubuntu-24.04")
    images = [
        newest.id,
        newest.name,
        f"https://www.googleapis.com/compute/v1/{newest.id}",
        "ubuntu-2404-lts-amd64",
        "ubuntu-os-cloud/ubuntu-2404-lts-amd64",
        f"ubuntu-os-cloud/{newest.name}",
    ]
    for number, image in enumerate(images):
        named = spec.model_copy(update={"name": f"web-{number}", "image": image})
        assert gcp.create_instance(named, f"token-{number}").attributes["architecture"] == "x86_64"


def test_an_instance_with_deletion_protection_is_not_deleted(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox, instance: Instance
) -> None:
    path = f"projects/{gcp_sandbox.account}/zones/{instance.zone}/instances/{instance.name}"
    reply = requests.post(
        f"{gcp_sandbox.endpoint}/compute/v1/{path}/setDeletionProtection?deletionProtection=true",
        headers={"Authorization": f"Bearer {gcp_sandbox.token('operator')}"},
        timeout=30,
    )
    assert reply.ok, reply.text
    while not _raw(gcp_sandbox, instance)["deletionProtection"]:
        time.sleep(0.01)
    with pytest.raises(InvalidRequest, match="protected"):
        gcp.delete_instance(instance.reference)
    assert gcp.get_instance(REGION, instance.id).state is InstanceState.RUNNING
