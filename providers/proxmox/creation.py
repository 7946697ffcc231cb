"""Creating a machine exactly once.

Proxmox VE has no idempotency keys; what is unique in a cluster is a machine's number, and taking
one is atomic: of two requests for one number the second is refused. So the number is made from
the token. Whoever creates with a token asks for the same number, at whatever time and from
whatever process, and whoever is refused reads who has it:

- a machine whose notes hold the token: it was made before, and is carried on with;
- one whose notes are not there yet (the lock `create`): taken a moment ago. Nobody else comes to
  a number with nine digits that only this token gives;
- another machine: the token's next number is asked for.

`nextid` is not asked. It reserves nothing, so two processes with one token would get two numbers;
and it gives the number of a removed machine to the next one. It counts below 1,000,000: numbers
of SkyClust, from 100,000,000 on, are never given away by it, and a machine that is found by its
number is the one that was made with it. Copies that people make of a machine carry its notes,
token and all, to other numbers, where the token does not look for them.

The request carries the token in the notes, with `making` set. Every later step (size, network,
cloud-init, disks, start) may be done again, and the last one takes `making` away: a create that
broke off anywhere is carried on by the next one with the token. Changes carry the digest of the
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
from providers.proxmox.guest_configuration import from_file, make_ready, refuse_impossible
from providers.proxmox.guest_lists import get_listed, is_taken, refuse_hidden
from providers.proxmox.guest_lookup import ask_nodes, find_machine
from providers.proxmox.guests import Machine, Place, read_machine, refuse_offline
from providers.proxmox.instances import to_instance
from providers.proxmox.lookups import Source, choose_node, choose_storage, find_source
from providers.proxmox.notes import Mark, with_mark
from providers.proxmox.tasks import PATIENCE_SECONDS, complete, tries
from providers.proxmox.unique_id import is_proven, to_unique_id
from providers.proxmox.vmids import numbers
from skyclust.errors import Conflict, InvalidRequest, NotFound, SkyClustError, Terminal, Timeout
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxConnections

IDENTITY_SECONDS: Final = 20.0
"""How long a search waits for a machine whose number was just taken to be described."""

_BOOT_ONLY: Final[Mapping[str, object]] = {"scsi0": "made:from-a-file"}


def create_instance(connections: ProxmoxConnections, spec: InstanceSpec, token: str) -> Instance:
    """Make one machine, or go on with the one made with the token, and return it started.

    Waits for a minute at most. Raises Timeout when the copy of the disks takes longer: the task
    goes on, and a repeated call goes on from there.
    """
    doing = f"create machine {spec.name} in {spec.region}"
    refuse_impossible(spec, doing)
    mark = Mark(token=token, request=to_request(spec), name=spec.name, making=True)
    # Taking a number is atomic, so what is on a node that is offline need not be known.
    made = _made_with(connections, token, doing, strict=False)
    place = made.place if made is not None else _take(connections, spec, mark, doing)
    return _carried_on(connections, spec, mark, place)


def find_instances(connections: ProxmoxConnections, region: str, token: str) -> list[Instance]:
    """Return the machine made with a token, if it exists.

    Raises Conflict while its number is taken and its configuration is not written yet: what is
    found is changed by what proves it, and there is nothing of that before.
    """
    doing = f"look for the machine with token {token} in {region}"
    for _ in tries(IDENTITY_SECONDS):
        machine = _made_with(connections, token, doing, strict=True)
        if machine is None:
            return []
        if machine.lock != "create" or is_proven(to_unique_id(machine)):
            return [to_instance(region, machine)]
    raise Conflict(
        f"Could not {doing}: it has its number, and its disks are being made.",
        hint="Ask again.",
        provider="proxmox",
    )


def to_request(spec: InstanceSpec) -> str:
    """Return the digest of a request; a field that is left alone does not count in it."""
    return sha256(spec.model_dump_json(exclude_defaults=True).encode()).hexdigest()[:32]


def _made_with(
    connections: ProxmoxConnections, token: str, doing: str, *, strict: bool
) -> Machine | None:
    """Return the machine that a token has made, at the first of its numbers that has it.

    None once the nodes have confirmed that there is none: with `strict` all of them, else those
    that are online.
    """
    wanted = list(numbers(token))
    listed = {place.vmid: place for place in get_listed(connections, doing)}
    for vmid in wanted:
        if vmid in listed:
            refuse_offline(listed[vmid], doing)
            if machine := _of_token(connections, listed[vmid], token, doing):
                return machine
    nodes = ask_nodes(connections, doing)
    for vmid in wanted:
        place = nodes.places.get(vmid)
        if place is not None and (machine := _of_token(connections, place, token, doing)):
            return machine
    if strict:
        nodes.confirm_absence(doing)
    if wanted[0] not in nodes.places and is_taken(connections, wanted[0], doing):
        refuse_hidden(connections, wanted[0], doing)
    return None


def _of_token(
    connections: ProxmoxConnections, place: Place, token: str, doing: str
) -> Machine | None:
    if place.template:
        return None
    try:
        machine = read_machine(connections, place, doing)
    except NotFound:
        return None
    return machine if is_of(machine, token) else None


def is_of(machine: Machine, token: str) -> bool:
    """Return whether a machine was made with a token, or has just been begun to be."""
    if machine.mark.token is not None:
        return machine.mark.token == token
    return machine.lock == "create" and machine.vmid == next(numbers(token))


def _take(connections: ProxmoxConnections, spec: InstanceSpec, mark: Mark, doing: str) -> Place:
    """Take the token's first free number with a copy of the image; returns where it is."""
    source = find_source(connections, spec.image, spec.zone, doing)
    asked, path, node = _request(connections, spec, mark, source, doing)
    for vmid in numbers(mark.token or ""):
        number = "newid" if source.template else "vmid"
        place = Place(vmid, source.kind, node)
        try:
            upid = connections.post(path, doing, **asked, **{number: vmid})
        except Conflict as error:
            there = find_machine(connections, vmid, doing)
            if "exists" not in error.message or there is None:
                raise
            if is_of(there, mark.token or ""):
                return there.place
            continue
        complete(connections, upid, doing)
        return place
    raise InvalidRequest(
        f"Could not {doing}: other machines have all the numbers of this token.",
        hint="Use a new token.",
        provider="proxmox",
    )


