"""Putting a machine's disks back to a snapshot, step by step and repeatable by anybody.

New disks are made from the snapshot's parts, under names that come from the token. Azure changes
the boot disk of a machine in its place, but no data disk ("Changing property
'dataDisk.managedDisk.id' is not allowed"): those that are replaced are detached with the first
change of the machine, and the new ones attached with a second. Then the replaced disks are
deleted. What replaces what stands at the new disks as a mark until then.
Source: https://learn.microsoft.com/en-us/azure/virtual-machines/linux/os-disk-swap
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.azure import writing
from providers.azure.changes import refusal
from providers.azure.disks import KIND, source_of
from providers.azure.errors import azure_errors
from providers.azure.ids import ResourceId, normal, reference, to_id
from providers.azure.instances import (
    REQUEST_TAG,
    TOKEN_TAG,
    read_machine,
    state_of,
    tags_of,
    unique_id,
)
from providers.azure.leftovers import REPLACES_TAG, Mark, look, remove_replaced
from providers.azure.machine_snapshots import BOOT, disks_by_place, usable_parts
from providers.azure.provisioning import unsettled
from providers.azure.tags import INSTANCE_TAG, to_tag
from skyclust.errors import InvalidRequest
from skyclust.model.instance import Instance, InstanceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

_LONGEST_OF_MACHINE: Final = 55
"""Characters of a machine's name that are in a disk's, which has 80 at most."""

# Who may read a disk, and by whose key, is not kept in its snapshot.
_KEPT: Final = ("networkAccessPolicy", "diskAccessId", "publicNetworkAccess")
_KEPT_BY_SKU: Final = {
    "PremiumV2_LRS": ("diskIOPSReadWrite", "diskMBpsReadWrite"),
    "UltraSSD_LRS": ("diskIOPSReadWrite", "diskMBpsReadWrite"),
}
"""Disks whose speed is set, and does not follow from their size."""


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
        if all(unsettled(disk) is None for disk in made):
            _exchange(clients, machine, plan, made)
        return False
    ended = [_end(clients, one.then) for one in plan]
    return all(ended)


def _plan(
    clients: AzureClients, machine: Document, parts: Mapping[str, Document], token: str
) -> list[Replacement]:
    """Return what replaces what; raises InvalidRequest for a disk that came later."""
    group = machine["id"].split("/")[4]
    mark = sha256(token.encode()).hexdigest()[:8]
    stem = machine["name"][:_LONGEST_OF_MACHINE]
    now = disks_by_place(machine)
    plan = []
    for place, part in sorted(parts.items()):
        name = normal(f"{stem}-{mark}-restored-{place}")
        then = ResourceId(clients.subscription_id, normal(group), KIND, name)
        one = Replacement(place, part, now.get(place), then)
        if one.now is not None and not one.done:
            _refuse_stranger(clients, machine, one)
        plan.append(one)
    return plan


def _refuse_stranger(clients: AzureClients, machine: Document, one: Replacement) -> None:
    if one.now == source_of(one.part, "/disks/"):
        return
    disk = look(clients, one.now or "")
    if disk is not None and tags_of(disk).get(INSTANCE_TAG) == unique_id(machine):
        return  # an earlier restore put it there
    raise InvalidRequest(
        f"Could not restore instance {normal(machine['id'])}: disk {one.now} has come to place"
        f" {one.place} since the snapshot was taken.",
        hint="Detach that disk first: a restore would delete it.",
        provider="azure",
    )


def _make(clients: AzureClients, machine: Document, one: Replacement, token: str) -> Document:
    """Return the disk that is to be, made unless it is there; it may not be ready yet."""
    made = look(clients, str(one.then))
    if made is not None and str(made["properties"].get("provisioningState")) != "Failed":
        return made
    before = look(clients, one.now) if one.now else None
    tags = {
        **_inherited(made or before),
        TOKEN_TAG: to_tag(token),
        INSTANCE_TAG: unique_id(machine),
    }
    tags.setdefault(REPLACES_TAG, str(_mark(machine, one)))
    body = to_request(machine, one.part["id"], before, tags)
    with azure_errors(f"make disk {one.then.name} from snapshot {one.part['name']}"):
        return writing.put_disk(clients, one.then.group, one.then.name, body)


def _inherited(disk: Document | None) -> dict[str, str]:
    """Return the tags of a disk that the one in its place has too; Azure takes 50 in all."""
    tags = tags_of(disk) if disk else {}
    return {name: value for name, value in tags.items() if name != REQUEST_TAG}


def _mark(machine: Document, one: Replacement) -> Mark:
    storage = machine["properties"]["storageProfile"]
    attached = [storage["osDisk"], *(storage.get("dataDisks") or ())]
    now = next((part for part in attached if reference(part.get("managedDisk")) == one.now), None)
    there = to_id(one.now) if one.now else None
    if now is None or there is None:
        return Mark()
    return Mark(
        there.group,
        there.name,
        str(now.get("deleteOption") or Mark.delete_option),
        str(now.get("caching") or Mark.caching),
    )


def to_request(
    machine: Document, part: str, before: Document | None, tags: Mapping[str, str]
) -> Document:
    """Return the body of the request for a disk from a part of a snapshot.

    It is of the same type as the disk before, and no more open than that was.
    """
    properties: Document = {"creationData": {"createOption": "Copy", "sourceResourceId": part}}
    body: Document = {
        "location": machine["location"],
        "tags": dict(tags),
        "properties": properties,
    }
    if machine.get("zones"):
        body["zones"] = machine["zones"]
    if before is None:
        return body
    told = before["properties"]
    sku = str((before.get("sku") or {}).get("name") or "")
    if sku:
        body["sku"] = {"name": sku}
    kept = (*_KEPT, *_KEPT_BY_SKU.get(sku, ()))
    properties |= {name: told[name] for name in kept if told.get(name) is not None}
    if (told.get("encryption") or {}).get("diskEncryptionSetId"):
        properties["encryption"] = told["encryption"]
    return body


def _exchange(
    clients: AzureClients, machine: Document, plan: list[Replacement], made: list[Document]
) -> None:
    """Ask for the boot disk's exchange and the end of the old data disks, or for the new ones."""
    storage = machine["properties"]["storageProfile"]
    data = list(storage.get("dataDisks") or ())
    leaving = {one.now for one in plan if one.place != BOOT and not one.done and one.now}
    if leaving:
        kept = [part for part in data if reference(part.get("managedDisk")) not in leaving]
    else:
        coming = zip(plan, made, strict=True)
        new = [_attached(one, disk) for one, disk in coming if one.place != BOOT and not one.done]
        kept = [*data, *new]
    body: Document = {"dataDisks": kept}
    boot = next((one for one in plan if one.place == BOOT and not one.done), None)
    if boot is not None:
        body["osDisk"] = _swapped(storage["osDisk"], boot.then)
    with azure_errors(f"exchange the disks of instance {normal(machine['id'])}"):
        writing.change_storage(clients, machine, body)


def _attached(one: Replacement, disk: Document) -> Document:
    mark = Mark.of(disk) or Mark()
    return {
        "lun": int(one.place),
        "name": disk["name"],
        "createOption": "Attach",
        "deleteOption": mark.delete_option,
        "caching": mark.caching,
        "managedDisk": {"id": disk["id"]},
    }


def _swapped(disk: Document, new: ResourceId) -> Document:
    kept = {key: value for key, value in disk.items() if key != "diskSizeGB"}
    return {**kept, "name": new.name, "managedDisk": {"id": str(new)}}


def _end(clients: AzureClients, there: ResourceId) -> bool:
    """Delete the disk that another has replaced, then the mark; return whether both are gone."""
    disk = look(clients, str(there))
    mark = Mark.of(disk) if disk else None
    if mark is None:
        return True
    if remove_replaced(clients, mark):
        with azure_errors(f"end the restore of disk {there.name}"):
            writing.remove_tag(clients, str(there), REPLACES_TAG, str(mark))
    return False
