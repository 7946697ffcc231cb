"""Labels: Compute Engine's tags, and those that SkyClust puts on what it makes.

A key begins with a lowercase letter; keys and values have at most 63 lowercase letters, digits,
underscores and dashes; a resource has at most 64 labels
(https://cloud.google.com/compute/docs/labeling-resources#restrictions).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

from providers.gcp import fields

TOKEN: Final = "skyclust-token"  # noqa: S105  # the label's key
"""The idempotency token that something was made with."""

REQUEST: Final = "skyclust-request"
"""A digest of the spec that a machine was made from."""

INSTANCE: Final = "skyclust-instance"
"""The number of the machine that a disk or a snapshot belongs to."""

SNAPSHOT: Final = "skyclust-snapshot"
"""What holds the snapshots of one machine's disks together."""

DEVICE: Final = "skyclust-device"
"""The device of its machine that a snapshot was taken of."""

BOOT: Final = "skyclust-boot"
"""Whether that device is the one that the machine boots from: `true` or `false`."""

AUTO_DELETE: Final = "skyclust-auto-delete"
"""Whether the disk at that device ends with the machine: `true` or `false`."""

DISKS: Final = "skyclust-disks"
"""How many disks the machine had when the snapshot was taken."""

OWN: Final = "skyclust-"
"""What the keys of SkyClust's own labels begin with."""

LONGEST: Final = 63
MOST: Final = 64


def to_label(text: str) -> str:
    """Return a text as the value of a label: as it is where that is possible, else a digest."""
    if re.fullmatch(r"[a-z0-9_-]{1,63}", text):
        return text
    return sha256(text.encode()).hexdigest()[:40]


def problem_of(labels: Mapping[str, str]) -> str | None:
    """Return what Compute Engine would refuse in labels, None when nothing."""
    for key, value in labels.items():
        if not (_is_word(key) and key[:1].isalpha()):
            return (
                f"{key!r} cannot be the key of a label: it begins with a lowercase letter and"
                f" has at most {LONGEST} lowercase letters, digits, underscores and dashes"
            )
        if value and not _is_word(value):
            return (
                f"{value!r} cannot be the value of label {key!r}: it has at most {LONGEST}"
                " lowercase letters, digits, underscores and dashes"
            )
    return f"there are more than {MOST} labels" if len(labels) > MOST else None


def fingerprint_of(thing: Mapping[str, Any]) -> str:
    """Return the fingerprint of a resource's labels, against which they are changed.

    Raises UnexpectedAnswer when there is none: without it nobody else's change would be seen.
    """
    return fields.required_text(thing, "labelFingerprint")


def own_of(keys: Mapping[str, str] | frozenset[str]) -> list[str]:
    """Return those keys that only SkyClust itself may set or remove, sorted."""
    return sorted(key for key in keys if key.startswith(OWN))


def _is_word(text: str) -> bool:
    return 0 < len(text) <= LONGEST and all(
        one in "_-" or (one.isalnum() and one == one.lower()) for one in text
    )
