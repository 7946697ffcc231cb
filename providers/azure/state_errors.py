"""The error for a change that the state of a VM does not allow."""

from __future__ import annotations

from typing import Final

from providers.azure.states import VmState
from skyclust.errors import Conflict, InvalidRequest, SkyClustError
from skyclust.model.instance import InstanceReference, InstanceState

_TRANSITIONAL: Final = frozenset(
    {InstanceState.PENDING, InstanceState.STOPPING, InstanceState.UPDATING}
)


def state_error(
    instance: InstanceReference, state: VmState, change: str, hint: str
) -> SkyClustError:
    """Return the error for a change that the VM's state does not allow.

    Conflict for a transitional state, which ends by itself; InvalidRequest for any other.
    """
    message = f"Could not {change} instance {instance.id} in {instance.region}: it is"
    if state.state in _TRANSITIONAL:
        return Conflict(f"{message} {state.native} just now.", provider="azure")
    return InvalidRequest(f"{message} {state.native}.", hint=hint, provider="azure")
