"""Putting a machine's disks back to a snapshot, step by step and repeatable by anybody.

New disks are made from the snapshot's parts, under names that come from the token; all of them
take the places of the machine's disks in one change; then the replaced disks are deleted. What
replaces what stands at the new disks as a tag, so that any process can carry on.
Source: https://learn.microsoft.com/en-us/azure/virtual-machines/linux/os-disk-swap
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.azure import versions, writing
from providers.azure.changes import refusal
from providers.azure.disks import KIND, holders, source_of
from providers.azure.errors import azure_errors
from providers.azure.ids import ResourceId, normal, to_id
from providers.azure.instances import TOKEN_TAG, read_machine, state_of, tags_of
from providers.azure.machine_snapshots import (
    BOOT,
    disks_by_place,
    unique_id,
    usable_parts,
)
from providers.azure.provisioning import unsettled
from providers.azure.tags import INSTANCE_TAG, to_tag
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.resource import ResourceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

REPLACES_TAG: Final = "skyclust-replaces"
"""Holds, at a restored disk, group and name of the disk whose place it takes."""


@dataclass(frozen=True)
class Replacement:
    """A place of the machine: the part of the snapshot, the disk there now, the one to be."""

    place: str
    part: Document
    now: str | None
    then: ResourceId

    @property
    def done(self) -> bool:
        """Return whether the disk from the snapshot has its place."""
        return self.now == str(self.then)


def must_stop_to_restore(instance: Instance) -> bool:
    """Return whether the machine has to be deallocated first: Azure swaps no boot disk else."""
    return instance.attributes.get("billed") is not False


def restore_snapshot(
    clients: AzureClients, region: str, instance_id: str, snapshot_id: str, token: str
) -> bool:
    """Bring the machine's disks nearer to the snapshot; return whether they are there."""
    machine = read_machine(clients, region, instance_id)
    parts = usable_parts(clients, machine, region, snapshot_id)
    state = state_of(machine)
    if state.state is InstanceState.UPDATING:
        return False
    if state.power != "deallocated" or state.state is InstanceState.DELETING:
        hint = "It has to be stopped for this, and not only powered off."
        raise refusal(region, instance_id, state, "restore", hint)
    plan = _plan(clients, machine, parts, token)
    if not all(one.done for one in plan):
        made = [_make(clients, machine, one, token) for one in plan]
        if all(made):
            _swap(clients, machine, plan)
        return False
    left = [_remove_replaced(clients, one.then) for one in plan]
    return all(left)


def _plan(
    clients: AzureClients, machine: Document, parts: Mapping[str, Document], token: str
) -> list[Replacement]:
    """Return what replaces what; raises InvalidRequest for a disk that came later."""
    group = machine["id"].split("/")[4]
    mark = sha256(token.encode()).hexdigest()[:8]
    now = disks_by_place(machine)
    plan = []
    for place, part in sorted(parts.items()):
        name = normal(f"{machine['name']}-{mark}-restored-{place}")
        then = ResourceId(clients.subscription_id, normal(group), KIND, name)
        one = Replacement(place, part, now.get(place), then)
        if one.now is not None and not one.done:
            _refuse_stranger(clients, machine, one)
        plan.append(one)
    return plan


def _refuse_stranger(clients: AzureClients, machine: Document, one: Replacement) -> None:
    if one.now == source_of(one.part, "/disks/"):
        return
    disk = _look(clients, one.now or "")
    if disk is not None and tags_of(disk).get(INSTANCE_TAG) == unique_id(machine):
        return  # an earlier restore put it there
    raise InvalidRequest(
        f"Could not restore instance {normal(machine['id'])}: disk {one.now} has come to place"
        f" {one.place} since the snapshot was taken.",
        hint="Detach that disk first: a restore would delete it.",
        provider="azure",
    )


def _make(clients: AzureClients, machine: Document, one: Replacement, token: str) -> bool:
    """Make the disk that is to be unless it is there; return whether it is ready."""
    made = _look(clients, str(one.then))
    if made is not None and str(made["properties"].get("provisioningState")) != "Failed":
        return unsettled(made) is None
    before = _look(clients, one.now) if one.now else None
    tags = {
        **(tags_of(before) if before else {}),
        TOKEN_TAG: to_tag(token),
        INSTANCE_TAG: unique_id(machine),
    }
    replaced = to_id(one.now) if one.now else None
    if replaced is not None:
        tags[REPLACES_TAG] = f"{replaced.group}/{replaced.name}"
    body: Document = {
        "location": machine["location"],
        "tags": tags,
        "properties": {
            "creationData": {"createOption": "Copy", "sourceResourceId": one.part["id"]}
        },
    }
    if machine.get("zones"):
        body["zones"] = machine["zones"]
    if before is not None and before.get("sku"):
        body["sku"] = {"name": before["sku"]["name"]}
    with azure_errors(f"make disk {one.then.name} from snapshot {one.part['name']}"):
        made = writing.put_disk(clients, one.then.group, one.then.name, body)
    return unsettled(made) is None


def _swap(clients: AzureClients, machine: Document, plan: list[Replacement]) -> None:
    """Ask for all the disks to change places at once."""
    storage = machine["properties"]["storageProfile"]
    new = {one.place: one.then for one in plan}
    data = {str(disk["lun"]): disk for disk in storage.get("dataDisks") or ()}
    for place in new:
        if place != BOOT:
            data.setdefault(place, {"lun": int(place), "deleteOption": "Detach"})
    body = {
        "osDisk": _placed(storage["osDisk"], new.get(BOOT)),
        "dataDisks": [
            {
                **_placed(disk, new.get(place)),
                **({"createOption": "Attach"} if place in new else {}),
            }
            for place, disk in data.items()
        ],
    }
    with azure_errors(f"swap the disks of instance {normal(machine['id'])}"):
        writing.change_storage(clients, machine, body)


def _placed(disk: Document, new: ResourceId | None) -> Document:
    if new is None:
        return disk
    kept = {key: value for key, value in disk.items() if key != "diskSizeGB"}
    return {**kept, "name": new.name, "managedDisk": {"id": str(new)}}


def _remove_replaced(clients: AzureClients, there: ResourceId) -> bool:
    """Ask for the end of the disk that another has replaced; return whether it is gone."""
    disk = _look(clients, str(there))
    group, _, name = tags_of(disk).get(REPLACES_TAG, "").partition("/") if disk else ("", "", "")
    if not name:
        return True
    replaced = _look(clients, str(ResourceId(clients.subscription_id, group, KIND, name)))
    if replaced is None or holders(replaced):
        return True
    if unsettled(replaced) is ResourceState.DELETING:
        return False
    try:
        with azure_errors(f"delete disk {name} in group {group}, which was replaced"):
            clients.compute.disks.begin_delete(group, name, polling=False)
    except NotFound:
        return True
    return False


def _look(clients: AzureClients, disk_id: str) -> Document | None:
    try:
        with azure_errors(f"read disk {disk_id}"):
            return clients.get(disk_id, versions.DISKS)
    except NotFound:
        return None
