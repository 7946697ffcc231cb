"""The life cycle of a server of the sandbox OpenStack, through OpenStack's own SDK."""

from __future__ import annotations

import time
from typing import Any

import pytest
from openstack.exceptions import (
    BadRequestException,
    ConflictException,
    ForbiddenException,
    HttpException,
    NotFoundException,
)

from tests.fixtures.openstack import OpenStackSandbox
from tests.integration.sandbox.openstack import (
    INTEGRATION,
    Cloud,
    await_server,
    await_status,
    connect,
    make_server,
    slow_down,
)

pytestmark = INTEGRATION


@pytest.fixture
def cloud(openstack_sandbox: OpenStackSandbox) -> Cloud:
    slow_down(openstack_sandbox)
    return connect(openstack_sandbox)


def test_a_server_is_built_changed_and_deleted(cloud: Cloud) -> None:
    server = make_server(cloud, metadata={"team": "web"}, tags=["blue"], security_groups=[])
    seen = cloud.compute.get_server(server.id)
    assert (seen.status, seen.vm_state, seen.addresses) == ("BUILD", "building", {})
    server = await_server(cloud, server)
    assert server.metadata == {"team": "web"}
    assert server.tags == ["blue"]
    assert [address["OS-EXT-IPS:type"] for address in server.addresses["private"]] == ["fixed"]
    [port] = cloud.network.ports(device_id=server.id)
    assert port.status == "ACTIVE"

    cloud.compute.stop_server(server)
    assert cloud.compute.get_server(server.id).task_state == "powering-off"
    with pytest.raises(ConflictException, match="while it is in task_state powering-off"):
        cloud.compute.stop_server(server)
    await_server(cloud, server, "SHUTOFF")
    with pytest.raises(ConflictException, match=r"Cannot 'stop' instance .* vm_state stopped"):
        cloud.compute.stop_server(server)
    cloud.compute.start_server(server)
    await_server(cloud, server)
    cloud.compute.reboot_server(server, "SOFT")
    assert cloud.compute.get_server(server.id).status == "REBOOT"
    await_server(cloud, server)
    assert "login:" in cloud.compute.get_server_console_output(server, length=1)["output"]

    cloud.compute.delete_server(server)
    assert cloud.compute.get_server(server.id).task_state == "deleting"
    cloud.compute.wait_for_delete(server, interval=0.02, wait=10)
    assert list(cloud.network.ports(device_id=server.id)) == []
    with pytest.raises(NotFoundException):
        cloud.compute.delete_server(server, ignore_missing=False)


def test_a_resize_is_confirmed_or_reverted(cloud: Cloud) -> None:
    server = await_server(cloud, make_server(cloud))
    with pytest.raises(BadRequestException, match="must change flavor"):
        cloud.compute.resize_server(server, "2")
    cloud.compute.resize_server(server, "3")
    assert cloud.compute.get_server(server.id).status == "RESIZE"
    resized = await_server(cloud, server, "VERIFY_RESIZE")
    assert resized.flavor.vcpus == 2
    with pytest.raises(ConflictException, match="vm_state resized"):
        cloud.compute.stop_server(server)
    cloud.compute.confirm_server_resize(server)
    await_server(cloud, server)
    cloud.compute.resize_server(server, "4")
    await_server(cloud, server, "VERIFY_RESIZE")
    cloud.compute.revert_server_resize(server)
    reverted = await_server(cloud, server)
    assert reverted.flavor.original_name == "m1.medium"


def test_a_rebuild_from_a_servers_image_restores_its_disk(
    cloud: Cloud, openstack_sandbox: OpenStackSandbox
) -> None:
    server = await_server(cloud, make_server(cloud))
    openstack_sandbox.write(server.id, "before")
    image = cloud.compute.create_server_image(server, "backup", metadata={"token": "t1"})
    with pytest.raises(ConflictException, match="task_state image_"):
        cloud.compute.stop_server(server)
    seen = await_status(cloud.image.get_image, image, "active")
    assert seen.properties["image_type"] == "snapshot"
    assert seen.instance_uuid == server.id
    assert seen.properties["token"] == "t1"
    await_server(cloud, server)
    openstack_sandbox.write(server.id, "after")
    cloud.compute.rebuild_server(server, image.id)
    assert cloud.compute.get_server(server.id).status == "REBUILD"
    await_server(cloud, server)
    assert openstack_sandbox.content(server.id) == "before"
    copy = await_server(cloud, make_server(cloud, "copy", image_id=image.id))
    assert openstack_sandbox.content(copy.id) == "before"


