"""The positions that only operations on resources have."""

from __future__ import annotations

from enum import StrEnum


class ResourcePosition(StrEnum):
    """A position of an operation on a resource, beside those of `Position`."""

    CONFIRMED = "confirmed"  # the cloud has the resource as it was requested, and nothing uses it
