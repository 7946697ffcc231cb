"""Static addresses of a region, and global ones.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/addresses
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from providers.gcp.links import home_of, to_id
from providers.gcp.moments import to_moment
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.gcp.client import Answer

STATES: Final = {
    "RESERVING": ResourceState.PENDING,
    "RESERVED": ResourceState.AVAILABLE,
    "IN_USE": ResourceState.IN_USE,
}


def to_address(region: str, address: Answer, attached_to: Sequence[str]) -> Resource:
    """Return a static address as an inventory resource; it may be a private one."""
    native_state = address.get("status")
    is_private = address.get("addressType") == "INTERNAL"
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.ADDRESS,
        id=to_id(address["selfLink"], home_of(address["selfLink"])),
        name=address["name"],
        state=STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        tags=address.get("labels", {}),
        created_at=to_moment(address.get("creationTimestamp")),
        attributes={
            "address": None if is_private else address.get("address"),
            "attached_to": attached_to[0] if attached_to else None,
            "private_address": address.get("address") if is_private else None,
        },
    )