def test_a_boot_volume_is_deleted_with_its_server(
    cloud: Cloud, openstack_sandbox: OpenStackSandbox
) -> None:
    [image] = cloud.image.images(name="debian-12")
    device = {
        "boot_index": 0,
        "uuid": image.id,
        "source_type": "image",
        "destination_type": "volume",
        "volume_size": 12,
        "delete_on_termination": True,
    }
    accepted = make_server(
        cloud,
        flavor_id=cloud.compute.find_flavor("v2.small", ignore_missing=False).id,
        image_id=None,
        block_device_mapping=[device],
    )
    server = await_server(cloud, accepted)
    assert not server.image
    [attachment] = cloud.compute.volume_attachments(server)
    volume = cloud.block_storage.get_volume(attachment.volume_id)
    assert (volume.status, volume.size, volume.is_bootable) == ("in-use", 12, True)
    assert openstack_sandbox.content(server.id) == "image debian-12"
    backup = cloud.compute.create_server_image(server, "backup")
    mapped = cloud.image.get_image(backup.id)
    assert (mapped.status, mapped.size) == ("active", 0)
    [snapshot] = cloud.block_storage.snapshots()
    await_status(cloud.block_storage.get_snapshot, snapshot, "available")
    cloud.block_storage.delete_snapshot(snapshot)
    cloud.block_storage.wait_for_delete(snapshot, interval=0.02, wait=10)
    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, interval=0.02, wait=10)
    assert list(cloud.block_storage.volumes()) == []


def test_volumes_are_attached_and_detached(cloud: Cloud) -> None:
    server = await_server(cloud, make_server(cloud))
    volume = cloud.block_storage.create_volume(size=5, name="data")
    with pytest.raises(BadRequestException, match="status must be available"):
        cloud.compute.create_volume_attachment(server, volume_id=volume.id)
    await_status(cloud.block_storage.get_volume, volume, "available")
    cloud.compute.create_volume_attachment(server, volume_id=volume.id)
    assert cloud.block_storage.get_volume(volume.id).status == "attaching"
    used = await_status(cloud.block_storage.get_volume, volume, "in-use")
    assert used.attachments[0]["server_id"] == server.id
    with pytest.raises(BadRequestException, match="must be available or error"):
        cloud.block_storage.delete_volume(volume)
    cloud.compute.delete_volume_attachment(server, volume.id)
    await_status(cloud.block_storage.get_volume, volume, "available")
    with pytest.raises(NotFoundException):
        cloud.compute.delete_volume_attachment(server, volume.id, ignore_missing=False)


def test_an_invalid_request_is_refused_with_novas_message(
    cloud: Cloud, openstack_sandbox: OpenStackSandbox
) -> None:
    cases: list[tuple[dict[str, Any], type[HttpException], str]] = [
        ({"flavor_id": "99"}, BadRequestException, "Flavor 99 could not be found"),
        ({"flavor_id": "1"}, BadRequestException, "smaller than the minimum size"),
        ({"image_id": "no"}, BadRequestException, "Can not find requested image"),
        ({"networks": [{"uuid": "no"}]}, BadRequestException, "Network no could not be found"),
        ({"key_name": "no"}, BadRequestException, "Invalid key_name"),
        ({"availability_zone": "no"}, BadRequestException, "zone is not available"),
        ({"user_data": "#!/bin/sh"}, BadRequestException, "is not a 'base64'"),
        ({"metadata": {"a": 1}}, BadRequestException, "not of type 'string'"),
        ({"tags": ["a,b"]}, BadRequestException, "field/attribute tags"),
        ({"image_id": None}, BadRequestException, "Block Device Mapping is Invalid"),
    ]
    for attributes, error, message in cases:
        with pytest.raises(error, match=message):
            make_server(cloud, **attributes)
    admin = connect(openstack_sandbox, "admin")
    admin.compute.update_quota_set(openstack_sandbox.project_id, instances=1)
    make_server(cloud)
    with pytest.raises(ForbiddenException, match="Quota exceeded for instances: Requested 1, but"):
        make_server(cloud)
    assert len(list(cloud.compute.servers())) == 1


