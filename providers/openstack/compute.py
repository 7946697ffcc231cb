"""Instances: creating, starting, stopping, rebooting, resizing and deleting servers of Nova."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from providers.openstack.create_request import validate_spec
from providers.openstack.creation import create_server
from providers.openstack.duplicate_servers import SETTLE_SECONDS
from providers.openstack.errors import openstack_errors
from providers.openstack.fields import Json
from providers.openstack.floating_ips import delete_floating_ips
from providers.openstack.instances import get_same_server, get_server, to_instances
from providers.openstack.resize import resize_server
from providers.openstack.server_actions import post_action
from providers.openstack.servers_by_token import find_servers, require_all_cells
from providers.openstack.state_errors import TRANSITIONAL, locked_error, state_error, state_errors
from providers.openstack.states import state_of
from providers.openstack.tokens import to_token_value
from skyclust.contract import ComputeProvider
from skyclust.errors import NotFound, QuotaExceeded
from skyclust.model.instance import Instance, InstanceReference, InstanceSpec, InstanceState
from skyclust.providerkit.same_instance import require_same_instance

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

# The action that brings a server back to ACTIVE, by its status.
_START_ACTIONS: Final = {
    "SHUTOFF": "os-start",
    "PAUSED": "unpause",
    "SUSPENDED": "resume",
    "SHELVED": "unshelve",
    "SHELVED_OFFLOADED": "unshelve",
}


class OpenStackCompute(ComputeProvider):
    """Creates, changes and deletes servers of Nova."""

    _clients: OpenStackClients

    @openstack_errors("create an instance")
    def create_instance(self, spec: InstanceSpec, token: str) -> Instance:
        """Create one server for the token, or find the existing one, and return it.

        With a public address the call returns when the server has its port, after some seconds.
        A repeated call continues where an earlier one stopped. Close to a quota, concurrent
        callers with one token make each other fail: Nova counts the servers of all of them until
        the surplus ones are deleted. So a request that a quota refused is sent once more, after
        a pause of random length.
        """
        token_value = to_token_value(token)
        validate_spec(spec)
        try:
            server = create_server(self._clients, spec, token_value)
        except QuotaExceeded:
            time.sleep(random.uniform(0.5, 2) * SETTLE_SECONDS)  # noqa: S311 - no secret
            server = create_server(self._clients, spec, token_value)
        return to_instances(self._clients, spec.region, [server])[0]

    @openstack_errors("look for an instance")
    def find_instances(self, region: str, token: str) -> Sequence[Instance]:
        """Return the servers with this token that still exist, including those being deleted.

        There is more than one only after several callers died while creating; the next
        `create_instance` with the token keeps one of them. Raises Unavailable when nothing is
        found and a cell of Nova does not respond.
        """
        servers = find_servers(self._clients, region, to_token_value(token))
        if not servers:
            require_all_cells(self._clients, region)
        return to_instances(self._clients, region, servers)

    @openstack_errors("read an instance")
    def get_instance(self, region: str, instance_id: str) -> Instance:
        """Return the server as it is now; raises NotFound when it does not exist."""
        server = get_server(self._clients, region, instance_id)
        return to_instances(self._clients, region, [server])[0]

    @openstack_errors("start an instance")
    def start_instance(self, instance: InstanceReference) -> None:
        """Request a start; a paused, suspended or shelved server gets the action that undoes it."""
        server = get_same_server(self._clients, instance)
        state = state_of(server)
        if state is InstanceState.RUNNING:
            return
        action = _START_ACTIONS.get(str(server["status"]))
        if action is None or state in TRANSITIONAL or state is InstanceState.DELETING:
            raise state_error(instance.region, server, "start", InstanceState.STOPPED)
        self._act(instance, "start", {action: None}, InstanceState.STOPPED)

    @openstack_errors("stop an instance")
    def stop_instance(self, instance: InstanceReference, *, power_off_only: bool = False) -> None:
        """Request a stop; a stopped server stays unchanged.

        `power_off_only` makes no difference: a stopped server always keeps its place on its host.
        """
        del power_off_only
        server = get_same_server(self._clients, instance)
        if state_of(server) in {InstanceState.STOPPED, InstanceState.STOPPING}:
            return
        if state_of(server) is not InstanceState.RUNNING:
            raise state_error(instance.region, server, "stop", InstanceState.RUNNING)
        self._act(instance, "stop", {"os-stop": None}, InstanceState.RUNNING)

    @openstack_errors("reboot an instance")
    def reboot_instance(self, instance: InstanceReference) -> None:
        """Request a soft reboot of a running server; after a time-out Nova does a hard one."""
        server = get_same_server(self._clients, instance)
        if state_of(server) is not InstanceState.RUNNING:
            raise state_error(instance.region, server, "reboot", InstanceState.RUNNING)
        self._act(instance, "reboot", {"reboot": {"type": "SOFT"}}, InstanceState.RUNNING)

    def must_stop_to_resize(self, instance: Instance, instance_type: str) -> bool:
        """Return False: Nova resizes a running server, and starts it again by itself."""
        del instance, instance_type
        return False

    @openstack_errors("resize an instance")
    def resize_instance(self, instance: InstanceReference, instance_type: str) -> None:
        """Give the server another flavor and confirm it; returns when that is done."""
        server = get_same_server(self._clients, instance)
        resize_server(self._clients, instance.region, server, instance_type)

    @openstack_errors("delete an instance")
    def delete_instance(self, instance: InstanceReference) -> None:
        """Request the deletion of a server, its volumes and its floating IP.

        A server that does not exist any more is not an error. The floating IP is deleted first:
        nothing but its description refers to the server, so it would not be found afterwards.
        Nova deletes the volumes that it created with the server.
        """
        region, server_id = instance.region, instance.id
        server = self._server_or_none(instance)
        if server is None:
            delete_floating_ips(self._clients, region, server_id)
            return
        require_same_instance(instance, str(server["id"]), provider="openstack")
        doing = f"delete instance {server_id} in {region}"
        if server.get("locked"):
            raise locked_error(doing)
        delete_floating_ips(self._clients, region, server_id)
        if state_of(server) in {InstanceState.DELETING, InstanceState.DELETED}:
            return
        try:
            self._clients.call(region, "compute", "DELETE", f"/servers/{server_id}", doing=doing)
        except NotFound:
            return

    @openstack_errors("remove the leftovers of an instance")
    def remove_leftovers(self, instance: InstanceReference) -> None:
        """Delete the floating IP of a server that does not exist any more.

        Nova deletes everything else itself. Nothing is deleted while the server exists. The
        floating IP carries the server's id, which Nova never uses again; one that has been
        associated with another server since is kept.
        """
        if self._server_or_none(instance) is None:
            delete_floating_ips(self._clients, instance.region, instance.id)

    def _act(
        self, instance: InstanceReference, change: str, action: Json, required: InstanceState
    ) -> None:
        region, server_id = instance.region, instance.id
        doing = f"{change} instance {server_id} in {region}"
        with state_errors(self._clients, region, server_id, change, required):
            post_action(self._clients, region, server_id, action, doing)

    def _server_or_none(self, instance: InstanceReference) -> Json | None:
        try:
            return get_server(self._clients, instance.region, instance.id)
        except NotFound:
            return None
