"""What the steps of attaching and detaching a disk do at the cloud."""

from __future__ import annotations

from typing import Final

from prefect import task
from prefect.cache_policies import NO_CACHE

from skyclust.contract import ComputeProvider, DiskProvider, Provider
from skyclust.errors import InvalidRequest, NeverReached, NotFound, Timeout
from skyclust.model.operation import Operation
from skyclust.model.resource import Resource, ResourceKind, ResourceState
from skyclust.orchestration.credentials import open_provider
from skyclust.planning import wait_seconds
from skyclust.provider_errors import provider_errors
from skyclust.registry import capability
from skyclust.steps import Action, Step
from skyclust.store import resources
from skyclust.store.engine import open_store
from skyclust.waiting import get_same, poll
from tasks.accounts import Account
from tasks.machines import Machine
from tasks.outcome import Done, Perform, instance_id, named, reference, wanted
from tasks.retries import DELAYS, JITTER, RETRIES, on_transient

_ON_ITS_WAY: Final = frozenset(
    {ResourceState.PENDING, ResourceState.UPDATING, ResourceState.DELETING}
)


@task(
    name="find disk",
    task_run_name="find disk {wanted_name}",
    retries=RETRIES,
    retry_delay_seconds=DELAYS,
    retry_jitter_factor=JITTER,
    retry_condition_fn=on_transient,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def find_disk(account: Account, machine: Machine, wanted_name: str) -> str:
    """Return the id of the disk that has this id at the cloud, else this name in the inventory.

    Raises NotFound when there is none, InvalidRequest when several bear the name.
    """
    store = open_store()
    with store.reading() as connection:
        named_so = resources.find(
            connection,
            account.workspace_id,
            kinds=[ResourceKind.DISK],
            credentials=[account.credential],
            regions=[machine.region],
            names=[wanted_name],
        )
    provider = open_provider(store, account.workspace_id, account.credential)
    disks = capability(provider, DiskProvider)
    try:
        with provider_errors(provider.name, f"read disk {wanted_name!r} in {machine.region}"):
            return disks.get_disk(machine.region, wanted_name).id
    except (NotFound, InvalidRequest):
        # Some clouds refuse an id that does not look like one.
        if not named_so:
            raise
    if len(named_so) > 1:
        ids = ", ".join(one.id for one in named_so[:5])
        raise InvalidRequest(
            f"{len(named_so)} disks in {machine.region} are called {wanted_name!r}: {ids}.",
            hint="Say which one by its id.",
        )
    return disks.get_disk(machine.region, named_so[0].id).id


def _attach(step: Step, operation: Operation, provider: Provider) -> Done:
    disks = capability(provider, DiskProvider)
    disks.attach_disk(reference(operation), wanted(operation, "disk_id"))
    return Done(step.outcome)


def _detach(step: Step, operation: Operation, provider: Provider) -> Done:
    disks = capability(provider, DiskProvider)
    disks.detach_disk(reference(operation), wanted(operation, "disk_id"))
    return Done(step.outcome)


def _await_attached(step: Step, operation: Operation, provider: Provider) -> Done:
    return Done(step.outcome, detail=_settled(operation, provider, attached=True))


def _await_detached(step: Step, operation: Operation, provider: Provider) -> Done:
    return Done(step.outcome, detail=_settled(operation, provider, attached=False))


def _record(step: Step, operation: Operation, provider: Provider) -> Done:
    compute = capability(provider, ComputeProvider)
    machine = get_same(compute, reference(operation))
    return Done(step.outcome, instance=machine, disk=_disk(operation, provider))


def _settled(operation: Operation, provider: Provider, *, attached: bool) -> str:
    """Wait until the disk is at the machine, or is not; return its state in the cloud's word."""

    def look() -> Resource | None:
        disk = _disk(operation, provider)
        if disk.state == ResourceState.ERROR:
            raise NeverReached(f"Disk {disk.id} in {disk.region} is {disk.native_state}.")
        arrived = is_attached(disk, instance_id(operation)) is attached
        return disk if arrived and disk.state not in _ON_ITS_WAY else None

    what = f"Disk {wanted(operation, 'disk_id')} {'at' if attached else 'off'} {named(operation)}"
    try:
        disk = poll(look, what, deadline_seconds=wait_seconds(operation))
    except Timeout as error:
        if error.__cause__ is not None:
            raise
        raise NeverReached(error.message, hint=error.hint) from error
    return f"{disk.id}: {disk.native_state}"


def is_attached(disk: Resource, machine: str) -> bool:
    """Return whether inventory's view of a disk names the machine."""
    holders = disk.attributes.get("attached_to")
    return isinstance(holders, list) and machine in holders


def _disk(operation: Operation, provider: Provider) -> Resource:
    disks = capability(provider, DiskProvider)
    return disks.get_disk(operation.region, wanted(operation, "disk_id"))


ON_DISKS: Final[dict[Action, Perform]] = {
    Action.ATTACH_DISK: _attach,
    Action.DETACH_DISK: _detach,
    Action.AWAIT_ATTACHED: _await_attached,
    Action.AWAIT_DETACHED: _await_detached,
    Action.RECORD_DISK: _record,
}
"""What each step about disks does."""
