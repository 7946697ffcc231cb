"""The error for a change that the state of a server does not allow.

Nova refuses such a change with one status, 409. Whether a retry makes sense depends on the state:
Conflict while the server is in transition to another state, InvalidRequest when it must be started
or stopped first.
Source: https://docs.openstack.org/api-ref/compute/#servers-run-an-action-servers-action
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from providers.openstack.fields import Json
from providers.openstack.instances import get_server
from providers.openstack.states import TASK_STATE, state_of, to_native_state
from skyclust.errors import Conflict, InvalidRequest
from skyclust.model.instance import InstanceState

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

TRANSITIONAL: Final = frozenset(
    {InstanceState.PENDING, InstanceState.STOPPING, InstanceState.UPDATING}
)
"""States that a server leaves by itself."""

# Statuses that map to UPDATING, but that last until a user ends them.
_LASTING: Final = frozenset({"RESCUE"})


def state_error(
    region: str, server: Json, change: str, required: InstanceState
) -> Conflict | InvalidRequest:
    """Return the error for a change that requires another state than the server has."""
    state = state_of(server)
    native = to_native_state(str(server["status"]), server.get(TASK_STATE))
    message = f"Could not {change} instance {server['id']} in {region}: it is {native}"
    busy = bool(server.get(TASK_STATE)) and state is not InstanceState.DELETING
    in_transition = state in TRANSITIONAL and server["status"] not in _LASTING
    if busy or in_transition or state is required:
        # A task of Nova is running, taking an image for example; or the server has the required
        # state now, but did not have it when Nova checked.
        return Conflict(f"{message} just now.", provider="openstack", code="conflictingRequest")
    return InvalidRequest(
        f"{message}.",
        hint=f"An instance has to be {required} for this.",
        provider="openstack",
        code="conflictingRequest",
    )


def locked_error(doing: str) -> InvalidRequest:
    """Return the error for a change of a locked server; `doing` completes "Could not ..."."""
    return InvalidRequest(
        f"Could not {doing}: it is locked.",
        hint="Unlock it first: openstack server unlock.",
        provider="openstack",
        code="locked",
    )


@contextmanager
def state_errors(
    clients: OpenStackClients, region: str, server_id: str, change: str, required: InstanceState
) -> Iterator[None]:
    """Replace a Conflict raised inside by the error for the state that the server is in.

    Raises InvalidRequest for a locked server; for others see `state_error`.
    """
    try:
        yield
    except Conflict as conflict:
        server = get_server(clients, region, server_id)
        if server.get("locked"):
            raise locked_error(f"{change} instance {server_id} in {region}") from conflict
        raise state_error(region, server, change, required) from conflict
