"""The provisioning state of a resource: the outcome of the last change of its model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from providers.azure.fields import inner, text
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


def state_and_native(
    resource: Mapping[str, Any], settled: ResourceState
) -> tuple[ResourceState | None, str | None]:
    """Return the state of a resource and Azure's name for it; `settled` stands for Succeeded.

    Both are None if Azure returns no provisioning state.
    """
    state = native(resource)
    return (None, None) if state is None else (unsettled_state(resource) or settled, state)


def unsettled_state(resource: Mapping[str, Any]) -> ResourceState | None:
    """Return the state of a resource that is changing or failed to change; None for any other.

    A state that is not known here is UPDATING: the resource is busy with something unknown.
    """
    state = (native(resource) or "succeeded").lower()
    return None if state == "succeeded" else _STATES.get(state, ResourceState.UPDATING)


def is_ready(resource: Document) -> bool:
    """Return whether Azure reports that the last change succeeded."""
    return (native(resource) or "").lower() == "succeeded"


def native(resource: Mapping[str, Any]) -> str | None:
    """Return Azure's provisioning state, or None if it returns none."""
    return text(inner(resource, "properties"), "provisioningState")
