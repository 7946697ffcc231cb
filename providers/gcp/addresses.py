"""Static external and internal addresses, regional and global.

Source: https://cloud.google.com/compute/docs/reference/rest/v1/addresses
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from providers.gcp import fields
from providers.gcp.links import GLOBAL, id_of, name_of, self_link
from providers.gcp.timestamps import timestamp_of
from skyclust.errors import NotFound
from skyclust.model.resource import Resource, ResourceKind, ResourceState

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject

STATES: Final = {
    "RESERVING": ResourceState.PENDING,
    "RESERVED": ResourceState.AVAILABLE,
    "IN_USE": ResourceState.IN_USE,
}
_FULL_LENGTH: Final = {"IPV4": 32, "IPV6": 128}
"""The prefix length of a single address, by `ipVersion`."""


def fetch_address(clients: GcpClients, region: str, address_id: str) -> JsonObject:
    """Return a regional or global address as the API returns it; raises NotFound."""
    location, separator, name = address_id.rpartition("/")
    if not name or "/" in location or (location if separator else GLOBAL) != region:
        raise NotFound(
            f"There is no address {address_id!r} in {region}.",
            hint="A regional address's id is REGION/NAME, as the inventory shows it.",
            provider="gcp",
        )
    scope = GLOBAL if region == GLOBAL else f"regions/{region}"
    doing = f"read address {address_id} in {region}"
    return clients.get(f"{scope}/addresses/{name}", doing, kind="address")


def to_address(region: str, address: JsonObject, users: Sequence[str]) -> Resource:
    """Return a static address as an inventory resource.

    It is public if its `addressType` is EXTERNAL; `users` are the ids of the resources that use it.
    """
    link = self_link(address)
    native_state = fields.text(address, "status")
    address_type = fields.text(address, "addressType")
    text = _address_or_range(address)
    return Resource(
        provider="gcp",
        region=region,
        kind=ResourceKind.ADDRESS,
        id=id_of(link),
        name=name_of(address, link),
        state=STATES.get(native_state, ResourceState.UPDATING) if native_state else None,
        native_state=native_state,
        tags=fields.labels(address),
        created_at=timestamp_of(address, "creationTimestamp"),
        attributes={
            "address": text if address_type == "EXTERNAL" else None,
            "attached_to": [*users],
            "private_address": text if address_type == "INTERNAL" else None,
            "unique_id": fields.number_text(address, "id"),
        },
    )


def _address_or_range(address: JsonObject) -> str | None:
    """Return the address, with its prefix length when a range is reserved."""
    text = fields.text(address, "address")
    length = fields.integer(address, "prefixLength")
    if text is None or not length:
        return text
    full_length = _FULL_LENGTH["IPV6" if ":" in text else "IPV4"]
    return text if length == full_length else f"{text}/{length}"
