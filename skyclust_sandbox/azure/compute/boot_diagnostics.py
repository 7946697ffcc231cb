"""What a machine writes to its serial console, and where it can be read.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/boot-diagnostics
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from werkzeug.wrappers import Request, Response

from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal, reply, timestamp
from skyclust_sandbox.azure.state import Resource, State
from skyclust_sandbox.azure.tracked_resources import properties

_MACHINES: Final = "Microsoft.Compute/virtualMachines"


def boot(machine: Resource) -> None:
    """Let a machine write to its console that it starts."""
    machine.boots.append(timestamp())


def retrieve(ask: Ask) -> Response:
    """VirtualMachines_RetrieveBootDiagnosticsData: addresses that need no token, for a time."""
    machine = ask.find(_MACHINES)
    diagnostics = properties(machine).get("diagnosticsProfile", {}).get("bootDiagnostics", {})
    if not diagnostics.get("enabled"):
        message = f"Boot diagnostics is not enabled for the VM '{machine.name}'."
        raise refusal(409, "OperationNotAllowed", message)
    place = f"{machine.subscription}/{machine.group}/{machine.name}"
    base = f"{ask.request.host_url}bootdiagnostics/{place}"
    vm_id = properties(machine)["vmId"]
    query = f"sv=2024-11-04&sr=b&sp=r&sig={signature(vm_id)}"
    return reply(
        {
            "consoleScreenshotBlobUri": f"{base}/{vm_id}.screenshot.bmp?{query}",
            "serialConsoleLogBlobUri": f"{base}/{vm_id}.serialconsole.log?{query}",
        }
    )


def signature(vm_id: str) -> str:
    """Return what proves that an address of a machine's blob was given out here."""
    return hashlib.sha256(f"boot diagnostics of {vm_id}".encode()).hexdigest()


def log_of(machine: Resource) -> str:
    """Return all that a machine wrote to its console."""
    written = []
    for number, when in enumerate(machine.boots):
        written += [
            f"[    0.000000] Linux version 6.8.0-1021-azure boot {number} at {when}",
            f"[    1.204117] systemd[1]: Hostname set to <{machine.name}>.",
            f"cloud-init[812]: Cloud-init v. 24.4 finished at {when}.",
            "",
            f"{machine.name} login: ",
        ]
    return "\r\n".join(written)


def read_blob(state: State, request: Request, names: Mapping[str, str]) -> Response:
    """Return a blob at an address that `retrieve` gave out: the log as text, or the screen."""
    machine = state.resources.find(
        f"/subscriptions/{names['subscription']}/resourceGroups/{names['group']}"
        f"/providers/{_MACHINES}/{names['name']}"
    )
    vm_id, _, kind = names["blob"].partition(".")
    if machine is None or properties(machine)["vmId"] != vm_id:
        return _blob_refusal(404, "BlobNotFound", "The specified blob does not exist.")
    if request.args.get("sig") != signature(vm_id):
        message = "Server failed to authenticate the request. Make sure that the signature fits."
        return _blob_refusal(403, "AuthenticationFailed", message)
    if kind != "serialconsole.log":
        return Response(b"BM", content_type="image/bmp")
    return Response(log_of(machine), content_type="application/octet-stream")


def _blob_refusal(status: int, code: str, message: str) -> Response:
    told = f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{code}</Code>"
    body = f"{told}<Message>{message}</Message></Error>"
    headers = {"x-ms-error-code": code}
    return Response(body, status=status, headers=headers, content_type="application/xml")
