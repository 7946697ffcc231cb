"""What every provider checks of a resource before it deletes it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from skyclust.errors import Conflict, NotFound, Unsupported
from skyclust.model.resource import Resource, ResourceKind, ResourceState
from skyclust.model.resource_reference import ResourceReference, identity_of

BEING_DELETED: Final = frozenset({ResourceState.DELETING, ResourceState.DELETED})

_WITH_USERS: Final = frozenset({ResourceKind.DISK, ResourceKind.ADDRESS})
_CHANGING: Final = frozenset({ResourceState.PENDING, ResourceState.UPDATING})


def require_deletable_kind(
    kind: ResourceKind, deletable: Collection[ResourceKind], *, provider: str
) -> None:
    """Raise Unsupported for a kind that a provider does not delete."""
    if kind not in deletable:
        raise Unsupported(f"Provider {provider!r} deletes no {kind}.", provider=provider)


def use_of(resource: Resource) -> str:
    """Return what keeps a resource from being deleted, as "it ..."; "" for an unused resource.

    Where the cloud does not report what uses a disk or an address, that keeps it.
    """
    owner = resource.attributes.get("owner")
    if owner:
        return f"it belongs to instance {owner}"
    users = resource.attributes.get("attached_to")
    if users:
        return (
            f"it is in use by {', '.join(map(str, users if isinstance(users, list) else [users]))}"
        )
    if resource.state == ResourceState.IN_USE:
        return f"it is in use ({resource.native_state})"
    if resource.kind in _WITH_USERS and users is None:
        return "the cloud does not report what uses it"
    if resource.state in _CHANGING:
        return f"it is being changed ({resource.native_state})"
    return ""


def is_same(reference: ResourceReference, seen: Resource) -> bool:
    """Return whether the resource that has the id now is the one that is referred to."""
    return identity_of(seen) == reference.identity


def require_deletable(reference: ResourceReference, seen: Resource) -> None:
    """Raise NotFound when another resource has the id by now, Conflict for one that is in use."""
    if not is_same(reference, seen):
        raise NotFound(
            f"The {reference.kind} {reference.id} in {reference.region} is gone; another one has"
            " its id.",
            hint="Sync the inventory, and look at which one you want to delete.",
            provider=seen.provider,
        )
    if use := use_of(seen):
        raise Conflict(
            f"The {reference.kind} {reference.id} in {reference.region} was not deleted: {use}.",
            provider=seen.provider,
        )
