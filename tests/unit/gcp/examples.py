"""Replies of Compute Engine, as its reference and its guides show them."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]

HOME: Final = "https://www.googleapis.com/compute/v1/projects/acme"

# https://cloud.google.com/compute/docs/instances/get-details, shortened.
INSTANCE: Final[Json] = {
    "kind": "compute#instance",
    "id": "4518372463289470163",
    "creationTimestamp": "2026-03-02T08:15:42.123-08:00",
    "name": "web-1",
    "machineType": f"{HOME}/zones/europe-west3-a/machineTypes/e2-medium",
    "status": "RUNNING",
    "zone": f"{HOME}/zones/europe-west3-a",
    "networkInterfaces": [
        {
            "network": f"{HOME}/global/networks/default",
            "subnetwork": f"{HOME}/regions/europe-west3/subnetworks/default",
            "networkIP": "10.156.0.5",
            "name": "nic0",
            "accessConfigs": [
                {"type": "ONE_TO_ONE_NAT", "name": "External NAT", "natIP": "34.89.1.2"}
            ],
            "ipv6AccessConfigs": [{"type": "DIRECT_IPV6", "externalIpv6": "2600:1900:40a0::1"}],
        },
        {
            "network": "https://www.googleapis.com/compute/v1/projects/host/global/networks/shared",
            "networkIP": "10.1.0.5",
        },
    ],
    "disks": [
        {
            "type": "PERSISTENT",
            "source": f"{HOME}/zones/europe-west3-a/disks/data",
            "deviceName": "persistent-disk-1",
            "index": 1,
            "boot": False,
            "autoDelete": False,
        },
        {
            "type": "PERSISTENT",
            "source": f"{HOME}/zones/europe-west3-a/disks/web-1",
            "deviceName": "web-1",
            "index": 0,
            "boot": True,
            "autoDelete": True,
            "architecture": "X86_64",
            "licenses": [
                "https://www.googleapis.com/compute/v1/projects/debian-cloud/global/licenses/debian-12-bookworm"
            ],
        },
        {"type": "SCRATCH", "deviceName": "local-ssd-0", "index": 2, "autoDelete": True},
    ],
    "serviceAccounts": [{"email": "web@acme.iam.gserviceaccount.com", "scopes": ["x"]}],
    "scheduling": {"provisioningModel": "SPOT", "preemptible": False},
    "labels": {"team": "shop", "skyclust-token": "t-1"},
    "labelFingerprint": "42WmSpB8rSM=",
    "lastStartTimestamp": "2026-03-03T00:00:00.000-08:00",
    "selfLink": f"{HOME}/zones/europe-west3-a/instances/web-1",
}

DISK: Final[Json] = {
    "id": "1234",
    "creationTimestamp": "2026-03-02T08:15:42.123-08:00",
    "name": "data",
    "sizeGb": "200",
    "zone": f"{HOME}/zones/europe-west3-a",
    "status": "READY",
    "selfLink": f"{HOME}/zones/europe-west3-a/disks/data",
    "type": f"{HOME}/zones/europe-west3-a/diskTypes/hyperdisk-balanced",
    "sourceSnapshot": f"{HOME}/global/snapshots/nightly-1",
    "provisionedIops": "3000",
    "provisionedThroughput": "140",
    "users": [f"{HOME}/zones/europe-west3-a/instances/web-1"],
    "labels": {"team": "shop"},
}

SNAPSHOT_PART: Final[Json] = {
    "id": "99",
    "creationTimestamp": "2026-03-04T00:00:01.000-08:00",
    "name": "web-1-abc-0",
    "description": "before the upgrade",
    "status": "READY",
    "diskSizeGb": "10",
    "sourceDisk": f"{HOME}/zones/europe-west3-a/disks/web-1",
    "snapshotType": "ARCHIVE",
    "selfLink": f"{HOME}/global/snapshots/web-1-abc-0",
    "labels": {
        "skyclust-instance": "4518372463289470163",
        "skyclust-snapshot": "abc",
        "skyclust-token": "t-2",
        "skyclust-device": "web-1",
        "skyclust-boot": "true",
        "skyclust-auto-delete": "true",
        "skyclust-disks": "2",
    },
}
