"""Lists of volumes and snapshots: filters, order and pages."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeVar

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.paging import Gone, page_of
from skyclust_sandbox.openstack.state import Volume, VolumeSnapshot
from skyclust_sandbox.openstack.wire import Body, is_true, reply

Thing = TypeVar("Thing", Volume, VolumeSnapshot)

_ORDERS = {"created_at": "created", "updated_at": "updated"}

_KEYS = {"created_at", "updated_at", "id", "name", "status", "size"}


def answer_list(
    context: Context,
    noun: str,
    path: str,
    things: Sequence[Thing],
    show: Callable[[Thing], Body],
) -> Response:
    """Return a page of volumes or snapshots, filtered and sorted as asked for.

    Administrators see all projects when they ask for them; from others cinder takes the
    wish and shows their own.
    """
    asked = context.request.args
    everybody = context.is_admin and is_true(asked.get("all_tenants", ""))
    wanted = asked.get("project_id") if everybody else context.project_id
    found = [one for one in things if wanted in (None, one.project_id) and _matches(context, one)]
    kind = "Volume" if noun == "volumes" else "Snapshot"
    gone = Gone(404, f"{kind} {{}} could not be found.")
    page, more = page_of(context, _sorted(context, found), lambda one: one.id, gone=gone)
    content: Body = {noun: [show(one) for one in page]}
    if is_true(asked.get("with_count", "")) and context.call.microversion >= (3, 45):
        content["count"] = len(found)
    if more:
        href = more.link(f"{context.base}/v3/{context.project_id}/{path}")
        content[f"{noun}_links"] = [{"rel": "next", "href": href}]
    return reply(content)


def _matches(context: Context, thing: Volume | VolumeSnapshot) -> bool:
    asked = context.request.args
    for name in ("name", "status", "volume_id", "user_id", "id"):
        if name in asked and getattr(thing, name, asked[name]) != asked[name]:
            return False
    if isinstance(thing, Volume):
        if "bootable" in asked and is_true(asked["bootable"]) != thing.bootable:
            return False
        if asked.get("availability_zone", thing.zone) != thing.zone:
            return False
    return _metadata(context).items() <= thing.metadata.items()


def _metadata(context: Context) -> dict[str, str]:
    """Return the pairs asked for, which clients write as Python does."""
    text = context.request.args.get("metadata", "{}")
    try:
        return {str(key): str(value) for key, value in ast.literal_eval(text).items()}
    except (ValueError, SyntaxError, AttributeError) as error:
        raise context.refused(
            400, f"Invalid filters metadata are found in query: {text}"
        ) from error


def _sorted(context: Context, things: list[Thing]) -> list[Thing]:
    """Return things as asked for, else the newest first."""
    asked = context.request.args
    pairs = [one.partition(":") for one in asked.get("sort", "").split(",") if one]
    orders: list[tuple[str, str]] = [(key, direction or "desc") for key, _, direction in pairs]
    orders = orders or [(asked.get("sort_key", "created_at"), asked.get("sort_dir", "desc"))]
    for key, direction in reversed([*orders, ("id", orders[-1][1])]):
        if key not in _KEYS:
            raise context.refused(400, f"Invalid input received: Invalid sort keys: {key}")
        things = sorted(things, key=attrgetter(_ORDERS.get(key, key)), reverse=direction == "desc")
    return things
