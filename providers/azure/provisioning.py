"""The state of things other than machines: how the last change of their model went."""

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
    thing: Mapping[str, Any], settled: ResourceState
) -> tuple[ResourceState | None, str | None]:
    """Return the state of a thing and Azure's own word; `settled` is it when all is well.

    Nothing is claimed of what Azure tells no provisioning state of.
    """
    told = native(thing)
    return (None, None) if told is None else (unsettled(thing) or settled, told)


def unsettled(thing: Mapping[str, Any]) -> ResourceState | None:
    """Return the state of what is being changed or failed to be; None for any other.

    A state that Azure adds one day is UPDATING: busy with something unknown.
    """
    written = (native(thing) or "succeeded").lower()
    return None if written == "succeeded" else _STATES.get(written, ResourceState.UPDATING)


def is_ready(thing: Document) -> bool:
    """Return whether Azure says that the last change went well."""
    return (native(thing) or "").lower() == "succeeded"


def native(thing: Mapping[str, Any]) -> str | None:
    """Return Azure's own word, None when it tells none."""
    return text(inner(thing, "properties"), "provisioningState")
