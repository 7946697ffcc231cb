"""What a restored disk has of the one before it, beside what the snapshot keeps."""

from __future__ import annotations

from google.cloud.compute_v1.types import Disk

from providers.gcp.snapshot_restore import kept_of
from tests.unit.gcp.examples import HOME

TYPE = f"{HOME}/zones/europe-west3-a/diskTypes/hyperdisk-balanced"
KEY = "projects/acme/locations/europe-west3/keyRings/ring/cryptoKeys/key"


def test_a_restored_disk_is_as_fast_and_encrypted_by_the_same_key() -> None:
    # https://cloud.google.com/compute/docs/reference/rest/v1/disks
    kept = kept_of(
        {
            "type": TYPE,
            "provisionedIops": "9000",
            "provisionedThroughput": "300",
            "diskEncryptionKey": {"kmsKeyName": f"{KEY}/cryptoKeyVersions/3"},
        }
    )
    made = Disk(**kept)
    assert (made.type_, made.provisioned_iops, made.provisioned_throughput) == (TYPE, 9000, 300)
    assert made.disk_encryption_key.kms_key_name == KEY


def test_what_the_disk_before_does_not_tell_is_left_to_google() -> None:
    assert kept_of({"type": TYPE}) == {"type_": TYPE}
