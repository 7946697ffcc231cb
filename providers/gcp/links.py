"""Links: how Compute Engine names one thing within another, and the ids made of them.

A link is a URL (https://www.googleapis.com/compute/v1/projects/acme/zones/europe-west3-a/disks/web)
or its end from `projects/` on. An id is its short form: `europe-west3-a/web` for what is in a
zone, `europe-west3/web` for what is in a region, `web` for what is global; with
`projects/other/` and the whole path for what belongs to another project. The id of an instance
ends with its number, so that it is never taken for a later machine of the same name; calls that
read or change an instance name it by that number
(`instances.delete` and the others take `[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?|[1-9][0-9]{0,19}`).
Source: https://cloud.google.com/compute/docs/regions-zones/global-regional-zonal-resources
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from providers.gcp import fields
from skyclust.errors import NotFound, UnexpectedAnswer

GLOBAL: Final = "global"
"""The region of what belongs to no region: images, snapshots, networks, firewalls."""


class Link(NamedTuple):
    """A link in its parts; `place` is a zone, a region, or `global`."""

    project: str
    place: str
    collection: str
    name: str


class InstanceId(NamedTuple):
    """An instance id in its parts; `number` is the one that Compute Engine gave it."""

    zone: str
    name: str
    number: str


def to_link(url: str) -> Link:
    """Return a link in its parts, from a whole or a partial URL; missing parts are empty."""
    words = url.rpartition("projects/")[2].split("/")
    project = words[0] if "projects/" in url else ""
    rest = words[1:] if project else words
    if rest[0] == GLOBAL:
        place, rest = GLOBAL, rest[1:]
    elif rest[0] in {"zones", "regions"} and len(rest) > 2:
        place, rest = rest[1], rest[2:]
    else:
        place = ""
    return Link(project, place, rest[0] if rest else "", rest[-1] if len(rest) > 1 else "")


def own_link(thing: Mapping[str, Any]) -> Link:
    """Return the link that a resource has of itself, which is what names it.

    Raises UnexpectedAnswer when there is none, or when it leads to no resource.
    """
    url = fields.required_text(thing, "selfLink")
    link = to_link(url)
    if not (link.project and link.place and link.name):
        raise UnexpectedAnswer(f"The link {url[:80]!r} names no resource.", provider="gcp")
    return link


def id_of(link: Link) -> str:
    """Return the id of a resource in the project that its own link names."""
    return link.name if link.place == GLOBAL else f"{link.place}/{link.name}"


def to_id(url: str, home: str) -> str:
    """Return the id of what a link leads to; `home` is the project that is looked at.

    Raises UnexpectedAnswer for a link that leads to no resource.
    """
    link = to_link(url)
    if not link.name:
        raise UnexpectedAnswer(f"The link {url[:80]!r} names no resource.", provider="gcp")
    if link.project not in {home, ""}:
        return url[url.index("projects/") :]
    return link.name if link.place in {GLOBAL, ""} else f"{link.place}/{link.name}"


def id_in(thing: Mapping[str, Any], key: str, home: str) -> str | None:
    """Return the id of what a field leads to, None when there is no link in it."""
    url = fields.text(thing, key)
    return None if url is None else to_id(url, home)


def ending_in(thing: Mapping[str, Any], key: str) -> str | None:
    """Return the last word of the link in a field, None when there is none."""
    url = fields.text(thing, key)
    return None if url is None else ending(url) or None


def name_of(thing: Mapping[str, Any], link: Link) -> str:
    """Return the name of a resource, which is in its own link as well."""
    return fields.text(thing, "name") or link.name


def ending(url: str) -> str:
    """Return the last word of a link: the name of a zone, region or type; "" for ""."""
    return url.rpartition("/")[2]


def region_of(place: str) -> str:
    """Return the region of a zone, region or `global`.

    A zone's name is its region's, a dash and what ends with a letter; a region's name ends with
    a digit (https://cloud.google.com/compute/docs/regions-zones).
    """
    if place != GLOBAL and place[-1:].isalpha():
        return place.rpartition("-")[0]
    return place


def to_instance_id(url: str, number: str) -> str:
    """Return the id of an instance, from its link and its number."""
    link = to_link(url)
    return f"{link.place}/{link.name}/{number}"


def read_instance_id(region: str, instance_id: str) -> InstanceId:
    """Return an instance id in its parts; raises NotFound for what no instance can have."""
    words = instance_id.split("/")
    if len(words) != len(InstanceId._fields) or not words[2].isdigit():
        raise NotFound(
            f"There is no instance {instance_id!r} in {region}.",
            hint="An instance id is ZONE/NAME/NUMBER, as the inventory shows it.",
            provider="gcp",
        )
    found = InstanceId(*words)
    if region_of(found.zone) != region:
        raise NotFound(
            f"Instance {instance_id} is not in {region}, but in {region_of(found.zone)}.",
            provider="gcp",
        )
    return found
