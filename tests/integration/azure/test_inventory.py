"""Reading: lists that change while they are read, and an estate of some age."""

from __future__ import annotations

from typing import Any

import pytest

from providers.azure.client import AzureClients
from providers.azure.instance_list import get_instances
from providers.azure.provider import AzureProvider
from skyclust.errors import InvalidRequest
from skyclust.model.instance import Instance, InstanceState
from skyclust.model.resource import Resource, ResourceKind, instance_resource
from tests.conformance.azure import REGION
from tests.conformance.azure_operator import AzureOperator
from tests.fixtures.azure import AzureSandbox

pytestmark = pytest.mark.integration


def _listed(clients: AzureClients) -> list[Resource]:
    return [page.to_resource(one) for page in get_instances(clients) for one in page.items]


def test_a_machine_newer_than_the_states_is_asked_for(
    clients: AzureClients, running: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = AzureClients.pages

    def before_it_was_made(self: AzureClients, path: str, version: str, **query: str) -> Any:
        return iter(()) if "statusOnly" in query else read(self, path, version, **query)

    monkeypatch.setattr(AzureClients, "pages", before_it_was_made)
    assert _listed(clients) == [instance_resource(running)]
    assert running.state is InstanceState.RUNNING


def test_a_state_of_the_machine_before_is_not_taken_for_this_ones(
    clients: AzureClients, running: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine was made anew under its name between both lists."""
    read = AzureClients.pages

    def of_the_one_before(self: AzureClients, path: str, version: str, **query: str) -> Any:
        for page in read(self, path, version, **query):
            for one in page if "statusOnly" in query else ():
                view = {"statuses": [{"code": "PowerState/deallocated"}]}
                one["properties"] |= {"vmId": "another", "instanceView": view}
            yield page

    monkeypatch.setattr(AzureClients, "pages", of_the_one_before)
    assert _listed(clients) == [instance_resource(running)]


def test_an_interface_newer_than_its_list_is_asked_for(
    clients: AzureClients, running: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = AzureClients.pages

    def before_it_was_made(self: AzureClients, path: str, version: str, **query: str) -> Any:
        return (
            iter(())
            if path.endswith("s") and "Network" in path
            else read(self, path, version, **query)
        )

    monkeypatch.setattr(AzureClients, "pages", before_it_was_made)
    assert _listed(clients) == [instance_resource(running)]
    assert running.private_addresses


def test_a_machine_that_went_meanwhile_is_not_invented(
    clients: AzureClients, running: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = AzureClients.pages

    def with_a_ghost(self: AzureClients, path: str, version: str, **query: str) -> Any:
        for page in read(self, path, version, **query):
            ghosts = [{**one, "id": f"{one['id']}-ghost"} for one in page]
            models = path.endswith("/virtualMachines") and "statusOnly" not in query
            yield [*page, *ghosts] if models else page

    monkeypatch.setattr(AzureClients, "pages", with_a_ghost)
    assert [one.id for one in _listed(clients)] == [running.id]


def test_what_is_in_a_region_without_a_name_is_counted(
    provider: AzureProvider, operator: AzureOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sync counts and names what is in regions that the subscription does not name."""
    disk = operator.ready(operator.disk("spare"))
    monkeypatch.setattr("providers.azure.regions.get_regions", lambda clients: ["eastus"])
    [found] = [one for page in provider.list_account(ResourceKind.DISK) for one in page.resources]
    assert (found.id, found.region) == (disk, REGION)


def test_an_estate_is_read_whole(credential: Any, azure_estate: AzureSandbox) -> None:
    provider = AzureProvider(credential)
    found = {
        kind: [one for page in provider.list_account(kind) for one in page.resources]
        for kind in ResourceKind
    }
    assert len(found[ResourceKind.INSTANCE]) >= 150
    assert all(found.values())
    ids = [resource.id for listed in found.values() for resource in listed]
    assert ids == [one.lower() for one in ids]
    assert len({resource.region for resource in found[ResourceKind.INSTANCE]}) > 2
    states = {resource.state for resource in found[ResourceKind.INSTANCE]}
    assert {InstanceState.RUNNING, InstanceState.STOPPED} <= states
    disks = {disk.id for disk in found[ResourceKind.DISK]}
    for machine in found[ResourceKind.INSTANCE]:
        held = machine.attributes["disks"]
        assert isinstance(held, list)
        assert set(map(str, held)) <= disks


def test_a_region_that_the_subscription_lacks_is_refused(provider: AzureProvider) -> None:
    with pytest.raises(InvalidRequest, match="It has: eastus, "):
        list(provider.list_resources("mars", ResourceKind.DISK))
