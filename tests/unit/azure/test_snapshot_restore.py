"""What is asked of Azure for a disk that takes another's place."""

from __future__ import annotations

from typing import Any

from azure.mgmt.compute.models import Disk

from providers.azure.replaced_disks import REPLACES_TAG, ReplacedDisk
from providers.azure.snapshot_restore import to_request

MACHINE = {"location": "westeurope", "zones": ["1"]}
PART = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/snapshots/web-os"


def before(sku: str, **properties: Any) -> dict[str, Any]:
    return {"sku": {"name": sku, "tier": "Premium"}, "properties": properties}


def test_a_restored_disk_is_no_more_open_than_the_one_before() -> None:
    encryption = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": "/set"}
    closed = {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled"}
    old = before("Premium_LRS", encryption=encryption, diskIOPSReadWrite=120, **closed)
    body = to_request(MACHINE, PART, old, {"team": "shop"})
    assert body["properties"] == {
        "creationData": {"createOption": "Copy", "sourceResourceId": PART},
        "encryption": encryption,
        **closed,
    }
    assert (body["sku"], body["zones"], body["tags"]) == (
        {"name": "Premium_LRS"},
        ["1"],
        {"team": "shop"},
    )
    Disk(body)


def test_a_disk_whose_speed_is_set_keeps_it() -> None:
    speed = {"diskIOPSReadWrite": 9000, "diskMBpsReadWrite": 300}
    platform = {"type": "EncryptionAtRestWithPlatformKey"}
    body = to_request(MACHINE, PART, before("PremiumV2_LRS", encryption=platform, **speed), {})
    assert {name: body["properties"].get(name) for name in speed} == speed
    assert "encryption" not in body["properties"]


def test_without_a_disk_before_azure_decides() -> None:
    assert set(to_request(MACHINE, PART, None, {})["properties"]) == {"creationData"}


def test_a_mark_is_read_as_it_was_written() -> None:
    mark = ReplacedDisk("group", "web-os", "Delete", "ReadOnly")
    assert ReplacedDisk.from_tags({"tags": {REPLACES_TAG: str(mark)}}) == mark
    assert ReplacedDisk.from_tags({"tags": {REPLACES_TAG: str(ReplacedDisk())}}) == ReplacedDisk()
    assert ReplacedDisk.from_tags({"tags": {}}) is None
