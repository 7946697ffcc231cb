"""The state of a VM, from its provisioning state and its power state.

Azure reports two states: the outcome of the last change of the VM's model, and its power state.
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
"""Codes beside `PowerState/deallocated` of a VM whose memory is saved on its OS disk
(https://learn.microsoft.com/en-us/azure/virtual-machines/hibernate-resume)."""

UNKNOWN: Final = "unknown"
"""The native state of a VM for which Azure reports none."""


@dataclass(frozen=True)
class VmState:
    """The state of a VM; `native` is the code of Azure that decided it.

    `power` is Azure's power state in lower case; empty if Azure reports none, or several.
    """

    state: InstanceState
    native: str
    power: str
    reason: str | None = None
    failure: InstanceFailure | None = None

    @property
    def billed(self) -> bool | None:
        """Return whether the compute time of the VM is billed: unless it is deallocated.

        None if Azure reports no power state.
        """
        return self.power != "deallocated" if self.power else None


@dataclass(frozen=True)
class _Power:
    """The power state; `state` is None if it is unknown, or if several different are reported."""

    code: str
    power: str
    state: InstanceState | None


def to_state(provisioning: str | None, statuses: Sequence[Mapping[str, Any]]) -> VmState:
    """Return the state of a VM from its provisioning state and the statuses of its instance view.

    Either may be missing; then the other decides. A VM whose last change failed is ERROR unless
    it is running, as a VM is whose extension failed. A state that is not known here is UPDATING:
    the VM is busy with something unknown.
    """
    codes = [code for status in statuses if (code := text(status, "code"))]
    power = _power(codes)
    change = (provisioning or "").lower()
    if change in {"creating", "deleting"}:
        return VmState(PROVISIONING[change], f"ProvisioningState/{change}", power.power)
    if power.state is not None and power.state not in _SETTLED:
        return VmState(power.state, power.code, power.power)
    if change in PROVISIONING:
        return VmState(PROVISIONING[change], f"ProvisioningState/{change}", power.power)
    reason, failure, failed_code = _failure(statuses) if change == "failed" else (None, None, "")
    if change == "failed" and power.state is not InstanceState.RUNNING:
        return VmState(InstanceState.ERROR, failed_code, power.power, reason, failure)
    if power.state is None:
        native = power.code or (f"ProvisioningState/{change}" if change else UNKNOWN)
        return VmState(InstanceState.UPDATING, native, power.power)
    if power.power == "stopped":
        reason = STILL_BILLED
    return VmState(power.state, power.code, power.power, reason)


def _power(codes: Sequence[str]) -> _Power:
    """Return the power state from the status codes; several with one meaning count as one."""
    hibernated = next((code for code in codes if code.lower() in HIBERNATED), None)
    power_codes = dict.fromkeys(
        code
        for code in codes
        if code.lower().startswith(_POWER_PREFIX) and code.lower() not in HIBERNATED
    )
    powers = [code.lower().removeprefix(_POWER_PREFIX) for code in power_codes]
    if hibernated is not None and powers in ([], ["deallocated"]):
        return _Power(hibernated, "deallocated", InstanceState.SUSPENDED)
    states = {POWER.get(power) for power in powers}
    return _Power(
        ", ".join(power_codes),
        powers[0] if len(powers) == 1 else "",
        states.pop() if len(states) == 1 else None,
    )


def _failure(
    statuses: Sequence[Mapping[str, Any]],
) -> tuple[str | None, InstanceFailure | None, str]:
    """Return message, failure and code of the status that reports a failed provisioning."""
    for status in statuses:
        status_code = text(status, "code") or ""
        if not status_code.lower().startswith(_FAILED_PREFIX):
            continue
        message = text(status, "message") or text(status, "displayStatus")
        code = status_code.rsplit("/", maxsplit=1)[-1]
        error_class = class_for(code, 409, message or "")
        failure = None
        if error_class is CapacityExhausted:
            failure = InstanceFailure.CAPACITY
        elif error_class is QuotaExceeded:
            failure = InstanceFailure.QUOTA
        return message, failure, status_code
    return None, None, "ProvisioningState/failed"
