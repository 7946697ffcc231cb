"""The list of all virtual machines.

It tells neither addresses nor power states of machines: interfaces, public addresses and states
are lists of their own, put together here.
Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/list-all
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from providers.azure import api_versions
from providers.azure.ids import normal
from providers.azure.instances import EXPANDED, MACHINES, to_instance
from providers.azure.interfaces import (
    Surroundings,
    get_surroundings,
    interface_ids,
    surroundings_of,
    unless_gone,
)
from providers.azure.paging import Page
from skyclust.errors import UnexpectedAnswer
from skyclust.model.resource import Resource, instance_resource

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


def get_instances(clients: AzureClients) -> Iterator[Page]:
    """Yield the machines of the subscription, page by page.

    States and surroundings are read first. A machine, or an interface, that is new since then
    is asked for alone, and left out when it is gone by then: none is lost, and none invented.
    """
    path = clients.subscription + MACHINES
    states: dict[str, Document] = {}
    for page in clients.pages(path, api_versions.COMPUTE, statusOnly="true"):
        states |= {normal(one["id"]): one for one in page if _has_id(one)}
    around = get_surroundings(clients)
    for page in clients.pages(path, api_versions.COMPUTE):
        seen = [*_seen(clients, page, states)]
        yield Page(seen, _reader(_with_new_interfaces(clients, seen, around)))


def _seen(
    clients: AzureClients, page: Sequence[Document], states: Mapping[str, Document]
) -> Iterator[Document]:
    for one in page:
        known = _with_states(clients, one, states) if _has_id(one) else one
        if known is not None or not _has_id(one):
            yield cast("Document", known)


def _has_id(machine: object) -> bool:
    return isinstance(machine, Mapping) and isinstance(machine.get("id"), str)


def _with_states(
    clients: AzureClients, machine: Document, states: Mapping[str, Document]
) -> Document | None:
    """Return a machine of a list with the statuses of the other list, None when it is gone."""
    told, properties = states.get(normal(machine["id"])), machine.get("properties")
    if not isinstance(properties, Mapping):
        return machine
    states_of = told.get("properties") if told is not None else None
    if not isinstance(states_of, Mapping) or states_of.get("vmId") != properties.get("vmId"):
        return unless_gone(clients, machine["id"], api_versions.COMPUTE, **EXPANDED)
    return {**machine, "properties": {**properties, "instanceView": states_of.get("instanceView")}}


def _with_new_interfaces(
    clients: AzureClients, machines: Sequence[Document], around: Surroundings
) -> Surroundings:
    """Return the surroundings with the interfaces that came after their list was read."""
    for machine in machines:
        try:
            missing = [one for one in interface_ids(machine) if one not in around.interfaces]
        except UnexpectedAnswer:
            continue  # whoever reads the machine itself says so
        if missing:
            new = surroundings_of(clients, machine)
            around = replace(
                around,
                interfaces={**around.interfaces, **new.interfaces},
                addresses={**around.addresses, **new.addresses},
            )
    return around


def _reader(around: Surroundings) -> Callable[[Document], Resource]:
    def to_resource(machine: Document) -> Resource:
        return instance_resource(to_instance(machine, around))

    return to_resource