def test_a_network_must_be_named_when_there_are_several(cloud: Cloud) -> None:
    network = cloud.network.create_network(name="second")
    cloud.network.create_subnet(network_id=network.id, cidr="192.168.7.0/24", ip_version=4)
    with pytest.raises(ConflictException, match="Multiple possible networks found"):
        make_server(cloud)
    fixed = [{"uuid": network.id, "fixed_ip": "192.168.7.20"}]
    server = await_server(cloud, make_server(cloud, networks=fixed))
    assert [address["addr"] for address in server.addresses["second"]] == ["192.168.7.20"]
    with pytest.raises(BadRequestException, match=f"already in use on instance {server.id}"):
        make_server(cloud, networks=fixed)
    bare = await_server(cloud, make_server(cloud, networks="none"))
    assert bare.addresses == {}


def test_an_existing_port_outlives_the_server(cloud: Cloud) -> None:
    [network] = cloud.network.networks(name="private")
    port = cloud.network.create_port(network_id=network.id, name="mine")
    server = await_server(cloud, make_server(cloud, networks=[{"port": port.id}]))
    with pytest.raises(ConflictException, match="is still in use"):
        make_server(cloud, networks=[{"port": port.id}])
    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, interval=0.02, wait=10)
    assert cloud.network.get_port(port.id).device_id == ""


def test_a_server_deleted_during_its_build_leaves_no_port(cloud: Cloud) -> None:
    server = make_server(cloud)
    time.sleep(0.15)
    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, interval=0.02, wait=10)
    assert list(cloud.network.ports(device_id=server.id)) == []


def test_metadata_and_tags_change_item_by_item(cloud: Cloud) -> None:
    server = await_server(cloud, make_server(cloud, metadata={"a": "1", "b": "2"}))
    cloud.compute.set_server_metadata(server, b="3", c="4")
    cloud.compute.delete_server_metadata(cloud.compute.get_server(server.id), ["a"])
    assert cloud.compute.get_server(server.id).metadata == {"b": "3", "c": "4"}
    server.add_tag(cloud.compute, "blue")
    server.add_tag(cloud.compute, "green")
    server.remove_tag(cloud.compute, "blue")
    assert cloud.compute.get_server(server.id).tags == ["green"]


def test_pause_suspend_shelve_and_lock_are_reversible(cloud: Cloud) -> None:
    server = await_server(cloud, make_server(cloud))
    compute = cloud.compute
    for change, status, revert in (
        (compute.pause_server, "PAUSED", compute.unpause_server),
        (compute.suspend_server, "SUSPENDED", compute.resume_server),
        (compute.shelve_server, "SHELVED_OFFLOADED", compute.unshelve_server),
    ):
        change(server)
        await_server(cloud, server, status)
        revert(server)
        await_server(cloud, server)
    compute.lock_server(server, locked_reason="hands off")
    assert compute.get_server(server.id).is_locked
    compute.unlock_server(server)


def test_another_project_sees_nothing(cloud: Cloud, openstack_sandbox: OpenStackSandbox) -> None:
    server = await_server(cloud, make_server(cloud))
    other, admin = connect(openstack_sandbox, "other"), connect(openstack_sandbox, "admin")
    assert list(other.compute.servers()) == []
    with pytest.raises(NotFoundException):
        other.compute.get_server(server.id)
    with pytest.raises(ForbiddenException, match="all_tenants"):
        list(other.compute.servers(all_projects=True))
    assert [found.id for found in admin.compute.servers(all_projects=True)] == [server.id]
