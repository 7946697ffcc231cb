"""Tags: which tags Azure accepts, and which tags SkyClust reserves for itself.

Source: https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/tag-resources
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Final

from skyclust.errors import InvalidRequest

TOKEN_TAG: Final = "skyclust-token"  # noqa: S105 - the name of a tag, no secret
"""Holds the token of the request that created a VM, or a resource for a VM."""

REQUEST_TAG: Final = "skyclust-request"
"""Holds the fingerprint of the spec that a VM was created from."""

INSTANCE_TAG: Final = "skyclust-instance"
"""On a resource that was created for a VM: the VM's name or its vmId."""

OWN_TAGS: Final = frozenset({TOKEN_TAG, REQUEST_TAG, INSTANCE_TAG})

MAX_TAGS: Final = 50
MAX_NAME_LENGTH: Final = 512
MAX_VALUE_LENGTH: Final = 256
_FORBIDDEN: Final = frozenset("<>%&\\?/")


def to_tag(token: str) -> str:
    """Return the tag value for a token: the token itself if a tag can hold it, else its SHA-256."""
    if 0 < len(token) <= MAX_VALUE_LENGTH:
        return token
    return sha256(token.encode()).hexdigest()


def check_tags(doing: str, tags: Mapping[str, str], removed: Collection[str] = ()) -> None:
    """Raise InvalidRequest for tags that Azure does not accept, and for SkyClust's own tags."""
    problem = None
    for name, value in tags.items():
        if not 0 < len(name) <= MAX_NAME_LENGTH or _FORBIDDEN & set(name):
            problem = (
                f"a tag's name has up to {MAX_NAME_LENGTH} characters, none of <>%&\\?/: {name}"
            )
        elif len(value) > MAX_VALUE_LENGTH:
            problem = f"a tag's value has up to {MAX_VALUE_LENGTH} characters: {name}"
    for name in (*tags, *removed):
        if name.lower() in OWN_TAGS:
            problem = f"the tag {name} is SkyClust's own"
    if len(tags) > MAX_TAGS - len(OWN_TAGS):
        problem = f"a resource has up to {MAX_TAGS} tags, some of them SkyClust's own"
    if problem is not None:
        raise InvalidRequest(f"Could not {doing}: {problem}.", provider="azure")
