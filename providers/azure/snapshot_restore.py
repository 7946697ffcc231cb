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
from typing import TYPE_CHECKING, Any, Final

from providers.azure import write_requests
from providers.azure.compute import refusal
from providers.azure.disks import KIND, source_of
from providers.azure.disks import unique_id as unique_id_of_disk
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, required, text, texts
from providers.azure.ids import ResourceId, group_of, normal, reference, to_id
from providers.azure.instance_snapshots import BOOT, disks_by_place, usable_parts
from providers.azure.instances import (
    REQUEST_TAG,
    TOKEN_TAG,
    boot_disk,
    data_disks,
    disks_to_change,
    read_same,
    state_of,
    unique_id,
)
from providers.azure.provisioning import is_ready, unsettled
from providers.azure.replaced_disks import REPLACES_TAG, Mark, look, remove_replaced
from providers.azure.resources import id_of, name_of, tags_of
from providers.azure.tags import INSTANCE_TAG, to_tag
from skyclust.errors import InvalidRequest
from skyclust.model.instance import Instance, InstanceReference, InstanceState
from skyclust.model.resource import ResourceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

_LONGEST_OF_MACHINE: Final = 55
"""Characters of a machine's name that are in a disk's, which has 80 at most."""

_NOT_RESTORED: Final = frozenset({InstanceState.DELETING, InstanceState.SUSPENDED})

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
    hibernated = instance.state is InstanceState.SUSPENDED
    return hibernated or instance.attributes.get("billed") is not False


def restore_snapshot(
    clients: AzureClients, instance: InstanceReference, snapshot_id: str, token: str
) -> bool:
    """Bring the machine's disks nearer to the snapshot; return whether they are there."""
    machine = read_same(clients, instance)
    parts = usable_parts(clients, machine, instance.region, snapshot_id)
    state = state_of(machine)
    if state.state is InstanceState.UPDATING:
        return False
    if state.power != "deallocated" or state.state in _NOT_RESTORED:
        hint = "It has to be stopped for this, and not only powered off or hibernated."
        raise refusal(instance, state, "restore", hint)
    plan = _plan(clients, machine, parts, token)
    if not all(one.done for one in plan):
        made = [_make(clients, machine, one, token) for one in plan]
        if all(map(is_ready, made)):
            _exchange(clients, machine, plan, made)
        return False
    ended = [_end(clients, one.then) for one in plan]
    return all(ended)


def _plan(
    clients: AzureClients, machine: Document, parts: Mapping[str, Document], token: str
) -> list[Replacement]:
    """Return what replaces what; raises InvalidRequest for a disk that came later."""
    group = group_of(id_of(machine))
    mark = sha256(token.encode()).hexdigest()[:8]
    stem = name_of(machine)[:_LONGEST_OF_MACHINE]
    now = disks_by_place(machine)
    plan = []
    for place, part in sorted(parts.items()):
        name = normal(f"{stem}-{mark}-restored-{place}")
        then = ResourceId(clients.subscription_id, group, KIND, name)
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
        f"Could not restore instance {id_of(machine)}: disk {one.now} has come to place"
        f" {one.place} since the snapshot was taken.",
        hint="Detach that disk first: a restore would delete it.",
        provider="azure",
    )


def _make(clients: AzureClients, machine: Document, one: Replacement, token: str) -> Document:
    """Return the disk that is to be, made unless it is there; it may not be ready yet."""
    made = look(clients, str(one.then))
    ours = {TOKEN_TAG: to_tag(token), INSTANCE_TAG: unique_id(machine)}
    if made is not None and not ours.items() <= tags_of(made).items():
        raise InvalidRequest(
            f"Could not restore instance {id_of(machine)}: somebody else's disk is called"
            f" {one.then.name}.",
            hint="Rename or delete that disk, or restore again: each restore has names of its own.",
            provider="azure",
        )
    if made is not None and unsettled(made) is not ResourceState.ERROR:
        return made
    before = look(clients, one.now) if one.now else None
    tags = {**_inherited(made or before), **ours}
    tags.setdefault(REPLACES_TAG, str(_mark(machine, one, before)))
    body = to_request(machine, required(one.part, "id"), before, tags)
    with azure_errors(f"make disk {one.then.name} from snapshot {name_of(one.part)}"):
        return write_requests.put_disk(clients, one.then.group, one.then.name, body)


def _inherited(disk: Document | None) -> dict[str, str]:
    """Return the tags of a disk that the one in its place has too; Azure takes 50 in all."""
    tags = tags_of(disk) if disk else {}
    return {name: value for name, value in tags.items() if name != REQUEST_TAG}


def _mark(machine: Document, one: Replacement, before: Document | None) -> Mark:
    attached = [boot_disk(machine), *data_disks(machine)]
    now = next((part for part in attached if reference(part, "managedDisk") == one.now), None)
    there = to_id(one.now) if one.now else None
    if now is None or there is None or before is None:
        return Mark()
    return Mark(
        there.group,
        there.name,
        text(now, "deleteOption") or Mark.delete_option,
        text(now, "caching") or Mark.caching,
        unique_id_of_disk(before) or Mark.unique_id,
    )


def to_request(
    machine: Document, part: str, before: Document | None, tags: Mapping[str, str]
) -> Document:
    """Return the body of the request for a disk from a part of a snapshot.

    It is of the same type as the disk before, and no more open than that was.
    """
    properties: Document = {"creationData": {"createOption": "Copy", "sourceResourceId": part}}
    body: Document = {
        "location": required(machine, "location"),
        "tags": dict(tags),
        "properties": properties,
    }
    if zones := texts(machine, "zones"):
        body["zones"] = zones
    if before is None:
        return body
    told = inner(before, "properties")
    sku = text(inner(before, "sku"), "name")
    if sku is not None:
        body["sku"] = {"name": sku}
    kept = (*_KEPT, *_KEPT_BY_SKU.get(sku or "", ()))
    properties |= {name: told[name] for name in kept if told.get(name) is not None}
    if text(inner(told, "encryption"), "diskEncryptionSetId"):
        properties["encryption"] = told["encryption"]
    return body


def _exchange(
    clients: AzureClients, machine: Document, plan: list[Replacement], made: list[Document]
) -> None:
    """Ask for the boot disk's exchange and the end of the old data disks, or for the new ones."""
    data = disks_to_change(machine)
    leaving = {one.now for one in plan if one.place != BOOT and not one.done and one.now}
    if leaving:
        kept = [part for part in data if reference(part, "managedDisk") not in leaving]
    else:
        coming = zip(plan, made, strict=True)
        new = [_attached(one, disk) for one, disk in coming if one.place != BOOT and not one.done]
        kept = [*data, *new]
    body: Document = {"dataDisks": kept}
    boot = next((one for one in plan if one.place == BOOT and not one.done), None)
    if boot is not None:
        body["osDisk"] = _swapped(boot_disk(machine), boot.then)
    with azure_errors(f"exchange the disks of instance {id_of(machine)}"):
        write_requests.change_storage(clients, machine, body)


def _attached(one: Replacement, disk: Document) -> Document:
    mark = Mark.of(disk) or Mark()
    return {
        "lun": int(one.place),
        "name": name_of(disk),
        "createOption": "Attach",
        "deleteOption": mark.delete_option,
        "caching": mark.caching,
        "managedDisk": {"id": required(disk, "id")},
    }


def _swapped(disk: Mapping[str, Any], new: ResourceId) -> Document:
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
            write_requests.remove_tag(clients, str(there), REPLACES_TAG, str(mark))
    return False
