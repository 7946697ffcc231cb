"""The VMIDs of the guests that are created with a token, and whose metadata a guest's notes hold.

The VMID is derived from the token. So it shows whether the metadata in the notes was written for
the guest itself: a clone carries the notes of its original to a VMID that is not the token's, and
only the tags in them apply to the clone.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from providers.proxmox.notes import Metadata

FIRST_VMID: Final = 100_000_000
LAST_VMID: Final = 999_999_999
"""The largest VMID that Proxmox VE accepts (`pve-vmid`)."""

VMIDS_PER_TOKEN: Final = 8
"""How many VMIDs a token has. The chance that another guest has the first VMID of a token is one
in a million with a thousand guests."""


def token_vmids(token: str) -> Iterator[int]:
    """Yield the VMIDs that a guest created with a token may have; always the same ones."""
    span = LAST_VMID - FIRST_VMID + 1
    for index in range(VMIDS_PER_TOKEN):
        digest = sha256(f"{index}:{token}".encode()).digest()
        yield FIRST_VMID + int.from_bytes(digest[:8]) % span


def own_metadata(metadata: Metadata, vmid: int) -> Metadata:
    """Return the metadata that applies to the guest with a VMID: of a clone only the tags."""
    if metadata.token is None or vmid in token_vmids(metadata.token):
        return metadata
    return Metadata(tags=metadata.tags)
