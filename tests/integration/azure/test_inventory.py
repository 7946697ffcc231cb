"""Lists that change while they are read, and a large estate."""

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
    return [page.to_resource(vm) for page in get_instances(clients) for vm in page.items]


def test_a_vm_newer_than_the_states_is_read_on_its_own(
    clients: AzureClients, running: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = AzureClients.pages

    def before_it_was_created(self: AzureClients, path: str, version: str, **query: str) -> Any:
        return iter(()) if "statusOnly" in query else read(self, path, version, **query)

    monkeypatch.setattr(AzureClients, "pages", before_it_was_created)
    assert _listed(clients) == [instance_resource(running)]
    assert running.state is InstanceState.RUNNING


def test_the_state_of_an_earlier_vm_of_the_name_is_not_used(
    clients: AzureClients, running: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A VM was deleted and created again under its name between the two lists."""
    read = AzureClients.pages

    def of_an_earlier_vm(self: AzureClients, path: str, version: str, **query: str) -> Any:
        for page in read(self, path, version, **query):
            for vm in page if "statusOnly" in query else ():
                view = {"statuses": [{"code": "PowerState/deallocated"}]}
                vm["properties"] |= {"vmId": "another", "instanceView": view}
            yield page

    monkeypatch.setattr(AzureClients, "pages", of_an_earlier_vm)
    assert _listed(clients) == [instance_resource(running)]


def test_an_interface_newer_than_its_list_is_read_on_its_own(
    clients: AzureClients, running: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = AzureClients.pages

    def before_it_was_created(self: AzureClients, path: str, version: str, **query: str) -> Any:
        return (
            iter(())
            if path.endswith("s") and "Network" in path
            else read(self, path, version, **query)
        )

    monkeypatch.setattr(AzureClients, "pages", before_it_was_created)
    assert _listed(clients) == [instance_resource(running)]
    assert running.private_addresses


def test_a_vm_deleted_meanwhile_is_left_out(
    clients: AzureClients, running: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = AzureClients.pages

    def with_a_ghost(self: AzureClients, path: str, version: str, **query: str) -> Any:
        for page in read(self, path, version, **query):
            ghosts = [{**vm, "id": f"{vm['id']}-ghost"} for vm in page]
            models = path.endswith("/virtualMachines") and "statusOnly" not in query
            yield [*page, *ghosts] if models else page

    monkeypatch.setattr(AzureClients, "pages", with_a_ghost)
    assert [vm.id for vm in _listed(clients)] == [running.id]


def test_a_resource_in_an_unlisted_region_is_included(
    provider: AzureProvider, operator: AzureOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sync counts and reports resources in regions that the subscription does not list."""
    disk = operator.ready(operator.disk("spare"))
    monkeypatch.setattr("providers.azure.regions.get_regions", lambda clients: ["eastus"])
    pages = provider.list_account(ResourceKind.DISK)
    [listed] = [each for page in pages for each in page.resources]
    assert (listed.id, listed.region) == (disk, REGION)


def test_an_estate_is_listed_completely(credential: Any, azure_estate: AzureSandbox) -> None:
    provider = AzureProvider(credential)
    resources = {
        kind: [each for page in provider.list_account(kind) for each in page.resources]
        for kind in ResourceKind
    }
    assert len(resources[ResourceKind.INSTANCE]) >= 150
    assert all(resources.values())
    ids = [resource.id for listed in resources.values() for resource in listed]
    assert ids == [each.lower() for each in ids]
    assert len({resource.region for resource in resources[ResourceKind.INSTANCE]}) > 2
    states = {resource.state for resource in resources[ResourceKind.INSTANCE]}
    assert {InstanceState.RUNNING, InstanceState.STOPPED} <= states
    disks = {disk.id for disk in resources[ResourceKind.DISK]}
    for vm in resources[ResourceKind.INSTANCE]:
        attached = vm.attributes["disks"]
        assert isinstance(attached, list)
        assert set(map(str, attached)) <= disks


def test_a_region_that_the_subscription_lacks_is_refused(provider: AzureProvider) -> None:
    with pytest.raises(InvalidRequest, match="It has: eastus, "):
        list(provider.list_resources("mars", ResourceKind.DISK))
