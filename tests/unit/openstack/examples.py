"""Objects of Nova, Cinder and Glance with every field, and two entries in each list.

No field has a value that a reader might use as the default for a missing field.

The forms are those of the services' API references, in the newest microversions.
"""

from __future__ import annotations

from typing import Any

from tests.unit.openstack.servers import (
    IMAGE_ID,
    PROJECT_ID,
    SERVER_ID,
    VOLUME_ID,
    server,
)

OTHER_ID = "9c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e29"
OTHER_NETWORK_ID = "8c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e28"
CREATED = "2026-10-03T04:01:32Z"
UPDATED = "2026-10-03T04:02:10Z"


def _address(address: str, mac: str, kind: str = "fixed") -> dict[str, Any]:
    return {
        "addr": address,
        "version": 6 if ":" in address else 4,
        "OS-EXT-IPS:type": kind,
        "OS-EXT-IPS-MAC:mac_addr": mac,
    }


SERVER: dict[str, Any] = server(
    accessIPv4="",
    accessIPv6="",
    addresses={
        "private": [
            _address("10.0.0.7", "fa:16:3e:00:00:01"),
            _address("fd00::7", "fa:16:3e:00:00:01"),
            _address("185.60.112.9", "fa:16:3e:00:00:01", "floating"),
        ],
        "storage": [
            _address("10.9.0.7", "fa:16:3e:00:00:02"),
            _address("10.9.0.8", "fa:16:3e:00:00:03"),
        ],
    },
    config_drive="",
    description="front end",
    fault={"code": 500, "created": CREATED, "message": "Unexpected vif_type=binding_failed"},
    flavor={
        "original_name": "m1.small",
        "vcpus": 1,
        "ram": 2048,
        "disk": 20,
        "ephemeral": 0,
        "swap": 0,
        "extra_specs": {"hw:architecture": "x86_64", "hw:cpu_policy": "shared"},
    },
    hostId="bcf92836fc9ed4203a75cb0337afc7f917d2be504164b995c2334b25",
    links=[{"rel": "self", "href": "https://cloud/a"}, {"rel": "bookmark", "href": "https://b"}],
    locked_reason=None,
    metadata={"team": "shop", "tier": "front", "skyclust_token": "t-1"},
    progress=0,
    security_groups=[{"name": "default"}, {"name": "web"}],
    tags=["gold", "pet"],
    trusted_image_certificates=["one", "two"],
    user_id="fake",
    **{
        "OS-DCF:diskConfig": "AUTO",
        "OS-EXT-SRV-ATTR:hostname": "web-1",
        "OS-EXT-STS:power_state": 1,
        "OS-SRV-USG:terminated_at": None,
        "os-extended-volumes:volumes_attached": [
            {"id": VOLUME_ID, "delete_on_termination": True},
            {"id": OTHER_ID, "delete_on_termination": False},
        ],
    },
)
OLD_SERVER: dict[str, Any] = {**SERVER, "flavor": {"id": "2", "links": [{"rel": "bookmark"}]}}
VOLUME: dict[str, Any] = {
    "id": VOLUME_ID,
    "name": "data",
    "status": "in-use",
    "size": 10,
    "volume_type": "ssd",
    "availability_zone": "az1",
    "bootable": "true",
    "encrypted": True,
    "multiattach": True,
    "description": "the shop's data",
    "metadata": {"team": "shop", "tier": "back"},
    "snapshot_id": OTHER_ID,
    "source_volid": None,
    "created_at": "2026-10-03T04:01:32.000000",
    "updated_at": "2026-10-03T04:01:33.000000",
    "attachments": [
        {
            "id": VOLUME_ID,
            "attachment_id": "a1",
            "attached_at": "2026-10-03T04:02:32.000000",
            "device": "/dev/vdb",
            "host_name": None,
            "server_id": SERVER_ID,
            "volume_id": VOLUME_ID,
        },
        {
            "id": VOLUME_ID,
            "attachment_id": "a2",
            "attached_at": "2026-10-03T04:02:33.000000",
            "device": "/dev/vdc",
            "host_name": "node-2",
            "server_id": OTHER_ID,
            "volume_id": VOLUME_ID,
        },
    ],
    "links": [{"rel": "self", "href": "https://cloud/a"}],
    "os-vol-tenant-attr:tenant_id": PROJECT_ID,
    "volume_image_metadata": {"image_id": IMAGE_ID, "min_disk": "0"},
}
SNAPSHOT: dict[str, Any] = {
    "id": OTHER_ID,
    "name": "nightly",
    "description": "before the release",
    "status": "error_deleting",
    "size": 10,
    "volume_id": VOLUME_ID,
    "metadata": {
        "team": "shop",
        "skyclust_snapshot": "t-1",
        "skyclust_instance": SERVER_ID,
        "skyclust_parts": "2",
        "skyclust_device": "/dev/vdb",
        "skyclust_goes_with_instance": "true",
    },
    "created_at": "2026-10-03T04:01:32.000000",
    "updated_at": None,
    "user_id": "fake",
    "os-extended-snapshot-attributes:project_id": PROJECT_ID,
    "os-extended-snapshot-attributes:progress": "100%",
}
IMAGE: dict[str, Any] = {
    "id": IMAGE_ID,
    "name": "ubuntu-24.04-server",
    "status": "deactivated",
    "visibility": "community",
    "owner": PROJECT_ID,
    "size": 2 * 2**30,
    "virtual_size": 2 * 2**30,
    "min_disk": 2,
    "min_ram": 512,
    "protected": False,
    "os_hidden": True,
    "os_hash_algo": "sha512",
    "os_hash_value": "abc",
    "checksum": "def",
    "disk_format": "qcow2",
    "container_format": "bare",
    "tags": ["gold", "lts"],
    "os_distro": "ubuntu",
    "os_version": "24.04",
    "architecture": "x86_64",
    "description": "the house's image",
    "team": "shop",
    "block_device_mapping": '[{"snapshot_id": "s-1"}, {"snapshot_id": "s-2"}]',
    "created_at": CREATED,
    "updated_at": UPDATED,
    "self": f"/v2/images/{IMAGE_ID}",
    "file": f"/v2/images/{IMAGE_ID}/file",
    "schema": "/v2/schemas/image",
    "stores": "ceph,file",
}
FLAVOR: dict[str, Any] = {
    "id": "2",
    "name": "g1.small",
    "vcpus": 2,
    "ram": 2048,
    "disk": 20,
    "swap": 0,
    "OS-FLV-EXT-DATA:ephemeral": 5,
    "OS-FLV-DISABLED:disabled": False,
    "os-flavor-access:is_public": False,
    "rxtx_factor": 1.0,
    "description": None,
    "extra_specs": {"resources:VGPU": "1", "pci_passthrough:alias": "gpu:2,nic:1"},
    "links": [{"rel": "self", "href": "https://cloud/a"}],
}
