"""The tag by which people say that a resource is wanted as it is."""

from __future__ import annotations

from typing import Final

from skyclust.model.resource import Resource

KEEP_TAG: Final = "skyclust:keep"

_KEYS: Final = frozenset({KEEP_TAG, "skyclust-keep", "skyclust_keep"})
"""Keys of labels of Compute Engine hold no colons
(https://cloud.google.com/compute/docs/labeling-resources#restrictions)."""


def is_kept(resource: Resource) -> bool:
    """Return whether a tag says that the resource is wanted as it is."""
    return not _KEYS.isdisjoint(resource.tags)
