"""Which instance has a disk or an address.

A disk or an address names its users by their links, which lack the number that an instance's
id ends with: it is looked up.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from providers.gcp.links import home_of, to_id, to_instance_id, to_link
from providers.gcp.lists import aggregated_pages, pages
from providers.gcp.regions import get_zones
from skyclust.errors import NotFound, SkyClustError

if TYPE_CHECKING:
    from providers.gcp.client import Answer, GcpClients

_DOING = "read the numbers of the instances that disks and addresses are attached to"


class Attachments:
    """Answers who uses a thing; reads the instances once, when the first user is seen.

    `region` is the region that is looked at, None for all.
    """

    def __init__(self, clients: GcpClients, region: str | None) -> None:
        self._clients = clients
        self._region = region
        self._lock = threading.Lock()
        self._numbers: dict[tuple[str, str], str] | None = None
        self.unread: dict[str, SkyClustError] = {}
        """The regions whose instances could not be read."""

    def of(self, thing: Answer) -> list[str]:
        """Return the ids of a thing's users, sorted."""
        users = thing.get("users", ())
        numbers = self._known() if any(_is_instance(user) for user in users) else {}
        home = home_of(thing["selfLink"])
        return sorted(_user_id(user, home, numbers) for user in users)

    def _known(self) -> dict[tuple[str, str], str]:
        with self._lock:
            if self._numbers is None:
                self._numbers = {
                    _place(machine["selfLink"]): machine["id"] for machine in self._machines()
                }
            return self._numbers

    def _machines(self) -> Iterable[Answer]:
        if self._region is None:
            for page in aggregated_pages(self._clients, "instances", _DOING):
                self.unread.update(page.unread)
                yield from (machine for _, machine in page.things)
            return
        for zone in get_zones(self._clients, self._region):
            for listed in pages(self._clients, f"zones/{zone}/instances", _DOING):
                yield from listed


def users_of(clients: GcpClients, thing: Answer) -> list[str]:
    """Return the ids of the users of one thing, each looked up by itself, sorted."""
    numbers: dict[tuple[str, str], str] = {}
    for user in thing.get("users", ()):
        if _is_instance(user):
            link = to_link(user)
            try:
                machine = clients.read(f"zones/{link.place}/instances/{link.name}", _DOING)
            except NotFound:
                continue
            numbers[_place(user)] = machine["id"]
    home = home_of(thing["selfLink"])
    return sorted(_user_id(user, home, numbers) for user in thing.get("users", ()))


def _is_instance(url: str) -> bool:
    return to_link(url).collection == "instances"


def _place(url: str) -> tuple[str, str]:
    link = to_link(url)
    return link.place, link.name


def _user_id(url: str, home: str, numbers: dict[tuple[str, str], str]) -> str:
    # A machine that came or went in this moment has no number to be known by.
    if _is_instance(url) and (number := numbers.get(_place(url))):
        return to_instance_id(url, number)
    return to_id(url, home)
