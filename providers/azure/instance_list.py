"""The list of all VMs of the subscription.

Azure's list contains neither addresses nor power states: interfaces, public addresses and states
come from lists of their own and are joined here.
Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines/list-all
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from providers.azure import api_versions
from providers.azure.ids import normal
from providers.azure.instances import EXPANDED, VIRTUAL_MACHINES, to_instance
from providers.azure.interfaces import (
    NetworkIndex,
    get_network_index,
    interface_ids,
    read_network_index,
    read_unless_deleted,
)
from providers.azure.paging import Page
from skyclust.errors import UnexpectedAnswer
from skyclust.model.resource import Resource, instance_resource

if TYPE_CHECKING:
    from providers.azure.client import AzureClients, Document


def get_instances(clients: AzureClients) -> Iterator[Page]:
    """Yield the VMs of the subscription, page by page.

    States, interfaces and addresses are listed first. A VM or an interface that was created
    since is read on its own, and a VM that was deleted meanwhile is left out. So the list misses
    no VM and contains none that does not exist.
    """
    path = clients.subscription + VIRTUAL_MACHINES
    states: dict[str, Document] = {}
    for page in clients.pages(path, api_versions.COMPUTE, statusOnly="true"):
        states |= {normal(vm["id"]): vm for vm in page if _has_id(vm)}
    network = get_network_index(clients)
    for page in clients.pages(path, api_versions.COMPUTE):
        vms = [*_with_states(clients, page, states)]
        yield Page(vms, _reader(_with_new_interfaces(clients, vms, network)))


def _with_states(
    clients: AzureClients, page: Sequence[Document], states: Mapping[str, Document]
) -> Iterator[Document]:
    """Yield the VMs of a page with their states, and unreadable items as they are."""
    for vm in page:
        joined = _with_state(clients, vm, states) if _has_id(vm) else vm
        if joined is not None or not _has_id(vm):
            yield cast("Document", joined)


def _has_id(vm: object) -> bool:
    return isinstance(vm, Mapping) and isinstance(vm.get("id"), str)


def _with_state(
    clients: AzureClients, vm: Document, states: Mapping[str, Document]
) -> Document | None:
    """Return a VM with the instance view of the list of states, or None if it was deleted."""
    entry, properties = states.get(normal(vm["id"])), vm.get("properties")
    if not isinstance(properties, Mapping):
        return vm
    state = entry.get("properties") if entry is not None else None
    if not isinstance(state, Mapping) or state.get("vmId") != properties.get("vmId"):
        return read_unless_deleted(clients, vm["id"], api_versions.COMPUTE, **EXPANDED)
    return {**vm, "properties": {**properties, "instanceView": state.get("instanceView")}}


def _with_new_interfaces(
    clients: AzureClients, vms: Sequence[Document], network: NetworkIndex
) -> NetworkIndex:
    """Return the index with the interfaces that were created after their list was read."""
    for vm in vms:
        try:
            missing = [each for each in interface_ids(vm) if each not in network.interfaces]
        except UnexpectedAnswer:
            continue  # the conversion of the VM itself reports it
        if missing:
            new = read_network_index(clients, vm)
            network = replace(
                network,
                interfaces={**network.interfaces, **new.interfaces},
                addresses={**network.addresses, **new.addresses},
            )
    return network


def _reader(network: NetworkIndex) -> Callable[[Document], Resource]:
    def to_resource(vm: Document) -> Resource:
        return instance_resource(to_instance(vm, network))

    return to_resource
