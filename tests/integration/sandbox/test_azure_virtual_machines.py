"""The life of a machine in the sandbox Azure, driven by Azure's own SDK."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.azure import AzureSandbox
from tests.integration.sandbox.azure import (
    GROUP,
    LOCATION,
    Clients,
    ask,
    clients,
    id_of,
    machine,
    make_interface,
    make_machine,
    power_of,
    refusal,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def azure(azure_sandbox: AzureSandbox) -> Clients:
    return clients(azure_sandbox)


def test_a_machine_goes_through_its_states(azure_sandbox: AzureSandbox, azure: Clients) -> None:
    interface = make_interface(azure_sandbox, azure, "nic")
    path = id_of(azure_sandbox, "Microsoft.Compute/virtualMachines", "one")
    asked = ask(azure_sandbox, "PUT", path, machine(interface), token=azure.token)
    assert asked.status == 201
    assert asked.content["properties"]["provisioningState"] == "Creating"
    assert "customData" not in asked.content["properties"]["osProfile"]
    operation = asked.headers["Azure-AsyncOperation"]
    status = ask(azure_sandbox, "GET", operation, token=azure.token)
    assert (status.status, status.content["status"]) == (200, "InProgress")
    assert _ended(azure_sandbox, operation, azure.token)["status"] == "Succeeded"
    assert power_of(azure, "one") == "running"
    for act, state in (
        (azure.compute.virtual_machines.begin_power_off, "stopped"),
        (azure.compute.virtual_machines.begin_start, "running"),
        (azure.compute.virtual_machines.begin_restart, "running"),
        (azure.compute.virtual_machines.begin_deallocate, "deallocated"),
        (azure.compute.virtual_machines.begin_deallocate, "deallocated"),
        (azure.compute.virtual_machines.begin_start, "running"),
    ):
        act(GROUP, "one").result()
        assert power_of(azure, "one") == state
    azure.compute.virtual_machines.begin_delete(GROUP, "one").result()
    with pytest.raises(ResourceNotFoundError):
        azure.compute.virtual_machines.get(GROUP, "one")
    azure.compute.virtual_machines.begin_delete(GROUP, "one").result()


def _ended(sandbox: AzureSandbox, operation: str, token: str) -> dict[str, Any]:
    while True:
        told: dict[str, Any] = ask(sandbox, "GET", operation, token=token).content
        if told["status"] != "InProgress":
            return told


def test_a_second_put_is_refused_when_it_asks_for_that(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    made = make_machine(azure_sandbox, azure, "one")
    body = machine(made.network_profile.network_interfaces[0].id)
    path = made.id.replace("resourceGroups", "RESOURCEGROUPS").replace("/one", "/ONE")
    again = ask(azure_sandbox, "PUT", path, body, token=azure.token, If_None_Match="*")
    assert (again.status, again.code) == (412, "PreconditionFailed")
    found = ask(azure_sandbox, "GET", path, token=azure.token).content
    assert found["id"] == made.id
    assert found["etag"] == '"1"'


def test_what_ends_with_a_machine_and_what_stays(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    for name, option in (("goes", "Delete"), ("stays", "Detach")):
        address = azure.network.public_ip_addresses.begin_create_or_update(
            GROUP,
            f"{name}-ip",
            {
                "location": LOCATION,
                "sku": {"name": "Standard"},
                "properties": {"publicIPAllocationMethod": "Static"},
            },
        ).result()
        reference = {"id": address.id, "properties": {"deleteOption": option}}
        interface = make_interface(azure_sandbox, azure, f"{name}-nic", publicIPAddress=reference)
        azure.compute.virtual_machines.begin_create_or_update(
            GROUP, name, machine(interface, option=option)
        ).result()
        azure.compute.virtual_machines.begin_delete(GROUP, name).result()
    left = [
        *(one.name for one in azure.network.network_interfaces.list_all()),
        *(one.name for one in azure.network.public_ip_addresses.list_all()),
        *(str(one.name).split("_")[0] for one in azure.compute.disks.list()),
    ]
    assert left == ["stays-nic", "stays-ip", "stays"]
    azure.network.network_interfaces.begin_delete(GROUP, "stays-nic").result()
    azure.network.public_ip_addresses.begin_delete(GROUP, "stays-ip").result()


def test_a_busy_machine_and_a_machine_at_rest_refuse(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    make_machine(azure_sandbox, azure, "one")
    machines = azure.compute.virtual_machines
    stopping = machines.begin_deallocate(GROUP, "one")
    assert power_of(azure, "one") == "deallocating"
    assert refusal(machines.begin_start, GROUP, "one") == (409, "Conflict")
    assert refusal(machines.begin_update, GROUP, "one", {"tags": {}}) == (409, "Conflict")
    stopping.result()
    assert refusal(machines.begin_restart, GROUP, "one") == (409, "OperationNotAllowed")
    assert refusal(machines.begin_power_off, GROUP, "one") == (409, "OperationNotAllowed")
    ending = machines.begin_delete(GROUP, "one")
    assert refusal(machines.begin_start, GROUP, "one") == (409, "OperationNotAllowed")
    ending.result()


def test_a_resize_within_the_hardware_and_beyond(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    make_machine(azure_sandbox, azure, "one")
    machines = azure.compute.virtual_machines

    def resize(size: str) -> Any:
        wanted = {"properties": {"hardwareProfile": {"vmSize": size}}}
        return machines.begin_update(GROUP, "one", wanted)

    resize("Standard_B2ms").result()
    assert power_of(azure, "one") == "running"
    assert refusal(resize, "Standard_D2s_v5") == (409, "OperationNotAllowed")
    machines.begin_deallocate(GROUP, "one").result()
    assert resize("Standard_D2s_v5").result().hardware_profile.vm_size == "Standard_D2s_v5"
    assert refusal(resize, "Standard_Z1") == (400, "InvalidParameter")
    assert refusal(resize, "Standard_D2ps_v5") == (400, "BadRequest")


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"hardwareProfile": {"vmSize": "Standard_Huge"}}, (400, "InvalidParameter")),
        ({"hardwareProfile": {"vmSize": "Standard_M64ms"}}, (201, "")),
        ({"hardwareProfile": {"vmSize": "Standard_B2ps_v2"}}, (400, "BadRequest")),
        ({"osProfile": {"adminUsername": "root"}}, (400, "InvalidParameter")),
        ({"networkProfile": {"networkInterfaces": []}}, (400, "InvalidParameter")),
        (
            {"networkProfile": {"networkInterfaces": [{"id": "/subscriptions/none"}]}},
            (400, "InvalidResourceReference"),
        ),
        (
            {
                "storageProfile": {
                    "imageReference": {"publisher": "Canonical", "offer": "none", "sku": "none"}
                }
            },
            (404, "PlatformImageNotFound"),
        ),
        ({"hardwareprofile": {}}, (400, "InvalidRequestContent")),
        ({"storageProfile": {"osDisk": {"createOption": "Guess"}}}, (400, "InvalidRequestContent")),
    ],
)
def test_what_cannot_be_made_is_refused_and_leaves_nothing(
    azure_sandbox: AzureSandbox,
    azure: Clients,
    change: dict[str, Any],
    refused: tuple[int, str],
) -> None:
    interface = make_interface(azure_sandbox, azure, "nic")
    path = id_of(azure_sandbox, "Microsoft.Compute/virtualMachines", "one")
    asked = ask(azure_sandbox, "PUT", path, machine(interface, **change), token=azure.token)
    assert (asked.status, asked.code if asked.status >= 400 else "") == refused
    if asked.status >= 400:
        assert list(azure.compute.disks.list()) == []
        assert list(azure.compute.virtual_machines.list_all()) == []
        assert azure.network.network_interfaces.get(GROUP, "nic").virtual_machine is None


def test_sizes_zones_and_interfaces_are_where_they_are(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    interface = make_interface(azure_sandbox, azure, "nic")
    path = id_of(azure_sandbox, "Microsoft.Compute/virtualMachines", "one")
    body = machine(interface)

    def put(**more: Any) -> tuple[int, str]:
        asked = ask(azure_sandbox, "PUT", path, {**body, **more}, token=azure.token)
        return asked.status, asked.code

    big = {**body["properties"], "hardwareProfile": {"vmSize": "Standard_M64ms"}}
    assert put(location="eastus", properties=big) == (409, "SkuNotAvailable")
    assert put(location="eastus") == (400, "InvalidResourceReference")
    assert put(location="westus", zones=["1"]) == (400, "AvailabilityZoneNotSupported")
    assert put(zones=["4"]) == (400, "InvalidAvailabilityZone")
    assert put(location="moon") == (400, "LocationNotAvailableForResourceType")
    nowhere = path.replace("/default/", "/none/")
    asked = ask(azure_sandbox, "PUT", nowhere, body, token=azure.token)
    assert (asked.status, asked.code) == (404, "ResourceGroupNotFound")


@pytest.mark.parametrize("code", ["AllocationFailed", "ZonalAllocationFailed"])
def test_an_allocation_fails_after_it_was_accepted(
    azure_sandbox: AzureSandbox, azure: Clients, code: str
) -> None:
    interface = make_interface(azure_sandbox, azure, "nic")
    azure_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action="VirtualMachines_CreateOrUpdate", code=code)
    )
    machines = azure.compute.virtual_machines
    creation = machines.begin_create_or_update(GROUP, "one", machine(interface))
    with pytest.raises(HttpResponseError) as raised:
        creation.result()
    assert raised.value.error is not None
    assert raised.value.error.code == code
    assert machines.get(GROUP, "one").provisioning_state == "Failed"
    statuses = machines.instance_view(GROUP, "one").statuses
    assert [one.code for one in statuses or []] == [f"ProvisioningState/failed/{code}"]
    machines.begin_delete(GROUP, "one").result()
    assert list(azure.compute.disks.list()) == []
    assert list(azure.network.network_interfaces.list_all()) == []


def test_a_machine_tells_what_it_wrote_to_its_console(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    make_machine(azure_sandbox, azure, "one")
    azure.compute.virtual_machines.begin_restart(GROUP, "one").result()
    told = azure.compute.virtual_machines.retrieve_boot_diagnostics_data(GROUP, "one")
    address = str(told.serial_console_log_blob_uri)
    with urllib.request.urlopen(address, timeout=10) as reply:
        assert reply.read().count(b"one login:") == 2
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address.partition("?")[0], timeout=10)
