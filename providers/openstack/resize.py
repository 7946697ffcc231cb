"""Giving a server another flavor.

Nova resizes in two steps: it moves the server (RESIZE), then waits for a word whether it may
forget the old one (VERIFY_RESIZE). The word is given here, as soon as it is asked for; a call
that cannot wait so long raises Timeout, and the next one goes on.
Source: https://docs.openstack.org/api-ref/compute/#resize-server-resize-action
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from providers.openstack.compute import TASK, act, changing, refusal, state_of
from providers.openstack.fields import Json, integer, nested, text
from providers.openstack.flavors import EMBEDDED, find_flavor, get_flavors
from providers.openstack.instances import get_same_server, get_server
from skyclust.errors import CapacityExhausted, Conflict, InvalidRequest, NotFound, Timeout
from skyclust.model.instance import InstanceReference, InstanceState
from skyclust.providerkit.answers import require_list

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

MOVE_SECONDS: Final = 60.0
"""How long one call waits for Nova to move the server; local disks take longer."""

FIRST_PAUSE_SECONDS: Final = 0.1
LONGEST_PAUSE_SECONDS: Final = 2.0

_RESIZABLE: Final = frozenset({InstanceState.RUNNING, InstanceState.STOPPED})
_UNDECIDED: Final = "VERIFY_RESIZE"


def resize_instance(
    clients: OpenStackClients, instance: InstanceReference, instance_type: str
) -> None:
    """Give a server another flavor, and confirm it; one that has it already is left as it is.

    The server runs or is stopped after that as it was before. Raises CapacityExhausted when
    Nova finds no room and puts the server back, Timeout when it takes long.
    """
    region, server_id = instance.region, instance.id
    server = get_same_server(clients, instance)
    status = str(server["status"])
    if status not in {"RESIZE", _UNDECIDED}:
        if state_of(server) not in {*_RESIZABLE, InstanceState.SUSPENDED}:
            raise refusal(region, server, "resize", InstanceState.STOPPED)
        flavor = find_flavor(clients, region, instance_type)
        if _has_flavor(server, flavor):
            return
        if state_of(server) not in _RESIZABLE or server.get(TASK):
            raise refusal(region, server, "resize", InstanceState.STOPPED)
        _refuse_smaller_disk(clients, region, server, flavor)
        doing = f"resize instance {server_id} in {region}"
        body = {"resize": {"flavorRef": str(flavor["id"])}}
        with changing(clients, region, server_id, "resize", InstanceState.STOPPED):
            act(clients, region, server_id, body, doing)
    else:
        flavor = find_flavor(clients, region, instance_type)
    _confirm(clients, region, _moved(clients, region, server_id, flavor), flavor)


def _moved(clients: OpenStackClients, region: str, server_id: str, flavor: Json) -> Json:
    """Return the server once Nova has moved it, or has given it up."""
    end = time.monotonic() + MOVE_SECONDS
    pause = FIRST_PAUSE_SECONDS
    while True:
        server = get_server(clients, region, server_id)
        if str(server["status"]) != "RESIZE" and not str(server.get(TASK) or "").startswith(
            "resize_"
        ):
            return server
        if time.monotonic() + pause > end:
            raise Timeout(
                f"Nova has not yet resized instance {server_id} in {region} to {flavor['name']}.",
                hint="Ask again: it goes on, and is confirmed then.",
                provider="openstack",
            )
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def _confirm(clients: OpenStackClients, region: str, server: Json, flavor: Json) -> None:
    """Tell Nova to keep the new flavor, and wait for the server to be usable again."""
    server_id = server["id"]
    if not _has_flavor(server, flavor):
        raise _not_resized(clients, region, server, flavor)
    doing = f"confirm the resize of instance {server_id} in {region}"
    end = time.monotonic() + MOVE_SECONDS
    pause = FIRST_PAUSE_SECONDS
    asked = False
    while str(server["status"]) == _UNDECIDED:
        if not asked and not server.get(TASK):
            # A conflict: Nova's own time for it is over, or another process was first.
            with suppress(Conflict):
                act(clients, region, server_id, {"confirmResize": None}, doing)
            asked = True
        if time.monotonic() + pause > end:
            raise Timeout(
                f"Could not {doing}: it takes long.", hint="Ask again.", provider="openstack"
            )
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        server = get_server(clients, region, server_id)


def _not_resized(
    clients: OpenStackClients, region: str, server: Json, flavor: Json
) -> Conflict | InvalidRequest | CapacityExhausted:
    said = f"Could not resize instance {server['id']} in {region} to {flavor['name']}"
    if str(server["status"]) == _UNDECIDED:
        return Conflict(
            f"{said}: another resize waits to be confirmed or reverted.",
            hint="openstack server resize confirm, or revert, decides it.",
            provider="openstack",
            code=_UNDECIDED,
        )
    if state_of(server) is InstanceState.ERROR:
        reason = text(nested(server, "fault"), "message") or "Nova gave no reason"
        return InvalidRequest(f"{said}: {reason}.", provider="openstack", code="ERROR")
    reason = _reason(clients, region, server["id"])
    return CapacityExhausted(
        f"{said}: Nova put it back. {reason}".rstrip(),
        hint="Choose another type, or try again later.",
        provider="openstack",
    )


def _reason(clients: OpenStackClients, region: str, server_id: str) -> str:
    """Return what Nova's record of actions says of the last resize, as far as it may be read.

    Source: https://docs.openstack.org/api-ref/compute/#list-actions-for-server
    """
    doing = f"read what became of the resize of instance {server_id} in {region}"
    path = f"/servers/{server_id}/os-instance-actions"
    try:
        answer = clients.call(region, "compute", "GET", path, doing=doing)
    except NotFound:
        return ""
    actions = require_list(answer, "instanceActions", doing=doing, provider="openstack")
    told = (text(one, "message") for one in actions if one.get("action") == "resize")
    return next((message for message in told if message), "")


def _has_flavor(server: Json, flavor: Json) -> bool:
    """Return whether a server has a flavor; one whose flavor was deleted has none that there is."""
    has = nested(server, "flavor")
    if "original_name" in has:
        return bool(has["original_name"] == flavor["name"])
    return text(has, "id") == str(flavor["id"])


def _refuse_smaller_disk(
    clients: OpenStackClients, region: str, server: Json, flavor: Json
) -> None:
    """Raise InvalidRequest where the root disk would have to shrink.

    Nova accepts the request and gives it up on the way, without telling why.
    """
    if not server.get("image"):
        return  # boots from a volume, which keeps its size
    if clients.microversion(region) >= EMBEDDED:
        now = integer(nested(server, "flavor"), "disk") or 0
    else:
        sizes = {str(f["id"]): integer(f, "disk") or 0 for f in get_flavors(clients, region)}
        now = sizes.get(text(nested(server, "flavor"), "id") or "", 0)
    wanted = integer(flavor, "disk") or 0
    if wanted < now:
        raise InvalidRequest(
            f"Could not resize instance {server['id']} in {region} to {flavor['name']}: its disk"
            f" of {now} GiB does not go into {wanted} GiB.",
            hint="Choose a type with a disk at least as large.",
            provider="openstack",
        )
