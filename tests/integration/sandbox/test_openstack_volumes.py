"""Cinder, glance and neutron of the sandbox OpenStack, through OpenStack's own SDK."""

from __future__ import annotations

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
    Http,
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


def test_a_snapshot_keeps_the_content_of_its_volume(
    cloud: Cloud, openstack_sandbox: OpenStackSandbox
) -> None:
    storage = cloud.block_storage
    volume = storage.create_volume(size=3, name="data", metadata={"team": "web"})
    assert volume.status == "creating"
    with pytest.raises(BadRequestException, match="current status is: creating"):
        storage.create_snapshot(volume_id=volume.id)
    await_status(storage.get_volume, volume, "available")
    openstack_sandbox.write(volume.id, "before")
    snapshot = storage.create_snapshot(volume_id=volume.id, name="s1", metadata={"token": "t"})
    await_status(storage.get_snapshot, snapshot, "available")
    openstack_sandbox.write(volume.id, "after")
    with pytest.raises(BadRequestException, match="have snapshots"):
        storage.delete_volume(volume)
    copy = storage.create_volume(snapshot_id=snapshot.id)
    await_status(storage.get_volume, copy, "available")
    assert openstack_sandbox.content(copy.id) == "before"
    storage.revert_volume_to_snapshot(volume, snapshot)
    assert storage.get_volume(volume.id).status == "reverting"
    await_status(storage.get_volume, volume, "available")
    assert openstack_sandbox.content(volume.id) == "before"
    storage.extend_volume(volume, 9)
    assert await_status(storage.get_volume, volume, "available").size == 9
    for delete, resource in ((storage.delete_snapshot, snapshot), (storage.delete_volume, volume)):
        delete(resource)
        storage.wait_for_delete(resource, interval=0.02, wait=10)
    assert [remaining.id for remaining in storage.volumes()] == [copy.id]


def test_a_snapshot_of_a_volume_in_use_needs_force(cloud: Cloud) -> None:
    server = await_server(cloud, make_server(cloud))
    volume = cloud.block_storage.create_volume(size=1)
    await_status(cloud.block_storage.get_volume, volume, "available")
    cloud.compute.create_volume_attachment(server, volume_id=volume.id)
    await_status(cloud.block_storage.get_volume, volume, "in-use")
    with pytest.raises(BadRequestException, match="current status is: in-use"):
        cloud.block_storage.create_snapshot(volume_id=volume.id)
    snapshot = cloud.block_storage.create_snapshot(volume_id=volume.id, force=True)
    await_status(cloud.block_storage.get_snapshot, snapshot, "available")


def test_cinders_quota_is_413(cloud: Cloud, openstack_sandbox: OpenStackSandbox) -> None:
    admin = connect(openstack_sandbox, "admin")
    admin.block_storage.update_quota_set(openstack_sandbox.project_id, volumes=1)
    cloud.block_storage.create_volume(size=1)
    with pytest.raises(HttpException, match="VolumeLimitExceeded") as caught:
        cloud.block_storage.create_volume(size=1)
    assert caught.value.status_code == 413


def test_an_image_is_created_shown_and_deleted(
    cloud: Cloud, openstack_sandbox: OpenStackSandbox
) -> None:
    image = cloud.image.create_image(
        name="own", disk_format="raw", container_format="bare", data=b"abc", validate_checksum=False
    )
    seen = await_status(cloud.image.get_image, image, "active")
    assert (seen.visibility, seen.size) == ("shared", 3)
    other = connect(openstack_sandbox, "other")
    with pytest.raises(NotFoundException):
        other.image.get_image(image.id)
    [public] = other.image.images(name="debian-12")
    with pytest.raises(ForbiddenException):
        other.image.delete_image(public.id)
    cloud.image.delete_image(image.id)
    with pytest.raises(NotFoundException):
        cloud.image.get_image(image.id)


