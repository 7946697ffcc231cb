"""Static addresses of a region, and global ones.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/addresses
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.links import id_of, name_of, own_link
from providers.gcp.timestamps import moment_of
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.gcp.client import Answer

STATES: Final = {
    "RESERVING": ResourceState.PENDING,
    "RESERVED": ResourceState.AVAILABLE,
    "IN_USE": ResourceState.IN_USE,
}
_SINGLE: Final = {"IPV4": 32, "IPV6": 128}
"""The prefix length of one address, by `ipVersion`."""


def to_address(region: str, address: Answer, users: Sequence[str]) -> Resource:
    """Return a static address as an inventory resource, public by its `addressType` alone."""
    link = own_link(address)
    native_state = fields.text(address, "status")
    kind = fields.text(address, "addressType")
    text = _address(address)
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.ADDRESS,
        id=id_of(link),
        name=name_of(address, link),
        state=STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        tags=fields.labels(address),
        created_at=moment_of(address, "creationTimestamp"),
        attributes={
            "address": text if kind == "EXTERNAL" else None,
            "attached_to": [*users],
            "private_address": text if kind == "INTERNAL" else None,
        },
    )


def _address(address: Answer) -> str | None:
    """Return the address, with its prefix length where a whole range is reserved."""
    text = fields.text(address, "address")
    length = fields.number(address, "prefixLength")
    if text is None or not length:
        return text
    single = _SINGLE["IPV6" if ":" in text else "IPV4"]
    return text if length == single else f"{text}/{length}"
