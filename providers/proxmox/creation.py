"""Creating a guest exactly once.

Proxmox VE has no idempotency keys. What is unique in a cluster is a VMID, and allocating a VMID is
atomic: of two requests with one VMID the second is refused. So the VMID is derived from the
token. Every call with a token requests the same VMID, at any time and from any process. When the
VMID is refused, the guest that has it is read:

- its notes hold the token: it was created earlier, and its creation is continued;
- its notes are not written yet (the lock `create`): it was allocated a moment ago. No other token
  gives this VMID of nine digits;
- it is another guest: the token's next VMID is requested.

`nextid` is not used. It reserves nothing, so two processes with one token would get two VMIDs, and
it returns the VMID of a deleted guest for the next one. It counts below 1,000,000: VMIDs of
SkyClust, from 100,000,000 on, are never returned by it, so the guest with a token's VMID is the
one that was created with the token. Clones that people make of a guest carry its notes with the
token to other VMIDs, where guests of the token are not searched.

The create request carries the token in the notes, with `incomplete` set. Every later step (size,
network, cloud-init, disks, start) may be repeated, and the last step clears `incomplete`: an
interrupted creation is continued by the next call with the token. Changes carry the digest of the
configuration that they are based on, so that two processes do not add a disk twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from providers.proxmox.deletion import delete_instance
from providers.proxmox.drives import DATA_SLOTS, MOUNT_SLOTS, drives
from providers.proxmox.guest_configuration import check_spec, from_file, make_ready
from providers.proxmox.guest_lists import get_cluster_list, is_taken, require_visible
from providers.proxmox.guest_lookup import find_guest, list_at_nodes
from providers.proxmox.guest_records import Guest, Location
from providers.proxmox.guests import read_guest, require_online
from providers.proxmox.instances import to_instance
from providers.proxmox.lookups import Source, choose_node, choose_storage, find_source
from providers.proxmox.notes import Metadata, with_metadata
from providers.proxmox.tasks import CALL_SECONDS, attempts, complete_task
from providers.proxmox.unique_id import is_proven, to_unique_id
from providers.proxmox.vmids import token_vmids
from skyclust.errors import Conflict, InvalidRequest, NotFound, SkyClustError, Terminal, Timeout
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

IDENTITY_SECONDS: Final = 20.0
"""How long a search waits for the configuration of a guest whose VMID was just allocated."""

_BOOT_ONLY: Final[Mapping[str, object]] = {"scsi0": "made:from-a-file"}
"""Stands for the configuration of a VM that is created from a file: only a boot disk."""


def create_instance(clients: ProxmoxClients, spec: InstanceSpec, token: str) -> Instance:
    """Create one guest, or continue its creation, and return it started.

    Waits for a minute at most. Raises Timeout when copying the disks takes longer: the task
    continues, and a repeated call continues the creation.
    """
    doing = f"create guest {spec.name} in {spec.region}"
    check_spec(spec, doing)
    metadata = Metadata(token=token, request=to_request(spec), name=spec.name, incomplete=True)
    # Allocating a VMID is atomic, so the guests of an offline node need not be known.
    guest = _find_by_token(clients, token, doing, strict=False)
    location = guest.location if guest is not None else _allocate(clients, spec, metadata, doing)
    return _continue(clients, spec, metadata, location)


def find_instances(clients: ProxmoxClients, region: str, token: str) -> list[Instance]:
    """Return the guest created with a token, if it exists.

    Raises Conflict while its VMID is allocated and its configuration is not written yet: the
    configuration has the proof of identity that every change of the guest needs.
    """
    doing = f"look for the guest with token {token} in {region}"
    for _ in attempts(IDENTITY_SECONDS):
        guest = _find_by_token(clients, token, doing, strict=True)
        if guest is None:
            return []
        if guest.lock != "create" or is_proven(to_unique_id(guest)):
            return [to_instance(region, guest)]
    raise Conflict(
        f"Could not {doing}: it has its VMID, and its disks are being created.",
        hint="Repeat the request.",
        provider="proxmox",
    )


def to_request(spec: InstanceSpec) -> str:
    """Return the digest of a spec, without the fields that have their default."""
    return sha256(spec.model_dump_json(exclude_defaults=True).encode()).hexdigest()[:32]


def _find_by_token(
    clients: ProxmoxClients, token: str, doing: str, *, strict: bool
) -> Guest | None:
    """Return the guest created with a token, searched at each VMID of the token in order.

    Returns None when the nodes confirm that it does not exist: with `strict` all of them, else
    those that are online.
    """
    vmids = list(token_vmids(token))
    listed = {location.vmid: location for location in get_cluster_list(clients, doing)}
    for vmid in vmids:
        if vmid in listed:
            require_online(listed[vmid], doing)
            if guest := _read_if_of_token(clients, listed[vmid], token, doing):
                return guest
    nodes = list_at_nodes(clients, doing)
    for vmid in vmids:
        location = nodes.locations.get(vmid)
        if location is not None and (guest := _read_if_of_token(clients, location, token, doing)):
            return guest
    if strict:
        nodes.confirm_absence(doing)
    if vmids[0] not in nodes.locations and is_taken(clients, vmids[0], doing):
        require_visible(clients, vmids[0], doing)
    return None


def _read_if_of_token(
    clients: ProxmoxClients, location: Location, token: str, doing: str
) -> Guest | None:
    if location.template:
        return None
    try:
        guest = read_guest(clients, location, doing)
    except NotFound:
        return None
    return guest if is_of(guest, token) else None


def is_of(guest: Guest, token: str) -> bool:
    """Return whether a guest was created with a token, or its creation has just begun."""
    if guest.metadata.token is not None:
        return guest.metadata.token == token
    return guest.lock == "create" and guest.vmid == next(token_vmids(token))


def _allocate(
    clients: ProxmoxClients, spec: InstanceSpec, metadata: Metadata, doing: str
) -> Location:
    """Create a guest with the token's first free VMID from the image; return its location."""
    source = find_source(clients, spec.image, spec.zone, doing)
    parameters, path, node = _create_request(clients, spec, metadata, source, doing)
    for vmid in token_vmids(metadata.token or ""):
        vmid_parameter = "newid" if source.template else "vmid"
        location = Location(vmid, source.kind, node)
        try:
            upid = clients.post(path, doing, **parameters, **{vmid_parameter: vmid})
        except Conflict as error:
            holder = find_guest(clients, vmid, doing)
            if "exists" not in error.message or holder is None:
                raise
            if is_of(holder, metadata.token or ""):
                return holder.location
            continue
        complete_task(clients, upid, doing)
        return location
    raise InvalidRequest(
        f"Could not {doing}: other guests have all the VMIDs of this token.",
        hint="Use a new token.",
        provider="proxmox",
    )


