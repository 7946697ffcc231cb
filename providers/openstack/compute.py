"""Starting, stopping, rebooting and deleting a server.

Nova refuses a change that the server's state does not allow with one status, 409. Whether to
try again depends on the state: Conflict while the server is on its way to another state,
InvalidRequest when it would have to be started or stopped first.
Source: https://docs.openstack.org/api-ref/compute/#servers-run-an-action-servers-action
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.fields import Json, required_text, text
from providers.openstack.floating_ips import remove_addresses
from providers.openstack.instances import get_same_server, get_server
from providers.openstack.states import to_native_state, to_state
from skyclust.errors import Conflict, InvalidRequest, NotFound, SkyClustError
from skyclust.model.instance import InstanceReference, InstanceState
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

TASK: Final = "OS-EXT-STS:task_state"
_PASSING: Final = frozenset({InstanceState.PENDING, InstanceState.STOPPING, InstanceState.UPDATING})

# States that we have no word for, and that end when somebody ends them only.
_LASTING: Final = frozenset({"RESCUE"})

# What brings a server back that does not run, by its status.
_STARTS: Final = {
    "SHUTOFF": "os-start",
    "PAUSED": "unpause",
    "SUSPENDED": "resume",
    "SHELVED": "unshelve",
    "SHELVED_OFFLOADED": "unshelve",
}


def start_instance(clients: OpenStackClients, instance: InstanceReference) -> None:
    """Ask for a start; one that is paused, suspended or shelved is brought back in its way."""
    region, server_id = instance.region, instance.id
    server = get_same_server(clients, instance)
    state = state_of(server)
    if state is InstanceState.RUNNING:
        return
    action = _STARTS.get(str(server["status"]))
    if action is None or state in _PASSING or state is InstanceState.DELETING:
        raise refusal(region, server, "start", InstanceState.STOPPED)
    with changing(clients, region, server_id, "start", InstanceState.STOPPED):
        act(clients, region, server_id, {action: None}, f"start instance {server_id} in {region}")


def stop_instance(clients: OpenStackClients, instance: InstanceReference) -> None:
    """Ask for a stop; a stopped server is left as it is."""
    region, server_id = instance.region, instance.id
    server = get_same_server(clients, instance)
    if state_of(server) in {InstanceState.STOPPED, InstanceState.STOPPING}:
        return
    if state_of(server) is not InstanceState.RUNNING:
        raise refusal(region, server, "stop", InstanceState.RUNNING)
    with changing(clients, region, server_id, "stop", InstanceState.RUNNING):
        act(clients, region, server_id, {"os-stop": None}, f"stop instance {server_id} in {region}")


def reboot_instance(clients: OpenStackClients, instance: InstanceReference) -> None:
    """Ask for a reboot of a running server: a soft one, which Nova makes hard if it must."""
    region, server_id = instance.region, instance.id
    server = get_same_server(clients, instance)
    if state_of(server) is not InstanceState.RUNNING:
        raise refusal(region, server, "reboot", InstanceState.RUNNING)
    with changing(clients, region, server_id, "reboot", InstanceState.RUNNING):
        act(
            clients,
            region,
            server_id,
            {"reboot": {"type": "SOFT"}},
            f"reboot instance {server_id} in {region}",
        )


def delete_instance(clients: OpenStackClients, instance: InstanceReference) -> None:
    """Ask for the end of a server, its volumes, and the address made for it.

    A server that is gone is no error. The address goes first: it carries the server's id, and
    nobody would look for it after the server. Nova deletes the volumes it made.
    """
    region, server_id = instance.region, instance.id
    doing = f"delete instance {server_id} in {region}"
    server = _still_there(clients, instance)
    if server is None:
        remove_addresses(clients, region, server_id)
        return
    require_same_instance(instance, str(server["id"]), provider="openstack")
    if server.get("locked"):
        raise InvalidRequest(
            f"Could not {doing}: it is locked.",
            hint="Unlock it first: openstack server unlock.",
            provider="openstack",
            code="locked",
        )
    remove_addresses(clients, region, server_id)
    if state_of(server) in {InstanceState.DELETING, InstanceState.DELETED}:
        return
    try:
        clients.call(region, "compute", "DELETE", f"/servers/{server_id}", doing=doing)
    except NotFound:
        return


def remove_leftovers(clients: OpenStackClients, instance: InstanceReference) -> None:
    """Delete the address that was made for a server that is gone; Nova deletes all else.

    Nothing is deleted while the server exists. The address carries the server's id, which Nova
    never gives again, and one that leads to another machine since is left to that.
    """
    if _still_there(clients, instance) is None:
        remove_addresses(clients, instance.region, instance.id)


def _still_there(clients: OpenStackClients, instance: InstanceReference) -> Json | None:
    try:
        return get_server(clients, instance.region, instance.id)
    except NotFound:
        return None


def act(clients: OpenStackClients, region: str, server_id: str, body: Json, doing: str) -> Any:
    """Ask for one action on a server, and return what Nova answers."""
    return clients.call(
        region, "compute", "POST", f"/servers/{server_id}/action", doing=doing, body=body
    )


def state_of(server: Json) -> InstanceState:
    """Return the state of a server as Nova shows it."""
    return to_state(required_text(server, "status"), text(server, TASK))


def refusal(region: str, server: Json, change: str, needed: InstanceState) -> SkyClustError:
    """Return the error for a change that needs another state than the server has."""
    state = state_of(server)
    native = to_native_state(str(server["status"]), server.get(TASK))
    said = f"Could not {change} instance {server['id']} in {region}: it is {native}"
    busy = bool(server.get(TASK)) and state is not InstanceState.DELETING
    passing = state in _PASSING and server["status"] not in _LASTING
    if busy or passing or state is needed:
        # A task of Nova is on it, taking an image for example; or it has the needed state now,
        # but had not when Nova looked.
        return Conflict(f"{said} just now.", provider="openstack", code="conflictingRequest")
    return InvalidRequest(
        f"{said}.",
        hint=f"An instance has to be {needed} for this.",
        provider="openstack",
        code="conflictingRequest",
    )


@contextmanager
def changing(
    clients: OpenStackClients, region: str, server_id: str, change: str, needed: InstanceState
) -> Iterator[None]:
    """Tell a refusal of Nova by the state that the server is in."""
    try:
        yield
    except Conflict as error:
        server = get_server(clients, region, server_id)
        if server.get("locked"):
            raise InvalidRequest(
                f"Could not {change} instance {server_id} in {region}: it is locked.",
                hint="Unlock it first: openstack server unlock.",
                provider="openstack",
                code="locked",
            ) from error
        raise refusal(region, server, change, needed) from error
