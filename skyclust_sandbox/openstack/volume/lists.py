"""Lists of volumes and snapshots: filters, order and pages."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TypeVar

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.paging import UnknownMarker, page_of
from skyclust_sandbox.openstack.state import Volume, VolumeSnapshot
from skyclust_sandbox.openstack.wire import Body, is_true, reply

Resource = TypeVar("Resource", Volume, VolumeSnapshot)

_ORDERS = {"created_at": "created", "updated_at": "updated"}

_KEYS = {"created_at", "updated_at", "id", "name", "status", "size"}


def list_reply(
    context: Context,
    noun: str,
    path: str,
    resources: Sequence[Resource],
    show: Callable[[Resource], Body],
) -> Response:
    """Return a page of volumes or snapshots, filtered and sorted by the query.

    With `all_tenants` administrators see all projects; for other callers cinder accepts the
    argument and lists their own project.
    """
    query = context.request.args
    everybody = context.is_admin and is_true(query.get("all_tenants", ""))
    project_id = query.get("project_id") if everybody else context.project_id
    matching = [
        resource
        for resource in resources
        if project_id in (None, resource.project_id) and _matches(context, resource)
    ]
    kind = "Volume" if noun == "volumes" else "Snapshot"
    unknown_marker = UnknownMarker(404, f"{kind} {{}} could not be found.")
    page, next_page = page_of(
        context,
        _sorted(context, matching),
        lambda resource: resource.id,
        unknown_marker=unknown_marker,
    )
    content: Body = {noun: [show(resource) for resource in page]}
    if is_true(query.get("with_count", "")) and context.call.microversion >= (3, 45):
        content["count"] = len(matching)
    if next_page:
        href = next_page.link(f"{context.base_url}/v3/{context.project_id}/{path}")
        content[f"{noun}_links"] = [{"rel": "next", "href": href}]
    return reply(content)


def _matches(context: Context, resource: Volume | VolumeSnapshot) -> bool:
    query = context.request.args
    for name in ("name", "status", "volume_id", "user_id", "id"):
        if name in query and getattr(resource, name, query[name]) != query[name]:
            return False
    if isinstance(resource, Volume):
        if "bootable" in query and is_true(query["bootable"]) != resource.bootable:
            return False
        if query.get("availability_zone", resource.zone) != resource.zone:
            return False
    return _metadata(context).items() <= resource.metadata.items()


def _metadata(context: Context) -> dict[str, str]:
    """Return the metadata filter, which clients write as a Python dict."""
    text = context.request.args.get("metadata", "{}")
    try:
        return {str(key): str(value) for key, value in ast.literal_eval(text).items()}
    except (ValueError, SyntaxError, AttributeError) as error:
        raise context.refused(
            400, f"Invalid filters metadata are found in query: {text}"
        ) from error


def _sorted(context: Context, resources: list[Resource]) -> list[Resource]:
    """Return volumes or snapshots in the requested order, the newest first by default."""
    query = context.request.args
    pairs = [part.partition(":") for part in query.get("sort", "").split(",") if part]
    orders: list[tuple[str, str]] = [(key, direction or "desc") for key, _, direction in pairs]
    orders = orders or [(query.get("sort_key", "created_at"), query.get("sort_dir", "desc"))]
    for key, direction in reversed([*orders, ("id", orders[-1][1])]):
        if key not in _KEYS:
            raise context.refused(400, f"Invalid input received: Invalid sort keys: {key}")
        resources = sorted(
            resources, key=attrgetter(_ORDERS.get(key, key)), reverse=direction == "desc"
        )
    return resources
