"""The request for a disk that replaces another, and the tag that names the replaced disk."""

from __future__ import annotations

from typing import Any

from azure.mgmt.compute.models import Disk

from providers.azure.replaced_disks import REPLACES_TAG, ReplacedDisk
from providers.azure.snapshot_restore import to_request

VM = {"location": "westeurope", "zones": ["1"]}
PART = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/snapshots/web-os"


def present_disk(sku: str, **properties: Any) -> dict[str, Any]:
    return {"sku": {"name": sku, "tier": "Premium"}, "properties": properties}


def test_a_restored_disk_keeps_encryption_and_network_access() -> None:
    encryption = {"type": "EncryptionAtRestWithCustomerKey", "diskEncryptionSetId": "/set"}
    closed = {"networkAccessPolicy": "DenyAll", "publicNetworkAccess": "Disabled"}
    old = present_disk("Premium_LRS", encryption=encryption, diskIOPSReadWrite=120, **closed)
    body = to_request(VM, PART, old, {"team": "shop"})
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


def test_a_restored_disk_keeps_its_configured_performance() -> None:
    performance = {"diskIOPSReadWrite": 9000, "diskMBpsReadWrite": 300}
    platform = {"type": "EncryptionAtRestWithPlatformKey"}
    body = to_request(
        VM, PART, present_disk("PremiumV2_LRS", encryption=platform, **performance), {}
    )
    assert {name: body["properties"].get(name) for name in performance} == performance
    assert "encryption" not in body["properties"]


def test_a_disk_without_a_predecessor_has_the_defaults_of_azure() -> None:
    assert set(to_request(VM, PART, None, {})["properties"]) == {"creationData"}


def test_the_tag_of_a_replaced_disk_is_read_as_it_was_written() -> None:
    replaced = ReplacedDisk("group", "web-os", "Delete", "ReadOnly")
    assert ReplacedDisk.from_tags({"tags": {REPLACES_TAG: str(replaced)}}) == replaced
    assert ReplacedDisk.from_tags({"tags": {REPLACES_TAG: str(ReplacedDisk())}}) == ReplacedDisk()
    assert ReplacedDisk.from_tags({"tags": {}}) is None