def _request(
    connections: ProxmoxConnections, spec: InstanceSpec, mark: Mark, source: Source, doing: str
) -> tuple[dict[str, object], str, str]:
    """Return what to ask for but for the number, the path to ask at, and the machine's node."""
    node = choose_node(connections, spec, source, doing)
    begun = mark.model_copy(update={"image": source.id, "created_at": datetime.now(UTC)})
    wish = spec.boot_disk.type if spec.boot_disk else None
    name = "name" if source.kind == "qemu" else "hostname"
    if source.template is None:
        begun = begun.model_copy(update={"slots": _slots(spec, source.kind, _BOOT_ONLY)})
        storage = choose_storage(connections, node, source.kind, wish, doing)
        of_file = from_file(spec, source, storage)
        asked = {name: spec.name, "description": with_mark("", begun), **of_file}
        return asked, f"nodes/{node}/{source.kind}", node
    config = connections.get_object(f"{source.template.path}/config", doing)
    begun = begun.model_copy(update={"slots": _slots(spec, source.kind, config)})
    asked = {name: spec.name, "description": with_mark("", begun), "full": 1}
    if wish:
        asked["storage"] = wish
    if node != source.template.node:
        asked["target"] = node
    return asked, f"{source.template.path}/clone", node


def _slots(spec: InstanceSpec, kind: str, config: Mapping[str, object]) -> tuple[str, ...]:
    """Return the first free slots of an image for the data disks of a machine."""
    taken = {drive.slot for drive in drives(config)}
    slots = DATA_SLOTS if kind == "qemu" else MOUNT_SLOTS
    return tuple(slot for slot in slots if slot not in taken)[: len(spec.disks)]


def _carried_on(
    connections: ProxmoxConnections, spec: InstanceSpec, mark: Mark, place: Place
) -> Instance:
    """Do what is left to do for a machine, and return it."""
    doing = f"make machine {place.vmid} ({spec.name}) ready in {spec.region}"
    busy: Conflict | None = None
    for _ in tries(PATIENCE_SECONDS):
        machine = _read_again(connections, place, doing)
        if machine.mark.token is not None:
            _refuse_other(machine, mark, spec)
        if machine.lock in {"create", "clone"}:
            continue
        if machine.mark.token is None:
            raise _is_gone(doing)
        try:
            if machine.mark.making:
                machine = make_ready(connections, machine, spec, doing)
            return to_instance(spec.region, machine)
        except Conflict as error:
            busy = error
        except Terminal:
            made = InstanceReference(
                region=spec.region, id=str(place.vmid), unique_id=to_unique_id(machine)
            )
            with suppress(SkyClustError):
                delete_instance(connections, made)
            raise
    raise busy or Timeout(
        f"Could not {doing} within {PATIENCE_SECONDS:.0f} s: its disks are being copied.",
        hint="Ask again with the same token: it is carried on from where it is then.",
        provider="proxmox",
    )


def _read_again(connections: ProxmoxConnections, place: Place, doing: str) -> Machine:
    try:
        return read_machine(connections, place, doing)
    except NotFound as error:
        raise _is_gone(doing) from error


def _is_gone(doing: str) -> Conflict:
    return Conflict(
        f"Could not {doing}: it is gone, its making failed or somebody removed it.",
        hint="Ask again with the same token.",
        provider="proxmox",
    )


def _refuse_other(machine: Machine, mark: Mark, spec: InstanceSpec) -> None:
    if machine.mark.token != mark.token or machine.mark.request != mark.request:
        raise InvalidRequest(
            f"Could not create machine {spec.name}: the token was used for another request,"
            f" which made machine {machine.vmid}.",
            hint="Use a new token for a new request.",
            provider="proxmox",
        )
