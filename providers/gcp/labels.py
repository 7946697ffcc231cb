"""Labels: Compute Engine's tags, and the labels that SkyClust reserves for itself.

A key begins with a lowercase letter; keys and values have at most 63 lowercase letters, digits,
underscores and dashes; a resource has at most 64 labels
(https://cloud.google.com/compute/docs/labeling-resources#restrictions).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

from providers.gcp import fields

TOKEN: Final = "skyclust-token"  # noqa: S105  # the label's key
"""The idempotency token that a resource was created with."""

REQUEST: Final = "skyclust-request"
"""A digest of the spec that an instance was created from."""

INSTANCE: Final = "skyclust-instance"
"""The numeric id of the instance that a disk or a snapshot belongs to."""

SNAPSHOT: Final = "skyclust-snapshot"
"""The id of the instance snapshot that a disk snapshot is part of."""

DEVICE: Final = "skyclust-device"
"""The device name of the disk that a snapshot was taken of."""

BOOT: Final = "skyclust-boot"
"""Whether that disk is the boot disk: `true` or `false`."""

AUTO_DELETE: Final = "skyclust-auto-delete"
"""Whether that disk is deleted with its instance: `true` or `false`."""

DISKS: Final = "skyclust-disks"
"""The number of disks that the instance had when the snapshot was taken."""

RESERVED_PREFIX: Final = "skyclust-"
"""The prefix of the keys that are reserved for SkyClust."""

MAX_LENGTH: Final = 63
MAX_LABELS: Final = 64


def to_label(text: str) -> str:
    """Return a text as the value of a label: unchanged where it is valid, else its digest."""
    if re.fullmatch(r"[a-z0-9_-]{1,63}", text):
        return text
    return sha256(text.encode()).hexdigest()[:40]


def label_problem(labels: Mapping[str, str]) -> str | None:
    """Return why Compute Engine would refuse labels, None when it would accept them."""
    for key, value in labels.items():
        if not (_is_valid(key) and key[:1].isalpha()):
            return (
                f"{key!r} cannot be the key of a label: it begins with a lowercase letter and"
                f" has at most {MAX_LENGTH} lowercase letters, digits, underscores and dashes"
            )
        if value and not _is_valid(value):
            return (
                f"{value!r} cannot be the value of label {key!r}: it has at most {MAX_LENGTH}"
                " lowercase letters, digits, underscores and dashes"
            )
    return f"there are more than {MAX_LABELS} labels" if len(labels) > MAX_LABELS else None


def reserved_keys(keys: Iterable[str]) -> list[str]:
    """Return the keys that only SkyClust may set or remove, sorted."""
    return sorted(key for key in keys if key.startswith(RESERVED_PREFIX))


def fingerprint_of(resource: Mapping[str, Any]) -> str:
    """Return a resource's `labelFingerprint`, which setLabels compares before it writes.

    Raises UnexpectedAnswer when it is absent: a write without it would overwrite the labels
    that another client has set in the meantime.
    """
    return fields.required_text(resource, "labelFingerprint")


def _is_valid(text: str) -> bool:
    return 0 < len(text) <= MAX_LENGTH and all(
        char in "_-" or (char.isalnum() and char == char.lower()) for char in text
    )
