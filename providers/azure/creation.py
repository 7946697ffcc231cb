"""Creating a machine exactly once, with all that it needs and nothing left over.

Azure makes things by name: the machine is put under its own name on condition that there is
none (`If-None-Match: *`), and bears the token as a tag. Interface and address are put first,
under names that come from the token, so that a repeated request, by whatever process, comes
to the same ones. When the machine is refused for good, they are removed before that is told.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from providers.azure import api_versions, network_resources, write_requests
from providers.azure.errors import azure_errors
from providers.azure.fields import required
from providers.azure.instances import (
    MACHINES,
    REQUEST_TAG,
    TOKEN_TAG,
    described,
    state_of,
    to_instance,
)
from providers.azure.interfaces import Surroundings, by_id
from providers.azure.lookups import Place, key_of_nobody, look_up
from providers.azure.network_resources import Names
from providers.azure.resources import tags_of
from providers.azure.tags import refuse_tags, to_tag
from skyclust.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    SkyClustError,
    Terminal,
    Transient,
)
from skyclust.model.instance import Instance, InstanceSpec, InstanceState

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document

DEFAULT_USER: Final = "skyclust"

MOST_DATA_DISKS: Final = 64
"""The most that any size takes (https://learn.microsoft.com/en-us/azure/virtual-machines/sizes)."""


def create_instance(clients: AzureClients, spec: InstanceSpec, token: str) -> Instance:
    """Ask for one machine, or find the one that was made with the token, and return it."""
    refuse_impossible(spec)
    doing = f"create instance {spec.name} in {spec.region}"
    there = _existing(clients, spec, doing)
    if there is not None:
        return _ours(clients, there, spec, token)
    try:
        return put_machine(clients, spec, token, doing)
    except Terminal as error:
        if is_unseen(clients, spec, token, error):
            # What the create needs is made again, where it is needed, when it is repeated.
            raise Conflict(error.message, provider="azure", code=error.code) from error
        _clean_up(clients, spec, token, error)
        raise


def put_machine(clients: AzureClients, spec: InstanceSpec, token: str, doing: str) -> Instance:
    """Ask for one machine and what it needs; returns the one that the token has made meanwhile."""
    place = look_up(clients, spec, token)
    address = network_resources.make_address(clients, spec, token) if spec.public_address else None
    interface = network_resources.make_interface(clients, spec, token, place.subnet, address)
    body = to_request(spec, token, place, interface=required(interface, "id"))
    try:
        with azure_errors(doing):
            accepted = write_requests.put_new_machine(
                clients, clients.resource_group, spec.name, body
            )
    except (Conflict, InvalidRequest) as error:
        # A cloud that does not know the condition refuses to change the machine that is there:
        # each request has a name of its own for the boot disk.
        if isinstance(error, InvalidRequest) and error.code != "PropertyChangeNotAllowed":
            raise
        there = _existing(clients, spec, doing)
        if there is None:
            raise
        return _ours(clients, there, spec, token)
    around = Surroundings(by_id([interface]), by_id([address] if address else []))
    return to_instance(accepted, around)


def _existing(clients: AzureClients, spec: InstanceSpec, doing: str) -> Document | None:
    """Return the machine of the spec's name in our group; makes the group if there is none."""
    there = look_for_name(clients, spec, doing)
    if isinstance(there, NotFound):
        if there.code.lower() == "resourcegroupnotfound":
            with azure_errors(f"make resource group {clients.resource_group}"):
                write_requests.put_group(clients, clients.resource_group, spec.region)
        return None
    return there


def look_for_name(clients: AzureClients, spec: InstanceSpec, doing: str) -> Document | NotFound:
    """Return the machine of the spec's name in our group, or what is not found."""
    group = f"{clients.subscription}/resourceGroups/{clients.resource_group}"
    path = f"{group}{MACHINES}/{spec.name}"
    try:
        with azure_errors(doing):
            return clients.get(path, api_versions.COMPUTE, **{"$expand": "instanceView"})
    except NotFound as error:
        return error


def _ours(clients: AzureClients, there: Document, spec: InstanceSpec, token: str) -> Instance:
    """Return the machine that is there if this very request made it; raises else."""
    tags = tags_of(there)
    if tags.get(TOKEN_TAG) == to_tag(token):
        if tags.get(REQUEST_TAG) == fingerprint(spec):
            return described(clients, there)
        raise InvalidRequest(
            f"Could not create {spec.name}: its token was used for another request.",
            hint="Use a new token for a new request.",
            provider="azure",
        )
    raise name_is_taken(clients, spec, there)


def name_is_taken(clients: AzureClients, spec: InstanceSpec, there: Document) -> SkyClustError:
    """Return the error for a name that another machine of our group has."""
    said = f"Could not create {spec.name}: group {clients.resource_group} has a machine of that"
    if state_of(there).state is InstanceState.DELETING:
        return Conflict(f"{said} name, which is being deleted.", provider="azure")
    return InvalidRequest(
        f"{said} name.",
        hint="Choose another name, or another resource group for the credential.",
        provider="azure",
    )


def _clean_up(clients: AzureClients, spec: InstanceSpec, token: str, error: Terminal) -> None:
    """Remove what was made for a machine that is refused.

    Raises Conflict when that is not possible yet, so that the create is asked for again.
    """
    names = Names(spec.name, token)
    try:
        network_resources.remove(clients, names)
    except Transient as left:
        raise Conflict(
            f"{error.message} What was made for it is not removed yet: {left.message}",
            hint=error.hint,
            provider="azure",
            code=error.code,
        ) from error
    except SkyClustError:
        made = f"{names.interface} or {names.address} in group {clients.resource_group}"
        error.hint = f"{error.hint} If there is {made}, remove it by hand.".strip()


def is_unseen(clients: AzureClients, spec: InstanceSpec, token: str, error: Terminal) -> bool:
    """Return whether Azure misses what was made just now.

    Resource Manager shows in one place a little later what was made in another, and somebody
    may have removed it since.
    """
    if not isinstance(error, NotFound) and error.code != "InvalidResourceReference":
        return False
    names = Names(spec.name, token)
    ours = [names.interface, names.address]
    if error.code == "ResourceGroupNotFound":
        ours.append(f"'{clients.resource_group}'")
    # "Could not make web-nic: Resource .../subnets/web referenced by resource .../web-nic was ..."
    said = error.message.partition(": ")[2].lower()
    return any(one.lower() in said.partition(" referenced by ")[0] for one in ours)


def fingerprint(spec: InstanceSpec) -> str:
    """Return what two equal specs have in common, and two others not.

    Fields at their default are left out: what a later SkyClust adds changes nothing.
    """
    content = json.dumps(spec.model_dump(mode="json", exclude_defaults=True), sort_keys=True)
    return sha256(content.encode()).hexdigest()[:32]


def refuse_impossible(spec: InstanceSpec) -> None:
    """Raise InvalidRequest for what Azure cannot do, or would do in another way than asked."""
    doing = f"create instance {spec.name} in {spec.region}"
    refuse_tags(doing, spec.tags)
    problem = None
    if len(spec.disks) > MOST_DATA_DISKS:
        problem = f"at most {MOST_DATA_DISKS} data disks can be created with a machine"
    elif spec.name.isdigit() or spec.name.endswith((".", "-")):
        problem = "a machine's name is not a number"
    elif spec.private_address is not None and not _is_address(spec.private_address):
        problem = f"{spec.private_address} is not an address (10.0.0.5)"
    if problem is not None:
        raise InvalidRequest(f"Could not {doing}: {problem}.", provider="azure")


def _is_address(written: str) -> bool:
    try:
        ipaddress.ip_address(written)
    except ValueError:
        return False
    return True


def to_request(spec: InstanceSpec, token: str, place: Place, *, interface: str) -> Document:
    """Return the body of the request for a machine.

    Its boot diagnostics lie in storage that Azure manages, so that there is a console log.
    Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/create-or-update
    """
    nic: dict[str, Any] = {"primary": True, "deleteOption": "Delete"}
    body: Document = {
        "location": spec.region,
        "tags": {**spec.tags, TOKEN_TAG: to_tag(token), REQUEST_TAG: fingerprint(spec)},
        "properties": {
            "hardwareProfile": {"vmSize": spec.type},
            "storageProfile": {
                "imageReference": place.image,
                "osDisk": _boot_disk(spec, token),
                "dataDisks": _data_disks(spec, token),
            },
            "osProfile": _system(spec, place.keys or [key_of_nobody()]),
            "networkProfile": {"networkInterfaces": [{"id": interface, "properties": nic}]},
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
        },
    }
    if spec.zone is not None:
        body["zones"] = [spec.zone]
    return body


def _system(spec: InstanceSpec, keys: list[str]) -> Document:
    user = spec.user or DEFAULT_USER
    path = f"/home/{user}/.ssh/authorized_keys"
    system: Document = {
        # Of a host's name Azure takes letters, digits and dashes.
        "computerName": re.sub(r"[^A-Za-z0-9-]", "-", spec.name),
        "adminUsername": user,
        "linuxConfiguration": {
            "disablePasswordAuthentication": True,
            "ssh": {"publicKeys": [{"path": path, "keyData": key} for key in keys]},
        },
    }
    if spec.user_data is not None:
        system["customData"] = base64.b64encode(spec.user_data.encode()).decode()
    return system


def _boot_disk(spec: InstanceSpec, token: str) -> Document:
    disk: Document = {
        "name": Names(spec.name, token).boot_disk,
        "createOption": "FromImage",
        "caching": "ReadWrite",
        "deleteOption": "Delete",
    }
    if spec.boot_disk is not None:
        disk["diskSizeGB"] = spec.boot_disk.size_gib
        if spec.boot_disk.type is not None:
            disk["managedDisk"] = {"storageAccountType": spec.boot_disk.type}
    return disk


def _data_disks(spec: InstanceSpec, token: str) -> list[Document]:
    disks: list[Document] = []
    for lun, asked in enumerate(spec.disks):
        disk: Document = {
            "lun": lun,
            "name": Names(spec.name, token).data_disk(lun),
            "createOption": "Empty",
            "diskSizeGB": asked.size_gib,
            "deleteOption": "Delete",
        }
        if asked.type is not None:
            disk["managedDisk"] = {"storageAccountType": asked.type}
        disks.append(disk)
    return disks
