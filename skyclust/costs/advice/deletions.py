"""Which advice a deletion carries out: where the provider deletes the kind of resource."""

from __future__ import annotations

from skyclust.contract import DeletionProvider
from skyclust.costs.advice.records import ResourceDeletion
from skyclust.errors import SkyClustError
from skyclust.model.resource import ResourceKind
from skyclust.model.resource_reference import identity_of
from skyclust.model.stored import StoredResource
from skyclust.registry import provider_class


def deletion_of(resource: StoredResource) -> ResourceDeletion | None:
    """Return the deletion of a resource, None where its provider does not delete its kind."""
    if resource.kind not in _deletable(resource.provider):
        return None
    return ResourceDeletion(resource.kind, resource.id, identity_of(resource))


def _deletable(provider: str) -> frozenset[ResourceKind]:
    try:
        cls = provider_class(provider)
    except SkyClustError:  # it is no longer installed: what it listed is still advised about
        return frozenset()
    return cls.deletable if issubclass(cls, DeletionProvider) else frozenset()
