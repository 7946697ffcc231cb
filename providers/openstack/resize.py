"""Resizing a server to another flavor.

Nova resizes in two steps: it migrates the server (RESIZE), then waits for the resize to be
confirmed or reverted (VERIFY_RESIZE). It is confirmed here, as soon as Nova allows. When that
takes too long, the call raises Timeout, and the next call continues.
Source: https://docs.openstack.org/api-ref/compute/#resize-server-resize-action
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from providers.openstack.fields import Json, inner, integer, text
from providers.openstack.flavors import FLAVOR_EMBEDDED, find_flavor, get_flavors
from providers.openstack.instances import get_server
from providers.openstack.server_actions import post_action
from providers.openstack.state_errors import state_error, state_errors
from providers.openstack.states import TASK_STATE, state_of
from skyclust.errors import CapacityExhausted, Conflict, InvalidRequest, NotFound, Timeout
from skyclust.model.instance import InstanceState
from skyclust.providerkit.answers import require_list
from skyclust.providerkit.polling import polls
from skyclust.providerkit.timeouts import WAIT_SECONDS

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

MOVE_SECONDS: Final = WAIT_SECONDS
"""How long one call waits for Nova to migrate the server; local disks take longer."""

_RESIZABLE: Final = frozenset({InstanceState.RUNNING, InstanceState.STOPPED})
_UNCONFIRMED: Final = "VERIFY_RESIZE"


def resize_server(clients: OpenStackClients, region: str, server: Json, instance_type: str) -> None:
    """Resize a server to a flavor and confirm it; a server that has the flavor stays unchanged.

    Afterwards the server is running or stopped as it was before. Raises CapacityExhausted when
    Nova finds no host and reverts the resize, Timeout when it takes more than MOVE_SECONDS.
    """
    server_id = str(server["id"])
    status = str(server["status"])
    if status not in {"RESIZE", _UNCONFIRMED}:
        if state_of(server) not in {*_RESIZABLE, InstanceState.SUSPENDED}:
            raise state_error(region, server, "resize", InstanceState.STOPPED)
        flavor = find_flavor(clients, region, instance_type)
        if _has_flavor(server, flavor):
            return
        if state_of(server) not in _RESIZABLE or server.get(TASK_STATE):
            raise state_error(region, server, "resize", InstanceState.STOPPED)
        _require_disk_fits(clients, region, server, flavor)
        doing = f"resize instance {server_id} in {region}"
        action = {"resize": {"flavorRef": str(flavor["id"])}}
        with state_errors(clients, region, server_id, "resize", InstanceState.STOPPED):
            post_action(clients, region, server_id, action, doing)
    else:
        flavor = find_flavor(clients, region, instance_type)
    _confirm(clients, region, _wait_until_moved(clients, region, server_id, flavor), flavor)


def _wait_until_moved(clients: OpenStackClients, region: str, server_id: str, flavor: Json) -> Json:
    """Return the server once Nova has migrated it, or has given up; raises Timeout."""
    for _ in polls(MOVE_SECONDS):
        server = get_server(clients, region, server_id)
        task = str(server.get(TASK_STATE) or "")
        if str(server["status"]) != "RESIZE" and not task.startswith("resize_"):
            return server
    raise Timeout(
        f"Nova has not yet resized instance {server_id} in {region} to {flavor['name']}.",
        hint="Repeat the request: the resize goes on, and is confirmed then.",
        provider="openstack",
    )


def _confirm(clients: OpenStackClients, region: str, server: Json, flavor: Json) -> None:
    """Confirm the resize, and wait until the server is usable again; raises Timeout."""
    server_id = server["id"]
    if not _has_flavor(server, flavor):
        raise _resize_error(clients, region, server, flavor)
    doing = f"confirm the resize of instance {server_id} in {region}"
    requested = False
    for number in polls(MOVE_SECONDS):
        if number > 0:
            server = get_server(clients, region, server_id)
        if str(server["status"]) != _UNCONFIRMED:
            return
        if not requested and not server.get(TASK_STATE):
            # Conflict: Nova has confirmed it after its own time-out, or another process has.
            with suppress(Conflict):
                post_action(clients, region, server_id, {"confirmResize": None}, doing)
            requested = True
    raise Timeout(
        f"Could not {doing}: it is not done after {MOVE_SECONDS:.0f} s.",
        hint="Repeat the request.",
        provider="openstack",
    )


def _resize_error(
    clients: OpenStackClients, region: str, server: Json, flavor: Json
) -> Conflict | InvalidRequest | CapacityExhausted:
    message = f"Could not resize instance {server['id']} in {region} to {flavor['name']}"
    if str(server["status"]) == _UNCONFIRMED:
        return Conflict(
            f"{message}: another resize waits to be confirmed or reverted.",
            hint="openstack server resize confirm, or revert, decides it.",
            provider="openstack",
            code=_UNCONFIRMED,
        )
    if state_of(server) is InstanceState.ERROR:
        reason = text(inner(server, "fault"), "message") or "Nova gave no reason"
        return InvalidRequest(f"{message}: {reason}.", provider="openstack", code="ERROR")
    reason = _failure_reason(clients, region, server["id"])
    return CapacityExhausted(
        f"{message}: Nova reverted it. {reason}".rstrip(),
        hint="Choose another type, or try again later.",
        provider="openstack",
    )


def _failure_reason(clients: OpenStackClients, region: str, server_id: str) -> str:
    """Return the message of the last resize in Nova's list of actions; empty when it has none.

    Source: https://docs.openstack.org/api-ref/compute/#list-actions-for-server
    """
    doing = f"read the actions of instance {server_id} in {region}"
    path = f"/servers/{server_id}/os-instance-actions"
    try:
        answer = clients.call(region, "compute", "GET", path, doing=doing)
    except NotFound:
        return ""
    actions = require_list(answer, "instanceActions", doing=doing, provider="openstack")
    messages = (text(action, "message") for action in actions if action.get("action") == "resize")
    return next((message for message in messages if message), "")


def _has_flavor(server: Json, flavor: Json) -> bool:
    """Return whether a server has a flavor; a deleted flavor equals no flavor that exists."""
    current = inner(server, "flavor")
    if "original_name" in current:
        return bool(current["original_name"] == flavor["name"])
    return text(current, "id") == str(flavor["id"])


def _require_disk_fits(clients: OpenStackClients, region: str, server: Json, flavor: Json) -> None:
    """Raise InvalidRequest when the root disk would have to shrink.

    Nova accepts such a request and fails it later, without a reason.
    """
    if not server.get("image"):
        return  # boots from a volume, which keeps its size
    if clients.microversion(region) >= FLAVOR_EMBEDDED:
        current = integer(inner(server, "flavor"), "disk") or 0
    else:
        sizes = {str(f["id"]): integer(f, "disk") or 0 for f in get_flavors(clients, region)}
        current = sizes.get(text(inner(server, "flavor"), "id") or "", 0)
    requested = integer(flavor, "disk") or 0
    if requested < current:
        raise InvalidRequest(
            f"Could not resize instance {server['id']} in {region} to {flavor['name']}: its disk"
            f" of {current} GiB does not fit into {requested} GiB.",
            hint="Choose a type with a disk at least as large.",
            provider="openstack",
        )
