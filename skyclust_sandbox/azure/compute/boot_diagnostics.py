"""Boot diagnostics of virtual machines: the serial console log and the screenshot.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/boot-diagnostics
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.azure.request_context import RequestContext
from skyclust_sandbox.azure.responses import arm_error, json_response, timestamp
from skyclust_sandbox.azure.state import Resource, State

_VIRTUAL_MACHINES: Final = "Microsoft.Compute/virtualMachines"


def record_boot(vm: Resource) -> None:
    """Record a boot now; the serial console log gets the messages of each boot."""
    vm.boots.append(timestamp())


def retrieve_boot_diagnostics_data(context: RequestContext) -> Response:
    """VirtualMachines_RetrieveBootDiagnosticsData: blob URLs with a shared access signature."""
    vm = context.require_resource(_VIRTUAL_MACHINES)
    diagnostics = vm.properties.get("diagnosticsProfile", {}).get("bootDiagnostics", {})
    if not diagnostics.get("enabled"):
        message = f"Boot diagnostics is not enabled for the VM '{vm.name}'."
        raise arm_error(409, "OperationNotAllowed", message)
    path = f"bootdiagnostics/{vm.subscription}/{vm.group}/{vm.name}"
    base = f"{context.request.host_url}{path}"
    vm_id = vm.properties["vmId"]
    query = f"sv=2024-11-04&sr=b&sp=r&sig={_signature(vm_id)}"
    return json_response(
        {
            "consoleScreenshotBlobUri": f"{base}/{vm_id}.screenshot.bmp?{query}",
            "serialConsoleLogBlobUri": f"{base}/{vm_id}.serialconsole.log?{query}",
        }
    )


def read_blob(state: State, request: Request, path_parameters: Mapping[str, str]) -> Response:
    """Return the blob at a signed URL: the serial console log, or the screenshot."""
    vm = state.resources.find(
        f"/subscriptions/{path_parameters['subscription']}"
        f"/resourceGroups/{path_parameters['group']}"
        f"/providers/{_VIRTUAL_MACHINES}/{path_parameters['name']}"
    )
    vm_id, _, blob = path_parameters["blob"].partition(".")
    if vm is None or vm.properties["vmId"] != vm_id:
        return _blob_error_response(404, "BlobNotFound", "The specified blob does not exist.")
    if request.args.get("sig") != _signature(vm_id):
        message = "Server failed to authenticate the request. Make sure that the signature fits."
        return _blob_error_response(403, "AuthenticationFailed", message)
    if blob != "serialconsole.log":
        return Response(b"BM", content_type="image/bmp")
    return Response(_serial_console_log(vm), content_type="application/octet-stream")


def _signature(vm_id: str) -> str:
    return hashlib.sha256(f"boot diagnostics of {vm_id}".encode()).hexdigest()


def _serial_console_log(vm: Resource) -> str:
    lines = []
    for number, when in enumerate(vm.boots):
        lines += [
            f"[    0.000000] Linux version 6.8.0-1021-azure boot {number} at {when}",
            f"[    1.204117] systemd[1]: Hostname set to <{vm.name}>.",
            f"cloud-init[812]: Cloud-init v. 24.4 finished at {when}.",
            "",
            f"{vm.name} login: ",
        ]
    return "\r\n".join(lines)


def _blob_error_response(status: int, code: str, message: str) -> Response:
    body = (
        f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{code}</Code>"
        f"<Message>{message}</Message></Error>"
    )
    headers = {"x-ms-error-code": code}
    return Response(body, status=status, headers=headers, content_type="application/xml")