def _create_request(
    clients: ProxmoxClients, spec: InstanceSpec, metadata: Metadata, source: Source, doing: str
) -> tuple[dict[str, object], str, str]:
    """Return the parameters of the request without the VMID, its path, and the guest's node."""
    node = choose_node(clients, spec, source, doing)
    metadata = metadata.model_copy(update={"image": source.id, "created_at": datetime.now(UTC)})
    disk_storage = spec.boot_disk.type if spec.boot_disk else None
    name = "name" if source.kind == "qemu" else "hostname"
    if source.template is None:
        metadata = metadata.model_copy(update={"slots": _slots(spec, source.kind, _BOOT_ONLY)})
        storage = choose_storage(clients, node, source.kind, disk_storage, doing)
        configuration = from_file(spec, source, storage)
        parameters = {name: spec.name, "description": with_metadata("", metadata), **configuration}
        return parameters, f"nodes/{node}/{source.kind}", node
    config = clients.get_object(f"{source.template.path}/config", doing)
    metadata = metadata.model_copy(update={"slots": _slots(spec, source.kind, config)})
    parameters = {name: spec.name, "description": with_metadata("", metadata), "full": 1}
    if disk_storage:
        parameters["storage"] = disk_storage
    if node != source.template.node:
        parameters["target"] = node
    return parameters, f"{source.template.path}/clone", node


def _slots(spec: InstanceSpec, kind: str, config: Mapping[str, object]) -> tuple[str, ...]:
    """Return the free slots, in order, for the data disks of a guest."""
    taken = {drive.slot for drive in drives(config)}
    slots = DATA_SLOTS if kind == "qemu" else MOUNT_SLOTS
    return tuple(slot for slot in slots if slot not in taken)[: len(spec.disks)]


def _continue(
    clients: ProxmoxClients, spec: InstanceSpec, metadata: Metadata, location: Location
) -> Instance:
    """Do the remaining steps of a creation, and return the guest."""
    doing = f"configure guest {location.vmid} ({spec.name}) in {spec.region}"
    busy: Conflict | None = None
    for _ in attempts(CALL_SECONDS):
        guest = _read_again(clients, location, doing)
        if guest.metadata.token is not None:
            _check_same_request(guest, metadata, spec)
        if guest.lock in {"create", "clone"}:
            continue
        if guest.metadata.token is None:
            raise _gone(doing)
        try:
            if guest.metadata.incomplete:
                guest = make_ready(clients, guest, spec, doing)
            return to_instance(spec.region, guest)
        except Conflict as error:
            busy = error
        except Terminal:
            reference = InstanceReference(
                region=spec.region, id=str(location.vmid), unique_id=to_unique_id(guest)
            )
            with suppress(SkyClustError):
                delete_instance(clients, reference)
            raise
    raise busy or Timeout(
        f"Could not {doing} within {CALL_SECONDS:.0f} s: its disks are being copied.",
        hint="Repeat the request with the same token: it continues the creation.",
        provider="proxmox",
    )


def _read_again(clients: ProxmoxClients, location: Location, doing: str) -> Guest:
    try:
        return read_guest(clients, location, doing)
    except NotFound as error:
        raise _gone(doing) from error


def _gone(doing: str) -> Conflict:
    return Conflict(
        f"Could not {doing}: it is gone, its creation failed or somebody deleted it.",
        hint="Repeat the request with the same token.",
        provider="proxmox",
    )


def _check_same_request(guest: Guest, metadata: Metadata, spec: InstanceSpec) -> None:
    if guest.metadata.token != metadata.token or guest.metadata.request != metadata.request:
        raise InvalidRequest(
            f"Could not create guest {spec.name}: the token was used for another request,"
            f" which created guest {guest.vmid}.",
            hint="Use a new token for a new request.",
            provider="proxmox",
        )
