"""The console output of a server.

Source: https://docs.openstack.org/api-ref/compute/#show-console-output-os-getconsoleoutput-action
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from providers.openstack.errors import openstack_errors
from providers.openstack.fields import text
from providers.openstack.instances import get_server
from providers.openstack.server_actions import post_action
from providers.openstack.states import TASK_STATE, state_of
from skyclust.contract import ConsoleProvider
from skyclust.errors import Conflict, NotFound
from skyclust.model.instance import InstanceState
from skyclust.providerkit.answers import require_object

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

_WITHOUT_CONSOLE: Final = frozenset(
    {InstanceState.PENDING, InstanceState.STOPPED, InstanceState.ERROR}
)


class OpenStackConsole(ConsoleProvider):
    """Reads the console output of servers."""

    _clients: OpenStackClients

    @openstack_errors("read a console")
    def console_log(self, region: str, instance_id: str) -> str:
        """Return the console output, as much of it as the cloud keeps (often the last 100 kB).

        Empty while the server has no console yet. Raises Unsupported where the hypervisor has no
        console (501), Conflict while Nova is working on the server.
        """
        get_server(self._clients, region, instance_id)
        doing = f"read the console of instance {instance_id} in {region}"
        try:
            answer = post_action(
                self._clients, region, instance_id, {"os-getConsoleOutput": {}}, doing
            )
        except (Conflict, NotFound):
            # 404 although the server exists: the hypervisor has not kept any output.
            server = get_server(self._clients, region, instance_id)
            if state_of(server) in _WITHOUT_CONSOLE or not server.get(TASK_STATE):
                return ""
            raise
        console = require_object(answer, doing=doing, provider="openstack")
        return text(dict(console), "output") or ""
