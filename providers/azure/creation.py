"""Creating a VM exactly once, with the resources it needs and without leftovers.

Azure creates resources by name: the VM is put under its own name on condition that no VM has the
name (`If-None-Match: *`), and has the token in a tag. The interface and the public address are
put first, under names that follow from the token, so a repeated request refers to the same
resources, also from another process. If Azure refuses the VM for good, they are deleted before
the error is raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.azure import api_versions, network_resources, write_requests
from providers.azure.create_request import check_spec, fingerprint, to_request
from providers.azure.errors import azure_errors
from providers.azure.fields import required
from providers.azure.instances import (
    EXPANDED,
    VIRTUAL_MACHINES,
    read_addresses,
    state_of,
    to_instance,
)
from providers.azure.interfaces import NetworkIndex, by_id
from providers.azure.lookups import look_up
from providers.azure.resource_names import ResourceNames
from providers.azure.resources import tags_of
from providers.azure.tags import REQUEST_TAG, TOKEN_TAG, to_tag
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


def create_instance(clients: AzureClients, spec: InstanceSpec, token: str) -> Instance:
    """Create a VM, or return the VM that the same spec and token already created.

    Raises InvalidRequest for a name or a token that is in use for another request, Conflict if
    the create has to be repeated, and the error of Azure if it refuses the VM.
    """
    check_spec(spec)
    doing = f"create instance {spec.name} in {spec.region}"
    existing = _read_existing(clients, spec, doing)
    if existing is not None:
        return _require_same_request(clients, existing, spec, token)
    try:
        return put_vm(clients, spec, token, doing)
    except Terminal as error:
        if is_not_visible_yet(clients, spec, token, error):
            # A repeated create puts the missing resource again, where it is needed.
            raise Conflict(error.message, provider="azure", code=error.code) from error
        _clean_up(clients, spec, token, error)
        raise


def put_vm(clients: AzureClients, spec: InstanceSpec, token: str, doing: str) -> Instance:
    """Put a VM and its network resources.

    Returns the VM as accepted, or the VM that the token created in the meantime.
    """
    lookups = look_up(clients, spec, token)
    address = None
    if spec.public_address:
        address = network_resources.create_address(clients, spec, token)
    interface = network_resources.create_interface(clients, spec, token, lookups.subnet, address)
    body = to_request(spec, token, lookups, interface=required(interface, "id"))
    try:
        with azure_errors(doing):
            accepted = write_requests.put_new_vm(clients, clients.resource_group, spec.name, body)
    except (Conflict, InvalidRequest) as error:
        # A cloud that ignores the condition refuses to change the existing VM: each request has
        # another name for the OS disk.
        if isinstance(error, InvalidRequest) and error.code != "PropertyChangeNotAllowed":
            raise
        existing = _read_existing(clients, spec, doing)
        if existing is None:
            raise
        return _require_same_request(clients, existing, spec, token)
    network = NetworkIndex(by_id([interface]), by_id([address] if address else []))
    return to_instance(accepted, network)


def _read_existing(clients: AzureClients, spec: InstanceSpec, doing: str) -> Document | None:
    """Return the VM with the spec's name, if any; creates the resource group if it is missing."""
    existing = find_vm_by_name(clients, spec, doing)
    if isinstance(existing, NotFound):
        if existing.code.lower() == "resourcegroupnotfound":
            with azure_errors(f"create resource group {clients.resource_group}"):
                write_requests.put_resource_group(clients, clients.resource_group, spec.region)
        return None
    return existing


def find_vm_by_name(clients: AzureClients, spec: InstanceSpec, doing: str) -> Document | NotFound:
    """Return the VM with the spec's name in the credential's resource group.

    Returns the NotFound error if the VM or the resource group does not exist.
    """
    group = f"{clients.subscription}/resourceGroups/{clients.resource_group}"
    path = f"{group}{VIRTUAL_MACHINES}/{spec.name}"
    try:
        with azure_errors(doing):
            return clients.get(path, api_versions.COMPUTE, **EXPANDED)
    except NotFound as error:
        return error


def _require_same_request(
    clients: AzureClients, existing: Document, spec: InstanceSpec, token: str
) -> Instance:
    """Return the existing VM if this spec and token created it.

    Raises InvalidRequest if the token belongs to another spec, and the error for a name that is
    in use if another token created the VM.
    """
    tags = tags_of(existing)
    if tags.get(TOKEN_TAG) == to_tag(token):
        if tags.get(REQUEST_TAG) == fingerprint(spec):
            return read_addresses(clients, existing)
        raise InvalidRequest(
            f"Could not create {spec.name}: its token was used for another request.",
            hint="Use a new token for a new request.",
            provider="azure",
        )
    raise name_in_use_error(clients, spec, existing)


def name_in_use_error(
    clients: AzureClients, spec: InstanceSpec, existing: Document
) -> SkyClustError:
    """Return the error for a name that another VM of the resource group has."""
    message = f"Could not create {spec.name}: group {clients.resource_group} already has a VM of"
    if state_of(existing).state is InstanceState.DELETING:
        return Conflict(f"{message} that name, which is being deleted.", provider="azure")
    return InvalidRequest(
        f"{message} that name.",
        hint="Choose another name, or another resource group for the credential.",
        provider="azure",
    )


def _clean_up(clients: AzureClients, spec: InstanceSpec, token: str, error: Terminal) -> None:
    """Delete the network resources of a VM that Azure refused.

    Raises Conflict if they cannot be deleted yet, so that the caller repeats the create.
    """
    names = ResourceNames(spec.name, token)
    try:
        network_resources.delete_network_resources(clients, names)
    except Transient as failure:
        raise Conflict(
            f"{error.message} The resources created for it are not deleted yet: {failure.message}",
            hint=error.hint,
            provider="azure",
            code=error.code,
        ) from error
    except SkyClustError:
        created = f"{names.interface} or {names.address} in group {clients.resource_group}"
        error.hint = f"{error.hint} If {created} exists, delete it by hand.".strip()


def is_not_visible_yet(
    clients: AzureClients, spec: InstanceSpec, token: str, error: Terminal
) -> bool:
    """Return whether Azure reports a resource as missing that was created a moment ago.

    A resource that Resource Manager created in one location becomes visible in others a little
    later. The resource may also have been deleted by someone else since.
    """
    if not isinstance(error, NotFound) and error.code != "InvalidResourceReference":
        return False
    names = ResourceNames(spec.name, token)
    created = [names.interface, names.address]
    if error.code == "ResourceGroupNotFound":
        created.append(f"'{clients.resource_group}'")
    # "Could not create web-nic: Resource .../subnets/web referenced by resource .../web-nic was"
    message = error.message.partition(": ")[2].lower()
    missing = message.partition(" referenced by ")[0]
    return any(name.lower() in missing for name in created)
