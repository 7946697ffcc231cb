"""What a machine does, from its provisioning state and its power state.

Azure tells two things: how the last change of the machine's model went, and whether it runs.
Sources: https://learn.microsoft.com/en-us/azure/virtual-machines/states-billing and
https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/instance-view
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from providers.azure.errors import class_for
from skyclust.errors import CapacityExhausted, QuotaExceeded
from skyclust.model.instance import InstanceFailure, InstanceState

if TYPE_CHECKING:
    from providers.azure.client import Document

POWER: Final = {
    "running": InstanceState.RUNNING,
    "starting": InstanceState.PENDING,
    "stopping": InstanceState.STOPPING,
    "stopped": InstanceState.STOPPED,
    "deallocating": InstanceState.STOPPING,
    "deallocated": InstanceState.STOPPED,
}
PROVISIONING: Final = {
    "creating": InstanceState.PENDING,
    "updating": InstanceState.UPDATING,
    "migrating": InstanceState.UPDATING,
    "deleting": InstanceState.DELETING,
}
_SETTLED: Final = frozenset({InstanceState.RUNNING, InstanceState.STOPPED})
_POWER_PREFIX: Final = "powerstate/"
_FAILED_PREFIX: Final = "provisioningstate/failed"

STILL_BILLED: Final = (
    "Powered off, and still billed: its place is kept. A stop that deallocates it ends that."
)


@dataclass(frozen=True)
class MachineState:
    """The state of a machine; `native` is Azure's code of what decided it.

    `power` is Azure's power state in lower case, empty when Azure tells none. `billed` says
    whether the machine's place is paid for, None when Azure does not tell.
    """

    state: InstanceState
    native: str
    power: str
    reason: str | None = None
    failure: InstanceFailure | None = None

    @property
    def billed(self) -> bool | None:
        """Return whether the machine's place is paid for: all but a deallocated one's is."""
        return self.power != "deallocated" if self.power else None


def to_state(provisioning: str, statuses: Sequence[Document]) -> MachineState:
    """Return the state of a machine from its provisioning state and its instance view.

    A machine whose last change failed is ERROR unless it runs all the same, as one does whose
    extension failed. A state that Azure adds one day is UPDATING: busy with something unknown.
    """
    codes = [str(status.get("code", "")) for status in statuses]
    power_code = next((code for code in codes if code.lower().startswith(_POWER_PREFIX)), "")
    power = power_code.lower().removeprefix(_POWER_PREFIX)
    by_power = POWER.get(power)
    change = provisioning.lower()
    if change in {"creating", "deleting"}:
        return MachineState(PROVISIONING[change], f"ProvisioningState/{change}", power)
    if by_power is not None and by_power not in _SETTLED:
        return MachineState(by_power, power_code, power)
    if change in PROVISIONING:
        return MachineState(PROVISIONING[change], f"ProvisioningState/{change}", power)
    reason, failure, failed_code = _failure(statuses) if change == "failed" else (None, None, "")
    if change == "failed" and by_power is not InstanceState.RUNNING:
        return MachineState(InstanceState.ERROR, failed_code, power, reason, failure)
    if by_power is None:
        native = power_code or f"ProvisioningState/{change or 'unknown'}"
        return MachineState(InstanceState.UPDATING, native, power)
    if power == "stopped":
        reason = STILL_BILLED
    return MachineState(by_power, power_code, power, reason)


def _failure(statuses: Sequence[Document]) -> tuple[str | None, InstanceFailure | None, str]:
    for status in statuses:
        written = str(status.get("code", ""))
        if not written.lower().startswith(_FAILED_PREFIX):
            continue
        message = str(status.get("message") or status.get("displayStatus") or "")
        code = written.rsplit("/", maxsplit=1)[-1]
        kind = class_for(code, 409, message)
        failure = None
        if kind is CapacityExhausted:
            failure = InstanceFailure.CAPACITY
        elif kind is QuotaExceeded:
            failure = InstanceFailure.QUOTA
        return message or None, failure, written
    return None, None, "ProvisioningState/failed"
