"""What a machine does, from its provisioning state and its power state.

Azure tells two things: how the last change of the machine's model went, and whether it runs.
Sources: https://learn.microsoft.com/en-us/azure/virtual-machines/states-billing and
https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/instance-view
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from providers.azure.errors import class_for
from providers.azure.fields import text
from skyclust.errors import CapacityExhausted, QuotaExceeded
from skyclust.model.instance import InstanceFailure, InstanceState

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
_SETTLED: Final = frozenset({InstanceState.RUNNING, InstanceState.STOPPED, InstanceState.SUSPENDED})
_POWER_PREFIX: Final = "powerstate/"
_FAILED_PREFIX: Final = "provisioningstate/failed"

STILL_BILLED: Final = (
    "Powered off, and still billed: its place is kept. A stop that deallocates it ends that."
)


HIBERNATED: Final = frozenset({"hibernationstate/hibernated", "powerstate/hibernated"})
"""What stands beside `PowerState/deallocated` when the memory lies in the boot disk
(https://learn.microsoft.com/en-us/azure/virtual-machines/hibernate-resume)."""

UNKNOWN: Final = "unknown"
"""The native state of a machine of which Azure tells none."""


@dataclass(frozen=True)
class MachineState:
    """The state of a machine; `native` is Azure's code of what decided it.

    `power` is Azure's power state in lower case, empty when Azure tells none, or several.
    """

    state: InstanceState
    native: str
    power: str
    reason: str | None = None
    failure: InstanceFailure | None = None

    @property
    def billed(self) -> bool | None:
        """Return whether the machine's place is paid for: all but a deallocated one's is.

        None when Azure does not tell.
        """
        return self.power != "deallocated" if self.power else None


@dataclass(frozen=True)
class _Power:
    """The power state; `state` is None for one that is unknown, or for several that differ."""

    code: str
    power: str
    state: InstanceState | None


def to_state(provisioning: str | None, statuses: Sequence[Mapping[str, Any]]) -> MachineState:
    """Return the state of a machine from its provisioning state and its instance view.

    Either may be missing, and then the other decides. A machine whose last change failed is
    ERROR unless it runs all the same, as one does whose extension failed. A state that Azure
    adds one day is UPDATING: busy with something unknown.
    """
    codes = [code for status in statuses if (code := text(status, "code"))]
    power = _power(codes)
    change = (provisioning or "").lower()
    if change in {"creating", "deleting"}:
        return MachineState(PROVISIONING[change], f"ProvisioningState/{change}", power.power)
    if power.state is not None and power.state not in _SETTLED:
        return MachineState(power.state, power.code, power.power)
    if change in PROVISIONING:
        return MachineState(PROVISIONING[change], f"ProvisioningState/{change}", power.power)
    reason, failure, failed_code = _failure(statuses) if change == "failed" else (None, None, "")
    if change == "failed" and power.state is not InstanceState.RUNNING:
        return MachineState(InstanceState.ERROR, failed_code, power.power, reason, failure)
    if power.state is None:
        native = power.code or (f"ProvisioningState/{change}" if change else UNKNOWN)
        return MachineState(InstanceState.UPDATING, native, power.power)
    if power.power == "stopped":
        reason = STILL_BILLED
    return MachineState(power.state, power.code, power.power, reason)


def _power(codes: Sequence[str]) -> _Power:
    """Return the power state that codes tell; several that mean the same are that one."""
    hibernated = next((code for code in codes if code.lower() in HIBERNATED), None)
    told = dict.fromkeys(
        code
        for code in codes
        if code.lower().startswith(_POWER_PREFIX) and code.lower() not in HIBERNATED
    )
    powers = [code.lower().removeprefix(_POWER_PREFIX) for code in told]
    if hibernated is not None and powers in ([], ["deallocated"]):
        return _Power(hibernated, "deallocated", InstanceState.SUSPENDED)
    states = {POWER.get(power) for power in powers}
    return _Power(
        ", ".join(told),
        powers[0] if len(powers) == 1 else "",
        states.pop() if len(states) == 1 else None,
    )


def _failure(
    statuses: Sequence[Mapping[str, Any]],
) -> tuple[str | None, InstanceFailure | None, str]:
    for status in statuses:
        written = text(status, "code") or ""
        if not written.lower().startswith(_FAILED_PREFIX):
            continue
        message = text(status, "message") or text(status, "displayStatus")
        code = written.rsplit("/", maxsplit=1)[-1]
        kind = class_for(code, 409, message or "")
        failure = None
        if kind is CapacityExhausted:
            failure = InstanceFailure.CAPACITY
        elif kind is QuotaExceeded:
            failure = InstanceFailure.QUOTA
        return message, failure, written
    return None, None, "ProvisioningState/failed"
