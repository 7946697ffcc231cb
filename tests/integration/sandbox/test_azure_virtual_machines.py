"""The lifecycle of a VM in the sandbox Azure, driven by the Azure SDK."""

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
    clients,
    create_interface,
    create_vm,
    error_of,
    power_state,
    resource_id,
    send,
    vm_body,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def azure(azure_sandbox: AzureSandbox) -> Clients:
    return clients(azure_sandbox)


def test_a_vm_goes_through_its_power_states(azure_sandbox: AzureSandbox, azure: Clients) -> None:
    interface = create_interface(azure_sandbox, azure, "nic")
    path = resource_id(azure_sandbox, "Microsoft.Compute/virtualMachines", "vm-1")
    response = send(azure_sandbox, "PUT", path, vm_body(interface), token=azure.token)
    assert response.status == 201
    assert response.content["properties"]["provisioningState"] == "Creating"
    assert "customData" not in response.content["properties"]["osProfile"]
    operation = response.headers["Azure-AsyncOperation"]
    status = send(azure_sandbox, "GET", operation, token=azure.token)
    assert (status.status, status.content["status"]) == (200, "InProgress")
    assert _wait(azure_sandbox, operation, azure.token)["status"] == "Succeeded"
    assert power_state(azure, "vm-1") == "running"
    for begin, state in (
        (azure.compute.virtual_machines.begin_power_off, "stopped"),
        (azure.compute.virtual_machines.begin_start, "running"),
        (azure.compute.virtual_machines.begin_restart, "running"),
        (azure.compute.virtual_machines.begin_deallocate, "deallocated"),
        (azure.compute.virtual_machines.begin_deallocate, "deallocated"),
        (azure.compute.virtual_machines.begin_start, "running"),
    ):
        begin(GROUP, "vm-1").result()
        assert power_state(azure, "vm-1") == state
    azure.compute.virtual_machines.begin_delete(GROUP, "vm-1").result()
    with pytest.raises(ResourceNotFoundError):
        azure.compute.virtual_machines.get(GROUP, "vm-1")
    azure.compute.virtual_machines.begin_delete(GROUP, "vm-1").result()


def _wait(sandbox: AzureSandbox, operation: str, token: str) -> dict[str, Any]:
    while True:
        status: dict[str, Any] = send(sandbox, "GET", operation, token=token).content
        if status["status"] != "InProgress":
            return status