def test_a_floating_ip_is_associated_with_a_server(cloud: Cloud) -> None:
    server = await_server(cloud, make_server(cloud))
    [public] = cloud.network.networks(name="public")
    [port] = cloud.network.ports(device_id=server.id)
    floating = cloud.network.create_ip(floating_network_id=public.id, port_id=port.id)
    assert (floating.status, floating.port_details["device_id"]) == ("ACTIVE", server.id)
    seen = cloud.compute.get_server(server.id).addresses["private"]
    assert [address["OS-EXT-IPS:type"] for address in seen] == ["fixed", "floating"]
    second = cloud.network.create_ip(floating_network_id=public.id)
    with pytest.raises(ConflictException, match="already has a floating IP"):
        cloud.network.update_ip(second, port_id=port.id)
    cloud.compute.delete_server(server)
    cloud.compute.wait_for_delete(server, interval=0.02, wait=10)
    idle = cloud.network.get_ip(floating.id)
    assert (idle.port_id, idle.status) == (None, "DOWN")
    cloud.network.delete_ip(floating)


def test_networks_are_created_used_and_deleted(
    cloud: Cloud, openstack_sandbox: OpenStackSandbox
) -> None:
    network = cloud.network.create_network(name="own")
    subnet = cloud.network.create_subnet(network_id=network.id, cidr="192.168.9.0/29", ip_version=4)
    with pytest.raises(BadRequestException, match="overlaps"):
        cloud.network.create_subnet(network_id=network.id, cidr="192.168.9.0/24", ip_version=4)
    ports = [cloud.network.create_port(network_id=network.id) for _ in range(5)]
    with pytest.raises(ConflictException, match="No more IP addresses"):
        cloud.network.create_port(network_id=network.id)
    with pytest.raises(ConflictException, match="ports still in use"):
        cloud.network.delete_network(network)
    for port in ports:
        cloud.network.delete_port(port)
    cloud.network.delete_subnet(subnet)
    cloud.network.delete_network(network)
    group = cloud.network.create_security_group(name="web")
    rule = {
        "security_group_id": group.id,
        "direction": "ingress",
        "protocol": "tcp",
        "port_range_min": 443,
        "port_range_max": 443,
        "remote_ip_prefix": "0.0.0.0/0",
    }
    cloud.network.create_security_group_rule(**rule)
    with pytest.raises(ConflictException, match="rule already exists"):
        cloud.network.create_security_group_rule(**rule)
    admin = connect(openstack_sandbox, "admin")
    admin.network.update_quota(openstack_sandbox.project_id, networks=1)
    with pytest.raises(ConflictException, match=r"Quota exceeded for resources: \['network'\]"):
        cloud.network.create_network(name="one too many")


def test_errors_have_the_form_of_each_service(openstack_sandbox: OpenStackSandbox) -> None:
    with Http(openstack_sandbox) as http:
        project = openstack_sandbox.project_id
        nova = http.call("GET", "/compute/v2.1/servers/no").json()
        assert nova == {"itemNotFound": {"code": 404, "message": "Instance no could not be found."}}
        cinder = http.call("GET", f"/volume/v3/{project}/volumes/no").json()
        assert cinder["itemNotFound"]["message"] == "Volume no could not be found."
        neutron = http.call("GET", "/network/v2.0/networks/no").json()
        assert neutron["NeutronError"] == {
            "type": "NetworkNotFound",
            "message": "Network no could not be found.",
            "detail": "",
        }
        glance = http.call("GET", "/image/v2/images/no").json()
        assert glance == {
            "message": "No image found with ID no<br /><br />\n\n\n",
            "code": "404 Not Found",
            "title": "Not Found",
        }
        octavia = http.call("GET", "/load-balancer/v2/lbaas/loadbalancers/no").json()
        assert octavia["faultstring"] == "Load Balancer no not found."
        other = http.call("GET", f"/volume/v3/{openstack_sandbox.other_project_id}/volumes")
        assert other.status_code == 400
