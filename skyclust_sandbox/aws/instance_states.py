"""The lifecycle of EC2 instances: transitional states, and changes that a state refuses.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html, and
the EC2 error codes IncorrectInstanceState and InvalidInstanceID.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance

CODES: Final = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
"""The code of each state (API reference, InstanceState)."""

_WELL_FORMED: Final = re.compile(r"i-([0-9a-f]{8}|[0-9a-f]{17})")


@dataclass(frozen=True)
class StateChange:
    """One entry of the reply to StartInstances, StopInstances or TerminateInstances."""

    instance_id: str
    previous: str
    current: str


@dataclass(frozen=True)
class _Transition:
    instance: Instance
    target: str
    due: float


@dataclass
class InstanceStates:
    """Moves instances through their transitional states.

    Transitions that are due happen at the next EC2 call, which begins with `settle`. All calls
    hold the sandbox's lock.
    """

    transition_seconds: float
    terminated_seconds: float
    clock: Callable[[], float] = time.monotonic
    _transitions: dict[EC2Backend, dict[str, _Transition]] = field(default_factory=dict)

    def clear(self) -> None:
        """Delete all pending transitions."""
        self._transitions.clear()

    def settle(self, backend: EC2Backend) -> None:
        """Execute the transitions of a region that are due."""
        transitions = self._transitions.get(backend, {})
        for transition in [t for t in transitions.values() if t.due <= self.clock()]:
            instance = transition.instance
            del transitions[instance.id]
            if transition.target == "gone":
                _remove(backend, instance)
                continue
            _set_state(instance, transition.target)
            if transition.target == "terminated":
                self._schedule(backend, instance, "gone", self.terminated_seconds)

    def launched(self, backend: EC2Backend, instances: Sequence[Instance]) -> None:
        """Set new instances to pending, and schedule running."""
        for instance in instances:
            self._begin_transition(backend, instance, "pending", "running")

    def start(self, backend: EC2Backend, instance_ids: Sequence[str]) -> list[StateChange]:
        """Start stopped instances; running instances do not change."""
        instances = find(backend, instance_ids)
        _require(instances, {"stopped", "pending", "running"}, "started")
        return [self._start(backend, instance) for instance in instances]

    def stop(self, backend: EC2Backend, instance_ids: Sequence[str]) -> list[StateChange]:
        """Stop running instances; stopped instances do not change."""
        instances = find(backend, instance_ids)
        _require(instances, {"running", "stopping", "stopped"}, "stopped")
        return [self._stop(backend, instance) for instance in instances]

    def terminate(self, backend: EC2Backend, instance_ids: Sequence[str]) -> list[StateChange]:
        """Terminate instances; terminated instances do not change."""
        return [self._terminate(backend, instance) for instance in find(backend, instance_ids)]

    def _start(self, backend: EC2Backend, instance: Instance) -> StateChange:
        previous = instance.state
        if previous == "stopped":
            backend.start_instances([instance.id])
            self._begin_transition(backend, instance, "pending", "running")
        return StateChange(instance.id, previous, instance.state)

    def _stop(self, backend: EC2Backend, instance: Instance) -> StateChange:
        previous = instance.state
        if previous == "running":
            backend.stop_instances([instance.id])
            self._begin_transition(backend, instance, "stopping", "stopped")
        return StateChange(instance.id, previous, instance.state)

    def _terminate(self, backend: EC2Backend, instance: Instance) -> StateChange:
        previous = instance.state
        if previous not in {"shutting-down", "terminated"}:
            backend.terminate_instances([instance.id])
            self._begin_transition(backend, instance, "shutting-down", "terminated")
        return StateChange(instance.id, previous, instance.state)

    def _begin_transition(
        self, backend: EC2Backend, instance: Instance, transitional: str, target: str
    ) -> None:
        _set_state(instance, transitional)
        self._schedule(backend, instance, target, self.transition_seconds)

    def _schedule(
        self, backend: EC2Backend, instance: Instance, target: str, seconds: float
    ) -> None:
        transition = _Transition(instance, target, self.clock() + seconds)
        self._transitions.setdefault(backend, {})[instance.id] = transition


def find(backend: EC2Backend, instance_ids: Sequence[str]) -> list[Instance]:
    """Return the instances of these ids; raises InvalidInstanceID.Malformed or .NotFound."""
    for instance_id in instance_ids:
        if _WELL_FORMED.fullmatch(instance_id) is None:
            raise EC2ClientError("InvalidInstanceID.Malformed", f'Invalid id: "{instance_id}"')
    return backend.get_multi_instances_by_id(list(instance_ids))


def require_running(instances: Sequence[Instance]) -> None:
    """Raise IncorrectInstanceState unless all instances are running."""
    _require(instances, {"running"}, "rebooted")


def require_stopped(instance: Instance) -> None:
    """Raise IncorrectInstanceState unless the instance is stopped."""
    if instance.state != "stopped":
        raise EC2ClientError(
            "IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'stopped' state."
        )


def _require(instances: Sequence[Instance], states: Collection[str], changed: str) -> None:
    for instance in instances:
        if instance.state not in states:
            raise EC2ClientError(
                "IncorrectInstanceState",
                f"The instance '{instance.id}' is not in a state from which it can be {changed}.",
            )


def _set_state(instance: Instance, name: str) -> None:
    instance._state.name = name
    instance._state.code = CODES[name]


def _remove(backend: EC2Backend, instance: Instance) -> None:
    for reservation in list(backend.reservations.values()):
        if instance in reservation.instances:
            reservation.instances.remove(instance)
            if not reservation.instances:
                del backend.reservations[reservation.id]
    backend.tags.pop(instance.id, None)
