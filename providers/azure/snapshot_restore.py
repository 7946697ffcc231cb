"""Restoring the disks of a VM from an instance snapshot, in steps that any process can repeat.

New disks are created from the parts of the snapshot, under names that follow from the token.
Azure replaces the OS disk of a VM in place, but no data disk ("Changing property
'dataDisk.managedDisk.id' is not allowed"): a first update of the VM detaches the data disks to
be replaced, a second attaches the new ones. Then the replaced disks are deleted. Until that is
done, a tag of each new disk names the disk that it replaces.
Source: https://learn.microsoft.com/en-us/azure/virtual-machines/linux/os-disk-swap
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from providers.azure import write_requests
from providers.azure.disks import KIND, source_of, unique_disk_id
from providers.azure.errors import azure_errors
from providers.azure.fields import inner, required, text, texts
from providers.azure.ids import ResourceId, group_of, normal, reference, to_id
from providers.azure.instances import (
    data_disks,
    data_disks_for_update,
    os_disk,
    state_of,
    unique_id,
)
from providers.azure.provisioning import is_ready, unsettled_state
from providers.azure.replaced_disks import (
    REPLACES_TAG,
    ReplacedDisk,
    delete_replaced_disk,
    find_disk,
)
from providers.azure.resources import id_of, name_of, tags_of
from providers.azure.snapshot_parts import OS_SLOT, disks_by_slot, usable_parts
from providers.azure.state_errors import state_error
from providers.azure.tags import INSTANCE_TAG, REQUEST_TAG, TOKEN_TAG, to_tag
from skyclust.errors import InvalidRequest
from skyclust.model.instance import InstanceReference, InstanceState
from skyclust.model.resource import ResourceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

_MAX_VM_NAME: Final = 55
"""Characters of a VM's name that become part of a disk's name, which has at most 80."""

_NOT_RESTORABLE: Final = frozenset({InstanceState.DELETING, InstanceState.SUSPENDED})

# Network access to a disk and its encryption key are not stored in a snapshot.
_COPIED: Final = ("networkAccessPolicy", "diskAccessId", "publicNetworkAccess")
_COPIED_BY_SKU: Final = {
    "PremiumV2_LRS": ("diskIOPSReadWrite", "diskMBpsReadWrite"),
    "UltraSSD_LRS": ("diskIOPSReadWrite", "diskMBpsReadWrite"),
}
"""SKUs of disks whose performance is configured and does not follow from their size."""


@dataclass(frozen=True)
class Replacement:
    """A slot of the VM: the part of the snapshot, the present disk and the new disk."""

    slot: str
    part: Document
    present: str | None
    new: ResourceId

    @property
    def done(self) -> bool:
        """Return whether the new disk is in the slot."""
        return self.present == str(self.new)


def continue_restore(
    clients: AzureClients, instance: InstanceReference, vm: Document, snapshot_id: str, token: str
) -> bool:
    """Do the next step of a restore of a VM; return whether the restore is complete.

    Raises NotFound for an unknown snapshot, InvalidRequest for a VM that is not deallocated and
    for a disk that was not part of the VM when the snapshot was taken.
    """
    parts = usable_parts(clients, vm, instance.region, snapshot_id)
    state = state_of(vm)
    if state.state is InstanceState.UPDATING:
        return False
    if state.power != "deallocated" or state.state in _NOT_RESTORABLE:
        hint = "It has to be stopped for this, and not only powered off or hibernated."
        raise state_error(instance, state, "restore", hint)
    plan = _plan(clients, vm, parts, token)
    if not all(replacement.done for replacement in plan):
        disks = [_create_disk(clients, vm, replacement, token) for replacement in plan]
        if all(map(is_ready, disks)):
            _swap_disks(clients, vm, plan, disks)
        return False
    finished = [_finish(clients, replacement.new) for replacement in plan]
    return all(finished)


def _plan(
    clients: AzureClients, vm: Document, parts: Mapping[str, Document], token: str
) -> list[Replacement]:
    """Return the replacements; raises InvalidRequest for a disk newer than the snapshot."""
    group = group_of(id_of(vm))
    suffix = sha256(token.encode()).hexdigest()[:8]
    prefix = name_of(vm)[:_MAX_VM_NAME]
    present = disks_by_slot(vm)
    plan = []
    for slot, part in sorted(parts.items()):
        name = normal(f"{prefix}-{suffix}-restored-{slot}")
        new = ResourceId(clients.subscription_id, group, KIND, name)
        replacement = Replacement(slot, part, present.get(slot), new)
        if replacement.present is not None and not replacement.done:
            _require_known_disk(clients, vm, replacement)
        plan.append(replacement)
    return plan


def _require_known_disk(clients: AzureClients, vm: Document, replacement: Replacement) -> None:
    """Raise InvalidRequest unless the present disk is the source of the part, or restored."""
    if replacement.present == source_of(replacement.part, "/disks/"):
        return
    disk = find_disk(clients, replacement.present or "")
    if disk is not None and tags_of(disk).get(INSTANCE_TAG) == unique_id(vm):
        return  # an earlier restore attached it
    raise InvalidRequest(
        f"Could not restore instance {id_of(vm)}: disk {replacement.present} was attached in"
        f" slot {replacement.slot} after the snapshot was taken.",
        hint="Detach that disk first: a restore would delete it.",
        provider="azure",
    )


def _create_disk(
    clients: AzureClients, vm: Document, replacement: Replacement, token: str
) -> Document:
    """Return the new disk, created unless it exists; it may not be ready yet."""
    new = replacement.new
    disk = find_disk(clients, str(new))
    own_tags = {TOKEN_TAG: to_tag(token), INSTANCE_TAG: unique_id(vm)}
    if disk is not None and not own_tags.items() <= tags_of(disk).items():
        raise InvalidRequest(
            f"Could not restore instance {id_of(vm)}: a disk that this restore did not create is"
            f" called {new.name}.",
            hint="Rename or delete that disk, or restore again: each restore has names of its own.",
            provider="azure",
        )
    if disk is not None and unsettled_state(disk) is not ResourceState.ERROR:
        return disk
    present = find_disk(clients, replacement.present) if replacement.present else None
    tags = {**_copied_tags(disk or present), **own_tags}
    tags.setdefault(REPLACES_TAG, str(_replaced_disk(vm, replacement, present)))
    body = to_request(vm, required(replacement.part, "id"), present, tags)
    with azure_errors(f"create disk {new.name} from snapshot {name_of(replacement.part)}"):
        return write_requests.put_disk(clients, new.group, new.name, body)


def _copied_tags(disk: Document | None) -> dict[str, str]:
    """Return the tags that a new disk takes over; Azure accepts 50 in all."""
    tags = tags_of(disk) if disk else {}
    return {name: value for name, value in tags.items() if name != REQUEST_TAG}


def _replaced_disk(
    vm: Document, replacement: Replacement, present: Document | None
) -> ReplacedDisk:
    entries = [os_disk(vm), *data_disks(vm)]
    entry = next(
        (each for each in entries if reference(each, "managedDisk") == replacement.present), None
    )
    resource_id = to_id(replacement.present) if replacement.present else None
    if entry is None or resource_id is None or present is None:
        return ReplacedDisk()
    return ReplacedDisk(
        resource_id.group,
        resource_id.name,
        text(entry, "deleteOption") or ReplacedDisk.delete_option,
        text(entry, "caching") or ReplacedDisk.caching,
        unique_disk_id(present) or ReplacedDisk.unique_id,
    )


def to_request(
    vm: Document, part: str, present: Document | None, tags: Mapping[str, str]
) -> Document:
    """Return the body of the request for a disk from the part of a snapshot with this id.

    The disk has the type, encryption and network access of the present disk.
    """
    properties: Document = {"creationData": {"createOption": "Copy", "sourceResourceId": part}}
    body: Document = {
        "location": required(vm, "location"),
        "tags": dict(tags),
        "properties": properties,
    }
    if zones := texts(vm, "zones"):
        body["zones"] = zones
    if present is None:
        return body
    configured = inner(present, "properties")
    sku = text(inner(present, "sku"), "name")
    if sku is not None:
        body["sku"] = {"name": sku}
    copied = (*_COPIED, *_COPIED_BY_SKU.get(sku or "", ()))
    properties |= {name: configured[name] for name in copied if configured.get(name) is not None}
    if text(inner(configured, "encryption"), "diskEncryptionSetId"):
        properties["encryption"] = configured["encryption"]
    return body


def _swap_disks(
    clients: AzureClients, vm: Document, plan: list[Replacement], disks: list[Document]
) -> None:
    """Update the VM: swap the OS disk, and detach the old data disks or attach the new ones."""
    attached = data_disks_for_update(vm)
    pending = [replacement for replacement in plan if not replacement.done]
    old = {each.present for each in pending if each.slot != OS_SLOT and each.present}
    if old:
        entries = [disk for disk in attached if reference(disk, "managedDisk") not in old]
    else:
        added = [
            _data_disk_entry(replacement, disk)
            for replacement, disk in zip(plan, disks, strict=True)
            if replacement.slot != OS_SLOT and not replacement.done
        ]
        entries = [*attached, *added]
    storage: Document = {"dataDisks": entries}
    boot = next((each for each in pending if each.slot == OS_SLOT), None)
    if boot is not None:
        storage["osDisk"] = _os_disk_entry(os_disk(vm), boot.new)
    with azure_errors(f"exchange the disks of instance {id_of(vm)}"):
        write_requests.update_storage(clients, vm, storage)


def _data_disk_entry(replacement: Replacement, disk: Document) -> Document:
    replaced = ReplacedDisk.from_tags(disk) or ReplacedDisk()
    return {
        "lun": int(replacement.slot),
        "name": name_of(disk),
        "createOption": "Attach",
        "deleteOption": replaced.delete_option,
        "caching": replaced.caching,
        "managedDisk": {"id": required(disk, "id")},
    }


def _os_disk_entry(present: Mapping[str, Any], new: ResourceId) -> Document:
    kept = {key: value for key, value in present.items() if key != "diskSizeGB"}
    return {**kept, "name": new.name, "managedDisk": {"id": str(new)}}


def _finish(clients: AzureClients, new: ResourceId) -> bool:
    """Delete the disk that a new disk replaced, then the tag; return whether both are gone."""
    disk = find_disk(clients, str(new))
    replaced = ReplacedDisk.from_tags(disk) if disk else None
    if replaced is None:
        return True
    if delete_replaced_disk(clients, replaced):
        with azure_errors(f"complete the restore of disk {new.name}"):
            write_requests.delete_tags(clients, str(new), {REPLACES_TAG: str(replaced)})
    return False
