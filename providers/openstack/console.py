"""What a machine wrote to its console.

Source: https://docs.openstack.org/api-ref/compute/#show-console-output-os-getconsoleoutput-action
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from providers.openstack.compute import act, state_of
from providers.openstack.fields import text
from providers.openstack.instances import get_server
from skyclust.errors import Conflict, NotFound
from skyclust.model.instance import InstanceState
from skyclust.providerkit.answers import require_object

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

_SILENT = frozenset({InstanceState.PENDING, InstanceState.STOPPED, InstanceState.ERROR})


def console_log(clients: OpenStackClients, region: str, server_id: str) -> str:
    """Return the console's output, as much as the cloud keeps (often the last 100 kB).

    Empty while the server has no console yet. Raises Unsupported where the hypervisor has none
    (501), Conflict while Nova works on the server.
    """
    server = get_server(clients, region, server_id)
    doing = f"read the console of instance {server_id} in {region}"
    try:
        answer = act(clients, region, server_id, {"os-getConsoleOutput": {}}, doing)
    except (Conflict, NotFound):
        # 404 with the server still there: the hypervisor has kept no output.
        server = get_server(clients, region, server_id)
        if state_of(server) in _SILENT or not server.get("OS-EXT-STS:task_state"):
            return ""
        raise
    found = require_object(answer, doing=doing, provider="openstack")
    return text(dict(found), "output") or ""
