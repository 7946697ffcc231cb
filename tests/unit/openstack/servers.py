"""Servers as Nova reports them, in the form of its documented samples."""

from __future__ import annotations

from typing import Any

SERVER_ID = "5f0d4c1b-0c9a-4b7e-9d53-2f4f3a1f7e10"
PROJECT_ID = "7f60dc2f3a4a4c7f8d9e0b1c2d3e4f50"
IMAGE_ID = "1c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e21"
NETWORK_ID = "2c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e22"
SUBNET_ID = "3c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e23"
GROUP_ID = "4c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e24"
VOLUME_ID = "6c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e26"


def server(**changes: Any) -> dict[str, Any]:
    """Return a running server in the microversion that the provider requests."""
    shown: dict[str, Any] = {
        "id": SERVER_ID,
        "name": "web-1",
        "status": "ACTIVE",
        "tenant_id": PROJECT_ID,
        "created": "2026-10-03T04:01:32Z",
        "updated": "2026-10-03T04:02:10Z",
        "description": None,
        "flavor": {
            "original_name": "m1.small",
            "vcpus": 1,
            "ram": 2048,
            "disk": 20,
            "ephemeral": 0,
            "swap": 0,
            "extra_specs": {},
        },
        "image": {
            "id": IMAGE_ID,
            "links": [],
            "properties": {"architecture": "x86_64", "os_distro": "ubuntu"},
        },
        "key_name": "ops",
        "locked": False,
        "metadata": {"team": "shop", "skyclust_token": "t-1", "skyclust_request": "abc"},
        "addresses": {
            "private": [
                {"addr": "10.0.0.7", "version": 4, "OS-EXT-IPS:type": "fixed"},
                {"addr": "fd00::7", "version": 6, "OS-EXT-IPS:type": "fixed"},
                {"addr": "203.0.113.9", "version": 4, "OS-EXT-IPS:type": "floating"},
            ]
        },
        "security_groups": [{"name": "default"}, {"name": "default"}],
        "OS-EXT-AZ:availability_zone": "az1",
        "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:vm_state": "active",
        "OS-SRV-USG:launched_at": "2026-10-03T04:02:08.000000",
        "os-extended-volumes:volumes_attached": [{"id": VOLUME_ID, "delete_on_termination": True}],
        "tags": [],
    }
    return {**shown, **changes}
