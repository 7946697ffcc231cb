"""Shared by all requests that change an instance: its parameters, and the error for its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from providers.gcp.instances import numeric_id_of, state_of, status_of, zone_of
from providers.gcp.links import self_link
from providers.gcp.operations import new_request_id
from skyclust.errors import Conflict, InvalidRequest, SkyClustError
from skyclust.model.instance import InstanceState

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject

_TRANSITIONAL: Final = frozenset(
    {
        InstanceState.PENDING,
        InstanceState.STOPPING,
        InstanceState.UPDATING,
        InstanceState.DELETING,
    }
)


def instance_parameters(clients: GcpClients, vm: JsonObject) -> dict[str, Any]:
    """Return the parameters of a request that changes an instance, with a new request ID.

    The instance is addressed by its numeric id: Compute Engine refuses the request when another
    instance has taken the name since the instance was read.
    """
    return {
        "project": clients.project,
        "zone": zone_of(vm),
        "instance": numeric_id_of(vm),
        "request_id": new_request_id(),
    }


def state_error(region: str, vm: JsonObject, change: str, needed: InstanceState) -> SkyClustError:
    """Return the error for a change that the state of an instance does not allow.

    Conflict while the instance changes to another state, so that the caller tries again later;
    InvalidRequest when somebody has to start or stop it first.
    """
    status, name = status_of(vm), self_link(vm).name
    message = f"Could not {change} instance {name} in {region}: it is {status}"
    if state_of(vm) in _TRANSITIONAL or status == "SUSPENDING":
        return Conflict(f"{message} just now.", provider="gcp", code="resourceNotReady")
    return InvalidRequest(
        f"{message}.", hint=f"An instance has to be {needed} for this.", provider="gcp"
    )
