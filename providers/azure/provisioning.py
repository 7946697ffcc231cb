"""The state of things other than machines: how the last change of their model went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skyclust.model.resource import ResourceState

if TYPE_CHECKING:
    from providers.azure.client import Document

# https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/async-operations#provisioningstate-values
_STATES: Final = {
    "accepted": ResourceState.PENDING,
    "creating": ResourceState.PENDING,
    "updating": ResourceState.UPDATING,
    "deleting": ResourceState.DELETING,
    "failed": ResourceState.ERROR,
    "canceled": ResourceState.ERROR,
}


def unsettled(thing: Document) -> ResourceState | None:
    """Return the state of what is being changed or failed to be; None when all is well."""
    written = native(thing).lower()
    return None if written == "succeeded" else _STATES.get(written, ResourceState.UPDATING)


def native(thing: Document) -> str:
    """Return Azure's own word, `Succeeded` when it tells none."""
    return str(thing["properties"].get("provisioningState") or "Succeeded")
