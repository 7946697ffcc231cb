"""Resource links of Compute Engine, and the ids that SkyClust makes of them.

A link is a URL (https://www.googleapis.com/compute/v1/projects/acme/zones/europe-west3-a/disks/web)
or its part from `projects/` on. An id is the short form of a link: `europe-west3-a/web` for a
resource of a zone, `europe-west3/web` for a resource of a region, `web` for a global resource,
and the link from `projects/` on for a resource of another project. The id of an instance ends
with its numeric id, so that a later instance of the same name has another id. Calls that read
or change an instance address it by the numeric id
(`instances.delete` and the others take `[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?|[1-9][0-9]{0,19}`).
Source: https://cloud.google.com/compute/docs/regions-zones/global-regional-zonal-resources
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from providers.gcp import fields
from skyclust.errors import NotFound, UnexpectedAnswer

GLOBAL: Final = "global"
"""The region under which global resources are listed: images, snapshots, networks, firewalls."""


class Link(NamedTuple):
    """The parts of a link; `location` is a zone, a region, or `global`."""

    project: str
    location: str
    collection: str
    name: str


class InstanceId(NamedTuple):
    """The parts of an instance id; `number` is the numeric id that Compute Engine assigned."""

    zone: str
    name: str
    number: str


def parse_link(url: str) -> Link:
    """Return the parts of a whole or partial URL; parts that the URL lacks are empty."""
    segments = url.rpartition("projects/")[2].split("/")
    project = segments[0] if "projects/" in url else ""
    rest = segments[1:] if project else segments
    if rest[0] == GLOBAL:
        location, rest = GLOBAL, rest[1:]
    elif rest[0] in {"zones", "regions"} and len(rest) > 2:
        location, rest = rest[1], rest[2:]
    else:
        location = ""
    return Link(project, location, rest[0] if rest else "", rest[-1] if len(rest) > 1 else "")


def self_link(resource: Mapping[str, Any]) -> Link:
    """Return the parts of a resource's `selfLink`, which identifies it.

    Raises UnexpectedAnswer when the field is absent or does not name a resource.
    """
    url = fields.required_text(resource, "selfLink")
    link = parse_link(url)
    if not (link.project and link.location and link.name):
        raise UnexpectedAnswer(f"The link {url[:80]!r} names no resource.", provider="gcp")
    return link


def id_of(link: Link) -> str:
    """Return the id of a resource within its own project, from its `selfLink`."""
    return link.name if link.location == GLOBAL else f"{link.location}/{link.name}"


def to_id(url: str, project: str) -> str:
    """Return the id of the resource that a link leads to, as seen from a project.

    Raises UnexpectedAnswer for a link that does not name a resource.
    """
    link = parse_link(url)
    if not link.name:
        raise UnexpectedAnswer(f"The link {url[:80]!r} names no resource.", provider="gcp")
    if link.project not in {project, ""}:
        return link_path(url)
    return link.name if link.location in {GLOBAL, ""} else f"{link.location}/{link.name}"


def id_in(resource: Mapping[str, Any], key: str, project: str) -> str | None:
    """Return the id of the resource that a link field leads to, None when it is absent."""
    url = fields.text(resource, key)
    return None if url is None else to_id(url, project)


def link_path(url: str) -> str:
    """Return a link from `projects/` on, unchanged when it has no such part."""
    return url[url.index("projects/") :] if "projects/" in url else url


def last_segment(url: str) -> str:
    """Return the last segment of a link: the name of a zone, region or type; "" for ""."""
    return url.rpartition("/")[2]


def last_segment_in(resource: Mapping[str, Any], key: str) -> str | None:
    """Return the last segment of a link field, None when it is absent."""
    url = fields.text(resource, key)
    return None if url is None else last_segment(url) or None


def name_of(resource: Mapping[str, Any], link: Link) -> str:
    """Return the name of a resource, from its `selfLink` when `name` is absent."""
    return fields.text(resource, "name") or link.name


def region_of(location: str) -> str:
    """Return the region of a zone, region or `global`.

    A zone's name is its region's name, a dash and a suffix that ends with a letter; a region's
    name ends with a digit (https://cloud.google.com/compute/docs/regions-zones).
    """
    if location != GLOBAL and location[-1:].isalpha():
        return location.rpartition("-")[0]
    return location


def to_instance_id(url: str, number: str) -> str:
    """Return the id of an instance, from its link and its numeric id."""
    link = parse_link(url)
    return f"{link.location}/{link.name}/{number}"


def parse_instance_id(region: str, instance_id: str) -> InstanceId:
    """Return the parts of an instance id; raises NotFound for an id that no instance can have.

    Such an id has another form than ZONE/NAME/NUMBER, or a zone of another region.
    """
    segments = instance_id.split("/")
    if len(segments) != len(InstanceId._fields) or not segments[2].isdigit():
        raise NotFound(
            f"There is no instance {instance_id!r} in {region}.",
            hint="An instance id is ZONE/NAME/NUMBER, as the inventory shows it.",
            provider="gcp",
        )
    parsed = InstanceId(*segments)
    if region_of(parsed.zone) != region:
        raise NotFound(
            f"Instance {instance_id} is not in {region}, but in {region_of(parsed.zone)}.",
            provider="gcp",
        )
    return parsed
