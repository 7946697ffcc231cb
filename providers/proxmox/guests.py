"""Reading guests: one at a location, and many at a time, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from providers.proxmox.drives import drives
from providers.proxmox.fields import to_text
from providers.proxmox.guest_records import Guest, Location
from providers.proxmox.notes import Metadata, read_metadata
from providers.proxmox.storages import is_shared
from providers.proxmox.tasks import running_tasks
from providers.proxmox.vmids import own_metadata
from skyclust.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from providers.proxmox.client import ProxmoxClients

READERS: Final = 8
"""How many guests are read at the same time: each configuration is a request of its own."""


@dataclass(frozen=True)
class Reading:
    """The result of reading one guest of a page: the guest, or the error."""

    location: Location
    outcome: Guest | Exception

    def guest(self) -> Guest:
        """Return the guest; raises the error that reading it raised."""
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def require_online(location: Location, doing: str) -> None:
    """Raise Unavailable when a guest's node is offline, so that the guest cannot be read."""
    if not location.online:
        raise Unavailable(
            f"Could not {doing}: node {location.node} of {location.label} is offline.",
            provider="proxmox",
        )


def read_guest(clients: ProxmoxClients, location: Location, doing: str) -> Guest:
    """Return the guest at a location; raises NotFound when it is not there."""
    config = read_config(clients, location, doing)
    status = clients.get_object(f"{location.path}/status/current", doing)
    tasks = running_tasks(clients, location.node, doing, location.vmid)
    return to_guest(clients, location, status, config, tasks)


def read_config(clients: ProxmoxClients, location: Location, doing: str) -> Mapping[str, Any]:
    """Return the current configuration of a guest, without changes pending until its next start."""
    return clients.get_object(f"{location.path}/config", doing, current=1)


def to_guest(
    clients: ProxmoxClients,
    location: Location,
    status: Mapping[str, Any],
    config: Mapping[str, Any],
    tasks: Mapping[int, str],
) -> Guest:
    """Return a guest, composed of the replies of several calls."""
    metadata = _metadata(config, location)
    storages = {drive.volume.partition(":")[0] for drive in drives(config)}
    shared = frozenset(name for name in storages if is_shared(clients, name))
    return Guest(location, status, config, tasks.get(location.vmid), metadata, shared)


def with_config(guest: Guest, config: Mapping[str, Any]) -> Guest:
    """Return a guest with a configuration that was read later."""
    return replace(guest, config=config, metadata=_metadata(config, guest.location))


def _metadata(config: Mapping[str, Any], location: Location) -> Metadata:
    return own_metadata(read_metadata(to_text(config.get("description")) or ""), location.vmid)


def read_pages(
    locations: Sequence[Location], page_size: int, read: Callable[[Location], Guest | None]
) -> Iterator[list[Reading]]:
    """Yield the results of reading the guests at some locations, page by page.

    A guest for which `read` returns None is left out. An error of one guest is kept in its
    reading, and does not end the list.
    """

    def attempt(location: Location) -> Reading | None:
        try:
            guest = read(location)
        except Exception as error:
            return Reading(location, error)
        return None if guest is None else Reading(location, guest)

    with ThreadPoolExecutor(READERS, thread_name_prefix="proxmox") as pool:
        for start in range(0, len(locations), page_size):
            page = locations[start : start + page_size]
            yield [reading for reading in pool.map(attempt, page) if reading is not None]


def read_templates(
    clients: ProxmoxClients, locations: Sequence[Location], doing: str
) -> list[Reading]:
    """Return the templates at some locations; a template that was deleted meanwhile is left out."""

    def read(location: Location) -> Guest | None:
        try:
            return to_guest(clients, location, {}, read_config(clients, location, doing), {})
        except NotFound:
            return None

    pages = read_pages(locations, max(1, len(locations)), read)
    return [reading for page in pages for reading in page]
