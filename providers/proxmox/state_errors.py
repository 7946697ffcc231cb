"""The error for a change that the state of a guest does not allow."""

from __future__ import annotations

from typing import Final

from providers.proxmox.guest_records import Guest
from providers.proxmox.states import to_state
from skyclust.errors import Conflict, InvalidRequest, SkyClustError
from skyclust.model.instance import InstanceState

TRANSITIONAL: Final = frozenset(
    {InstanceState.PENDING, InstanceState.STOPPING, InstanceState.UPDATING, InstanceState.DELETING}
)
"""States in which a task or a lock has the guest, so that a change may succeed later."""


def state_error(guest: Guest, doing: str, native_state: str) -> SkyClustError:
    """Return Conflict for a guest in a transitional state, InvalidRequest for any other."""
    state, _ = to_state(guest)
    if state in TRANSITIONAL:
        return Conflict(
            f"Could not {doing}: it is {native_state} just now.",
            hint="" if guest.task else "Is the lock left over? Free it: `qm unlock VMID`.",
            provider="proxmox",
            code=native_state,
        )
    return InvalidRequest(
        f"Could not {doing}: it is {native_state}.", provider="proxmox", code=native_state
    )
