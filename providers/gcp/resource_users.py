"""Which instances and other things have a disk or an address.

A disk or an address names its users by their links, which lack the number that an instance's
id ends with: it is looked up.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from providers.gcp import fields
from providers.gcp.instances import number_of
from providers.gcp.links import own_link, region_of, to_id, to_instance_id, to_link
from providers.gcp.paging import aggregated_pages, things
from providers.gcp.regions import get_zones
from skyclust.errors import NotFound, SkyClustError, UnexpectedAnswer

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients

_DOING = "read the numbers of the instances that disks and addresses are attached to"

Place = tuple[str, str]
"""Zone and name of an instance."""

Numbers = Mapping[Place, str | UnexpectedAnswer | None]
"""The number of each instance; an error where it cannot be read, None for one that is gone."""


class Attachments:
    """Answers who uses a thing; reads the instances once, when the first user is seen.

    `region` is the region that is looked at, None for all.
    """

    def __init__(self, clients: GcpClients, region: str | None) -> None:
        self._clients = clients
        self._region = region
        self._lock = threading.Lock()
        self._numbers: dict[Place, str | UnexpectedAnswer | None] | None = None
        self.unread: dict[str, SkyClustError] = {}
        """The regions whose instances could not be read."""

    def prepare(self, page: Iterable[Any]) -> None:
        """Learn the numbers of all users of the things of a page.

        To be called before `of`: what fails here fails the list, and not one item of it.
        """
        places = {place for thing in page for place in _places(thing)}
        if not places:
            return
        with self._lock:
            if self._numbers is None:
                self._numbers = dict(self._listed())
            for place in sorted(places - self._numbers.keys()):
                # Made or ended while the lists were read, or in a zone that was not.
                unreached = region_of(place[0]) in self.unread
                self._numbers[place] = None if unreached else _number(self._clients, place)

    def of(self, thing: Answer) -> list[str]:
        """Return the ids of a thing's users, instances first, each part sorted."""
        return _user_ids(thing, self._numbers or {})

    def _listed(self) -> Iterator[tuple[Place, str]]:
        for machine in self._machines():
            try:
                link = own_link(machine)
                yield (link.place, link.name), number_of(machine)
            except (UnexpectedAnswer, AttributeError):
                continue  # looked up by itself when a disk or an address names it

    def _machines(self) -> Iterator[Any]:
        if self._region is None:
            for page in aggregated_pages(self._clients, "instances", _DOING):
                self.unread.update(page.unread)
                yield from (machine for _, machine in page.things)
            return
        for zone in get_zones(self._clients, self._region):
            yield from things(self._clients, f"zones/{zone}/instances", _DOING)


def users_of(clients: GcpClients, thing: Answer) -> list[str]:
    """Return the ids of the users of one thing, each looked up by itself, as `Attachments.of`."""
    return _user_ids(thing, {place: _number(clients, place) for place in _places(thing)})


def _number(clients: GcpClients, place: Place) -> str | UnexpectedAnswer | None:
    zone, name = place
    try:
        machine = clients.read(f"zones/{zone}/instances/{name}", _DOING, kind="instance")
        return number_of(machine)
    except NotFound:
        return None
    except UnexpectedAnswer as error:
        return error


def _places(thing: Any) -> list[Place]:
    """Return the places of the instances among a thing's users; none of what cannot be read."""
    users = thing.get("users") if isinstance(thing, dict) else None
    if not isinstance(users, list):
        return []
    links = [to_link(user) for user in users if isinstance(user, str)]
    return [(link.place, link.name) for link in links if link.collection == "instances"]


def _user_ids(thing: Answer, numbers: Numbers) -> list[str]:
    home = own_link(thing).project
    instances: list[str] = []
    others: list[str] = []
    for user in fields.texts(thing, "users"):
        link = to_link(user)
        if link.collection != "instances":
            others.append(to_id(user, home))
            continue
        number = numbers.get((link.place, link.name))
        if isinstance(number, UnexpectedAnswer):
            raise number
        if number is not None:
            instances.append(to_instance_id(user, number))
    return [*sorted(instances), *sorted(others)]
