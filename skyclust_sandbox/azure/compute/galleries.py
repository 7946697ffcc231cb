"""Galleries, the definitions of images in them, and the versions of each definition.

Source: https://learn.microsoft.com/en-us/rest/api/compute/galleries
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.locations import LOCATIONS, name_of
from skyclust_sandbox.azure.paging import page
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal, reply
from skyclust_sandbox.azure.schema import check_request
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import check_tags, properties

KIND: Final = "Microsoft.Compute/galleries"
DEFINITION: Final = f"{KIND}/images"
VERSION: Final = f"{KIND}/images/versions"
_SOURCES: Final = frozenset(
    {"Microsoft.Compute/disks", "Microsoft.Compute/snapshots", "Microsoft.Compute/images"}
)


def put(kind: str) -> Callable[[Ask], Response]:
    """Return what answers a PUT of a gallery, a definition or a version."""

    def answer(ask: Ask) -> Response:
        ask.require_group()
        body = ask.body()
        check_request(kind, body)
        check_tags(body.get("tags", {}))
        location = name_of(str(body.get("location") or ""))
        if location not in LOCATIONS:
            message = "The location property is required for this definition."
            raise refusal(400, "LocationRequired", message)
        if kind != KIND:
            _find(ask, kind.rpartition("/")[0])
        found = ask.state.resources.find(_id(ask, kind))
        made = found or _new(ask, kind, location)
        shown = {**body.get("properties", {}), "provisioningState": "Creating"}
        if kind == VERSION:
            made.content = _take_sources(ask, shown)
        made.body.update({**body, "location": location, "properties": shown})

        def ready() -> None:
            shown["provisioningState"] = "Succeeded"

        operation = ask.begin(made, ready)
        return ask.accepted(operation, made.body, 200 if found else 201, location=False)

    return answer


def get(kind: str) -> Callable[[Ask], Response]:
    """Return what answers a GET of one of them."""
    return lambda ask: reply(_find(ask, kind).body)


def delete(kind: str) -> Callable[[Ask], Response]:
    """Return what answers a DELETE of one of them, which has to hold nothing."""

    def answer(ask: Ask) -> Response:
        found = ask.state.resources.find(_id(ask, kind))
        if found is None:
            return reply(None, 204)
        if any(_inside(one, found.id) for one in _all(ask)):
            message = f"Can not delete resource {found.id} before nested resources are deleted."
            raise refusal(409, "CannotDeleteResource", message)
        properties(found)["provisioningState"] = "Deleting"
        resources = ask.state.resources
        operation = ask.begin(found, lambda: resources.remove(found))
        return ask.accepted(operation, None, 202, location=True)

    return answer


def list_children(kind: str) -> Callable[[Ask], Response]:
    """Return what answers a list of the definitions of a gallery, or the versions of one."""

    def answer(ask: Ask) -> Response:
        parent = _find(ask, kind.rpartition("/")[0])
        return page(ask, [one for one in _all(ask) if one.type == kind and _inside(one, parent.id)])

    return answer


def find_version(state: State, version_id: str) -> Resource | None:
    """Return the image version of this id."""
    found = state.resources.find(version_id)
    return found if found is not None and found.type == VERSION else None


def _id(ask: Ask, kind: str) -> str:
    whole = ask.id_of(KIND)
    if kind != KIND:
        whole += f"/images/{ask.names['child']}"
    return f"{whole}/versions/{ask.names['grandchild']}" if kind == VERSION else whole


def _find(ask: Ask, kind: str) -> Resource:
    ask.require_group()
    found = ask.state.resources.find(_id(ask, kind))
    if found is None:
        raise refusal(404, "ResourceNotFound", f"The Resource '{_id(ask, kind)}' was not found.")
    return found


def _new(ask: Ask, kind: str, location: str) -> Resource:
    made_id = _id(ask, kind)
    name = made_id.rpartition("/")[2]
    made = Resource(
        id=made_id,
        type=kind,
        name=name,
        subscription=ask.names["subscription"],
        group=ask.names["group"],
        location=location,
        body={"name": name, "id": made_id, "type": kind},
    )
    ask.state.resources.add(made)
    return made


def _all(ask: Ask) -> list[Resource]:
    owner = ask.names["subscription"]
    kinds = (DEFINITION, VERSION)
    return [one for kind in kinds for one in ask.state.resources.of_type(owner, kind)]


def _inside(one: Resource, parent_id: str) -> bool:
    return one.id.lower().startswith(f"{parent_id.lower()}/")


def _take_sources(ask: Ask, shown: dict[str, Any]) -> str:
    """Note the size of each disk that a version is made of and return what the boot disk holds."""
    storage = shown.get("storageProfile") or {}
    boot = storage.get("osDiskImage")
    if boot is None:
        message = "Required parameter 'storageProfile.osDiskImage' is missing (null)."
        raise refusal(400, "InvalidParameter", message)
    content = ""
    for part in (boot, *(storage.get("dataDiskImages") or [])):
        source_id = str((part.get("source") or {}).get("id", ""))
        source = ask.state.resources.find(source_id)
        if source is None or source.type not in _SOURCES:
            raise refusal(404, "ResourceNotFound", f"The resource {source_id} was not found.")
        known = properties(source)
        whole = known if "diskSizeGB" in known else known["storageProfile"]["osDisk"]
        part["sizeInGB"] = whole["diskSizeGB"]
        content = source.content if part is boot else content
    return content
