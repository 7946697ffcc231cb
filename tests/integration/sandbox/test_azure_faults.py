"""Faults as a client of the sandbox Azure receives them."""

from __future__ import annotations

import http.client

import pytest

from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.azure import AzureSandbox
from tests.integration.sandbox.azure import (
    LOCATION,
    SCOPE,
    clients,
    create_interface,
    credential,
    resource_id,
    send,
    vm_body,
)

pytestmark = pytest.mark.integration

VIRTUAL_MACHINES = "/providers/Microsoft.Compute/virtualMachines"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        (Fault(kind=FaultKind.THROTTLE, seconds=7), 429, "TooManyRequests"),
        (Fault(kind=FaultKind.DENY), 403, "AuthorizationFailed"),
        (Fault(kind=FaultKind.EXPIRE), 401, "ExpiredAuthenticationToken"),
        (Fault(kind=FaultKind.ERROR), 500, "InternalServerError"),
        (Fault(kind=FaultKind.ERROR, code="QuotaExceeded"), 409, "OperationNotAllowed"),
        (Fault(kind=FaultKind.ERROR, code="SkuNotAvailable"), 409, "SkuNotAvailable"),
        (Fault(kind=FaultKind.ERROR, code="ServerTimeout", status=504), 504, "ServerTimeout"),
    ],
)
def test_a_fault_is_an_error_response_of_azure(
    azure_sandbox: AzureSandbox, fault: Fault, status: int, code: str
) -> None:
    token = credential(azure_sandbox).get_token(SCOPE).token
    azure_sandbox.inject(fault)
    response = send(azure_sandbox, "GET", VIRTUAL_MACHINES, token=token)
    assert (response.status, response.code) == (status, code)
    if status == 429:
        assert response.headers["Retry-After"] == "7"
        assert response.headers["x-ms-ratelimit-remaining-subscription-reads"] == "0"
    if fault.code == "QuotaExceeded":
        assert "quota" in response.content["error"]["message"].lower()


def test_faults_match_the_client_the_location_and_the_action(azure_sandbox: AzureSandbox) -> None:
    main = clients(azure_sandbox)
    operator = clients(azure_sandbox, azure_sandbox.operator_id, azure_sandbox.operator_secret)
    interface = create_interface(azure_sandbox, main, "nic")
    path = resource_id(azure_sandbox, "Microsoft.Network/networkInterfaces", "nic")
    assert interface == path
    azure_sandbox.inject(
        Fault(kind=FaultKind.DENY, region=LOCATION, access_key=azure_sandbox.client_id)
    )
    for token, url, status in (
        (main.token, path, 403),
        (main.token, path.upper(), 403),
        (operator.token, path, 200),
        (main.token, VIRTUAL_MACHINES, 200),
        (main.token, f"/providers/Microsoft.Compute/locations/{LOCATION}/vmSizes", 403),
        (main.token, "/providers/Microsoft.Compute/locations/eastus/vmSizes", 200),
    ):
        assert send(azure_sandbox, "GET", url, token=token).status == status
    azure_sandbox.clear()
    azure_sandbox.inject(Fault(kind=FaultKind.ERROR, action="VirtualMachines_ListAll"))
    assert send(azure_sandbox, "GET", VIRTUAL_MACHINES, token=main.token).status == 500
    assert send(azure_sandbox, "GET", path, token=main.token).status == 200
    assert azure_sandbox.calls()["VirtualMachines_ListAll"] == 2


def test_a_lost_response_leaves_the_resource(azure_sandbox: AzureSandbox) -> None:
    azure = clients(azure_sandbox)
    interface = create_interface(azure_sandbox, azure, "nic")
    azure_sandbox.inject(
        Fault(kind=FaultKind.DROP_REPLY, action="VirtualMachines_CreateOrUpdate", times=1)
    )
    path = resource_id(azure_sandbox, "Microsoft.Compute/virtualMachines", "vm-1")
    body = vm_body(interface)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        send(azure_sandbox, "PUT", path, body, token=azure.token, If_None_Match="*")
    second = send(azure_sandbox, "PUT", path, body, token=azure.token, If_None_Match="*")
    assert second.status == 412
    assert len(list(azure.compute.virtual_machines.list_all())) == 1


def test_an_api_version_is_required(azure_sandbox: AzureSandbox) -> None:
    token = credential(azure_sandbox).get_token(SCOPE).token
    without = send(azure_sandbox, "GET", VIRTUAL_MACHINES, token=token, version="")
    assert (without.status, without.code) == (400, "MissingApiVersionParameter")
    unknown = send(azure_sandbox, "GET", VIRTUAL_MACHINES, token=token, version="2015-01-01")
    assert (unknown.status, unknown.code) == (400, "InvalidApiVersionParameter")
    unrouted = send(azure_sandbox, "GET", "/providers/Microsoft.Nothing/things", token=token)
    assert (unrouted.status, unrouted.code) == (404, "InvalidResourceType")
