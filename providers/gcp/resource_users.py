"""The users of disks and addresses: the instances and other resources they are attached to.

The field `users` of a disk or an address has links. The link of an instance lacks the numeric id
that ends an instance's id in SkyClust, so the instances are read as well.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from providers.gcp import fields
from providers.gcp.instances import numeric_id_of
from providers.gcp.links import parse_link, region_of, self_link, to_id, to_instance_id
from providers.gcp.paging import list_aggregated_pages, list_all
from providers.gcp.regions import get_zones
from skyclust.errors import NotFound, SkyClustError, UnexpectedAnswer

if TYPE_CHECKING:
    from providers.gcp.client import GcpClients, JsonObject

_DOING = "read the numbers of the instances that disks and addresses are attached to"

InstancePlace = tuple[str, str]
"""Zone and name of an instance."""

NumericIds = Mapping[InstancePlace, str | UnexpectedAnswer | None]
"""The numeric id of each instance, the error if it cannot be read, None if it is deleted."""


class ResourceUsers:
    """Resolves the users of resources; lists the instances once, when the first user is seen.

    `region` is the region whose instances are listed, None for all regions.
    """

    def __init__(self, clients: GcpClients, region: str | None) -> None:
        self._clients = clients
        self._region = region
        self._lock = threading.Lock()
        self._numeric_ids: dict[InstancePlace, str | UnexpectedAnswer | None] | None = None
        self.unread: dict[str, SkyClustError] = {}
        """The regions whose instances could not be read, each with its error."""

    def load(self, page: Iterable[Any]) -> None:
        """Fetch the numeric ids of all users of the resources of a page.

        Called before `ids_of`, so that a failure here fails the list and not a single item.
        """
        places = {place for resource in page for place in _user_places(resource)}
        if not places:
            return
        with self._lock:
            if self._numeric_ids is None:
                self._numeric_ids = dict(self._list_numeric_ids())
            for place in sorted(places - self._numeric_ids.keys()):
                # Created or deleted while the lists were read, or in a zone that was not read.
                is_unread = region_of(place[0]) in self.unread
                self._numeric_ids[place] = None if is_unread else _fetch(self._clients, place)

    def ids_of(self, resource: JsonObject) -> list[str]:
        """Return the ids of the users of a resource: instances first, each group sorted.

        Raises UnexpectedAnswer when the numeric id of an instance cannot be read.
        """
        return _user_ids(resource, self._numeric_ids or {})

    def _list_numeric_ids(self) -> Iterator[tuple[InstancePlace, str]]:
        for vm in self._list_instances():
            try:
                link = self_link(vm)
                yield (link.location, link.name), numeric_id_of(vm)
            except (UnexpectedAnswer, AttributeError):
                continue  # fetched individually if a disk or an address refers to it

    def _list_instances(self) -> Iterator[Any]:
        if self._region is None:
            for page in list_aggregated_pages(self._clients, "instances", _DOING):
                self.unread.update(page.unread)
                yield from (vm for _, vm in page.items)
            return
        for zone in get_zones(self._clients, self._region):
            yield from list_all(self._clients, f"zones/{zone}/instances", _DOING)


def user_ids_of(clients: GcpClients, resource: JsonObject) -> list[str]:
    """Return the ids of the users of one resource, fetching each instance individually.

    Order and errors are those of `ResourceUsers.ids_of`.
    """
    numeric_ids = {place: _fetch(clients, place) for place in _user_places(resource)}
    return _user_ids(resource, numeric_ids)


def _fetch(clients: GcpClients, place: InstancePlace) -> str | UnexpectedAnswer | None:
    zone, name = place
    try:
        vm = clients.get(f"zones/{zone}/instances/{name}", _DOING, kind="instance")
        return numeric_id_of(vm)
    except NotFound:
        return None
    except UnexpectedAnswer as error:
        return error


def _user_places(resource: Any) -> list[InstancePlace]:
    """Return zone and name of the instances in `users`; an unreadable field has none."""
    users = resource.get("users") if isinstance(resource, dict) else None
    if not isinstance(users, list):
        return []
    links = [parse_link(user) for user in users if isinstance(user, str)]
    return [(link.location, link.name) for link in links if link.collection == "instances"]


def _user_ids(resource: JsonObject, numeric_ids: NumericIds) -> list[str]:
    project = self_link(resource).project
    instances: list[str] = []
    other_users: list[str] = []
    for user in fields.texts(resource, "users"):
        link = parse_link(user)
        if link.collection != "instances":
            other_users.append(to_id(user, project))
            continue
        number = numeric_ids.get((link.location, link.name))
        if isinstance(number, UnexpectedAnswer):
            raise number
        if number is not None:
            instances.append(to_instance_id(user, number))
    return [*sorted(instances), *sorted(other_users)]
