"""The fields that a restored disk inherits from the disk that it replaces."""

from __future__ import annotations

from google.cloud.compute_v1.types import Disk

from providers.gcp.snapshot_restore import inherited_fields
from tests.unit.gcp.examples import HOME

TYPE = f"{HOME}/zones/europe-west3-a/diskTypes/hyperdisk-balanced"
KEY = "projects/acme/locations/europe-west3/keyRings/ring/cryptoKeys/key"


def test_a_restored_disk_inherits_performance_and_key() -> None:
    # https://cloud.google.com/compute/docs/reference/rest/v1/disks
    inherited = inherited_fields(
        {
            "type": TYPE,
            "provisionedIops": "9000",
            "provisionedThroughput": "300",
            "diskEncryptionKey": {"kmsKeyName": f"{KEY}/cryptoKeyVersions/3"},
        }
    )
    made = Disk(**inherited)
    assert (made.type_, made.provisioned_iops, made.provisioned_throughput) == (TYPE, 9000, 300)
    assert made.disk_encryption_key.kms_key_name == KEY


def test_absent_fields_are_not_inherited() -> None:
    assert inherited_fields({"type": TYPE}) == {"type_": TYPE}
