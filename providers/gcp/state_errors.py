"""The error for a change that the state of an instance does not allow.

The state is read before a change: the replies of Compute Engine to a change that the state does
not allow differ from method to method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.gcp.instances import state_of, status_of
from providers.gcp.links import self_link
from skyclust.errors import Conflict, InvalidRequest, SkyClustError
from skyclust.model.instance import InstanceState

if TYPE_CHECKING:
    from providers.gcp.client import JsonObject

_TRANSITIONAL: Final = frozenset(
    {
        InstanceState.PENDING,
        InstanceState.STOPPING,
        InstanceState.UPDATING,
        InstanceState.DELETING,
    }
)


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
