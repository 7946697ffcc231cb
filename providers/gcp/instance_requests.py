"""The parameters of every request that changes an instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from providers.gcp.instances import numeric_id_of, zone_of
from providers.gcp.operations import new_request_id

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject


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