def test_a_second_put_with_if_none_match_is_refused(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    vm = create_vm(azure_sandbox, azure, "vm-1")
    body = vm_body(vm.network_profile.network_interfaces[0].id)
    path = vm.id.replace("resourceGroups", "RESOURCEGROUPS").replace("/vm-1", "/VM-1")
    second = send(azure_sandbox, "PUT", path, body, token=azure.token, If_None_Match="*")
    assert (second.status, second.code) == (412, "PreconditionFailed")
    document = send(azure_sandbox, "GET", path, token=azure.token).content
    assert document["id"] == vm.id
    assert document["etag"] == '"1"'


def test_the_delete_option_decides_what_is_deleted_with_a_vm(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    for name, option in (("deleted", "Delete"), ("kept", "Detach")):
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
        interface = create_interface(azure_sandbox, azure, f"{name}-nic", publicIPAddress=reference)
        azure.compute.virtual_machines.begin_create_or_update(
            GROUP, name, vm_body(interface, option=option)
        ).result()
        azure.compute.virtual_machines.begin_delete(GROUP, name).result()
    remaining = [
        *(interface.name for interface in azure.network.network_interfaces.list_all()),
        *(address.name for address in azure.network.public_ip_addresses.list_all()),
        *(str(disk.name).split("_")[0] for disk in azure.compute.disks.list()),
    ]
    assert remaining == ["kept-nic", "kept-ip", "kept"]
    azure.network.network_interfaces.begin_delete(GROUP, "kept-nic").result()
    azure.network.public_ip_addresses.begin_delete(GROUP, "kept-ip").result()


def test_a_busy_vm_and_a_deallocated_vm_refuse_changes(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    create_vm(azure_sandbox, azure, "vm-1")
    vms = azure.compute.virtual_machines
    deallocation = vms.begin_deallocate(GROUP, "vm-1")
    assert power_state(azure, "vm-1") == "deallocating"
    assert error_of(vms.begin_start, GROUP, "vm-1") == (409, "Conflict")
    assert error_of(vms.begin_update, GROUP, "vm-1", {"tags": {}}) == (409, "Conflict")
    deallocation.result()
    assert error_of(vms.begin_restart, GROUP, "vm-1") == (409, "OperationNotAllowed")
    assert error_of(vms.begin_power_off, GROUP, "vm-1") == (409, "OperationNotAllowed")
    deletion = vms.begin_delete(GROUP, "vm-1")
    assert error_of(vms.begin_start, GROUP, "vm-1") == (409, "OperationNotAllowed")
    deletion.result()


def test_a_resize_within_and_beyond_the_size_family(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    create_vm(azure_sandbox, azure, "vm-1")
    vms = azure.compute.virtual_machines

    def resize(size: str) -> Any:
        change = {"properties": {"hardwareProfile": {"vmSize": size}}}
        return vms.begin_update(GROUP, "vm-1", change)

    resize("Standard_B2ms").result()
    assert power_state(azure, "vm-1") == "running"
    assert error_of(resize, "Standard_D2s_v5") == (409, "OperationNotAllowed")
    vms.begin_deallocate(GROUP, "vm-1").result()
    assert resize("Standard_D2s_v5").result().hardware_profile.vm_size == "Standard_D2s_v5"
    assert error_of(resize, "Standard_Z1") == (400, "InvalidParameter")
    assert error_of(resize, "Standard_D2ps_v5") == (400, "BadRequest")


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
def test_an_invalid_vm_is_refused_and_creates_nothing(
    azure_sandbox: AzureSandbox,
    azure: Clients,
    change: dict[str, Any],
    refused: tuple[int, str],
) -> None:
    interface = create_interface(azure_sandbox, azure, "nic")
    path = resource_id(azure_sandbox, "Microsoft.Compute/virtualMachines", "vm-1")
    response = send(azure_sandbox, "PUT", path, vm_body(interface, **change), token=azure.token)
    assert (response.status, response.code if response.status >= 400 else "") == refused
    if response.status >= 400:
        assert list(azure.compute.disks.list()) == []
        assert list(azure.compute.virtual_machines.list_all()) == []
        assert azure.network.network_interfaces.get(GROUP, "nic").virtual_machine is None


def test_sizes_zones_and_interfaces_belong_to_locations(
    azure_sandbox: AzureSandbox, azure: Clients
) -> None:
    interface = create_interface(azure_sandbox, azure, "nic")
    path = resource_id(azure_sandbox, "Microsoft.Compute/virtualMachines", "vm-1")
    body = vm_body(interface)

    def put(**changes: Any) -> tuple[int, str]:
        response = send(azure_sandbox, "PUT", path, {**body, **changes}, token=azure.token)
        return response.status, response.code

    big = {**body["properties"], "hardwareProfile": {"vmSize": "Standard_M64ms"}}
    assert put(location="eastus", properties=big) == (409, "SkuNotAvailable")
    assert put(location="eastus") == (400, "InvalidResourceReference")
    assert put(location="westus", zones=["1"]) == (400, "AvailabilityZoneNotSupported")
    assert put(zones=["4"]) == (400, "InvalidAvailabilityZone")
    assert put(location="moon") == (400, "LocationNotAvailableForResourceType")
    nowhere = path.replace("/default/", "/none/")
    response = send(azure_sandbox, "PUT", nowhere, body, token=azure.token)
    assert (response.status, response.code) == (404, "ResourceGroupNotFound")


@pytest.mark.parametrize("code", ["AllocationFailed", "ZonalAllocationFailed"])
def test_an_allocation_fails_after_it_was_accepted(
    azure_sandbox: AzureSandbox, azure: Clients, code: str
) -> None:
    interface = create_interface(azure_sandbox, azure, "nic")
    azure_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action="VirtualMachines_CreateOrUpdate", code=code)
    )
    vms = azure.compute.virtual_machines
    creation = vms.begin_create_or_update(GROUP, "vm-1", vm_body(interface))
    with pytest.raises(HttpResponseError) as raised:
        creation.result()
    assert raised.value.error is not None
    assert raised.value.error.code == code
    assert vms.get(GROUP, "vm-1").provisioning_state == "Failed"
    statuses = vms.instance_view(GROUP, "vm-1").statuses
    assert [status.code for status in statuses or []] == [f"ProvisioningState/failed/{code}"]
    vms.begin_delete(GROUP, "vm-1").result()
    assert list(azure.compute.disks.list()) == []
    assert list(azure.network.network_interfaces.list_all()) == []


def test_the_serial_console_log_of_a_vm(azure_sandbox: AzureSandbox, azure: Clients) -> None:
    create_vm(azure_sandbox, azure, "vm-1")
    azure.compute.virtual_machines.begin_restart(GROUP, "vm-1").result()
    blobs = azure.compute.virtual_machines.retrieve_boot_diagnostics_data(GROUP, "vm-1")
    url = str(blobs.serial_console_log_blob_uri)
    with urllib.request.urlopen(url, timeout=10) as response:
        assert response.read().count(b"vm-1 login:") == 2
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url.partition("?")[0], timeout=10)
