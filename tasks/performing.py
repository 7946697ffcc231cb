"""What one step of an operation does at the cloud: one call, or one wait."""

from __future__ import annotations

from dataclasses import replace

from skyclust.contract import ComputeProvider, Provider, TagProvider
from skyclust.model.operation import Operation
from skyclust.model.redacted import without_secrets
from skyclust.provider_errors import provider_errors
from skyclust.registry import capability
from skyclust.steps import Action, Step
from tasks.arrival import check_arrival
from tasks.disks import ON_DISKS
from tasks.machine import ON_MACHINES, tag
from tasks.outcome import Done
from tasks.snapshots import ON_SNAPSHOTS


def perform(step: Step, operation: Operation, provider: Provider) -> Done:
    """Do at the cloud what the step says; writes nothing to the store.

    Raises any error of the tree as the provider does, UnexpectedAnswer for any other error,
    NeverReached when a wait is over and what was waited for was seen otherwise, and Unsupported
    when the provider lacks what the step needs.
    """
    done = _performed(step, operation, provider)
    return replace(
        done,
        instance=done.instance and without_secrets(done.instance),
        disk=done.disk and without_secrets(done.disk),
    )


def _performed(step: Step, operation: Operation, provider: Provider) -> Done:
    machine = operation.instance_name or operation.instance_id or "a machine"
    with provider_errors(operation.provider, f"{step.action} {machine} in {operation.region}"):
        if step.action is Action.CHECK_ARRIVAL:
            return check_arrival(step, operation, provider)
        if step.action is Action.SET_TAGS:
            return tag(step, operation, capability(provider, TagProvider))
        if step.action in ON_MACHINES:
            return ON_MACHINES[step.action](step, operation, capability(provider, ComputeProvider))
        return (ON_SNAPSHOTS | ON_DISKS)[step.action](step, operation, provider)
