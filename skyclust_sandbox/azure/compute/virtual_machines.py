"""Virtual machines: how they are made, read and listed.

Source: https://learn.microsoft.com/en-us/rest/api/compute/virtual-machines
"""

from __future__ import annotations

from typing import Any, Final

from werkzeug.wrappers import Response

from skyclust_sandbox.azure.compute import virtual_machine_interfaces, virtual_machine_updates
from skyclust_sandbox.azure.compute.boot_diagnostics import boot
from skyclust_sandbox.azure.compute.instance_view import (
    instance_view,
    status_only,
    with_instance_view,
)
from skyclust_sandbox.azure.compute.quotas import take_cores
from skyclust_sandbox.azure.compute.virtual_machine_disks import (
    Place,
    plan_boot_disk,
    plan_data_disks,
    settle,
)
from skyclust_sandbox.azure.compute.virtual_machine_sizes import require_location, require_size
from skyclust_sandbox.azure.fault_responses import allocation_message
from skyclust_sandbox.azure.paging import page
from skyclust_sandbox.azure.request_context import Ask
from skyclust_sandbox.azure.responses import refusal, reply, timestamp
from skyclust_sandbox.azure.state import Resource
from skyclust_sandbox.azure.tracked_resources import check_tags, make, properties, read_put

KIND: Final = "Microsoft.Compute/virtualMachines"


def put(ask: Ask) -> Response:
    """VirtualMachines_CreateOrUpdate."""
    existing = ask.state.resources.find(ask.id_of(KIND))
    if existing is not None and ask.request.headers.get("If-None-Match") == "*":
        raise refusal(
            412,
            "PreconditionFailed",
            f"The condition 'If-None-Match: *' is not satisfied: VM {existing.id} exists already.",
        )
    if existing is None and "If-Match" in ask.request.headers:
        message = f"The condition 'If-Match' is not satisfied: there is no VM {ask.id_of(KIND)}."
        raise refusal(412, "PreconditionFailed", message)
    existing, body = read_put(ask, KIND)
    if existing is not None:
        return virtual_machine_updates.replace(ask, existing, body)
    return _create(ask, body)


def get(ask: Ask) -> Response:
    """VirtualMachines_Get."""
    found = ask.find(KIND)
    expanded = ask.request.args.get("$expand", "").lower() == "instanceview"
    content = with_instance_view(found) if expanded else found.body
    return reply(content, headers={"ETag": str(found.body["etag"])})


def get_instance_view(ask: Ask) -> Response:
    """VirtualMachines_InstanceView."""
    return reply(instance_view(ask.find(KIND)))


def list_group(ask: Ask) -> Response:
    """VirtualMachines_List."""
    ask.require_group()
    _refuse_expansion(ask)
    found = ask.state.resources.of_type(ask.names["subscription"], KIND, ask.names["group"])
    return page(ask, found)


def list_all(ask: Ask) -> Response:
    """VirtualMachines_ListAll."""
    _refuse_expansion(ask)
    found = ask.state.resources.of_type(ask.names["subscription"], KIND)
    if ask.request.args.get("statusOnly", "").lower() == "true":
        return page(ask, found, status_only)
    return page(ask, found)


def list_location(ask: Ask) -> Response:
    """VirtualMachines_ListByLocation."""
    location = require_location(ask)
    found = ask.state.resources.of_type(ask.names["subscription"], KIND)
    return page(ask, [one for one in found if one.location == location])


def _refuse_expansion(ask: Ask) -> None:
    """The instance view of many machines is only for those of a named scale set."""
    if "$expand" in ask.request.args and "$filter" not in ask.request.args:
        message = "The $expand query option can only be specified with a valid $filter option."
        raise refusal(400, "InvalidParameter", message)


def _create(ask: Ask, body: dict[str, Any]) -> Response:
    asked = body.setdefault("properties", {})
    check_tags(body.get("tags", {}))
    location, zones = body["location"], body.get("zones", [])
    size = require_size(asked.get("hardwareProfile", {}).get("vmSize"), location, zones)
    storage = asked.setdefault("storageProfile", {})
    place = Place(ask.id_of(KIND), ask.names["name"], location, zones)
    boot_disk = plan_boot_disk(ask, place, storage, size)
    data_disks = plan_data_disks(ask, place, storage.get("dataDisks", []), size)
    interfaces = virtual_machine_interfaces.check(ask, place.machine_id, location, asked)
    take_cores(ask.state, ask.names["subscription"], location, size.cores)
    shown = {
        **asked,
        "hardwareProfile": {"vmSize": size.name},
        "vmId": ask.state.identifiers.new(),
        "timeCreated": timestamp(),
        "provisioningState": "Creating",
        "storageProfile": {
            **storage,
            "osDisk": boot_disk.part,
            "dataDisks": [one.part for one in data_disks],
            "diskControllerType": "SCSI",
        },
    }
    if boot_disk.part["createOption"] == "FromImage":
        shown["osProfile"] = _system(ask.names["name"], asked.get("osProfile"))
    elif "osProfile" in asked:
        message = "Parameter 'osProfile' is not allowed."
        raise refusal(400, "InvalidParameter", message)
    machine = make(ask, KIND, {**body, "etag": '"1"', "properties": shown})
    machine.power = "starting"
    for planned in (boot_disk, *data_disks):
        settle(ask, machine, planned)
    virtual_machine_interfaces.take(ask, machine, interfaces)
    operation = ask.begin(machine, lambda: _finish(ask, machine), output=lambda: machine.body)
    return ask.accepted(operation, machine.body, 201, location=False)


def _finish(ask: Ask, machine: Resource) -> None:
    shown = properties(machine)
    if ask.allocation_failure is None:
        shown["provisioningState"] = "Succeeded"
        machine.power = "running"
        boot(machine)
        return
    message = allocation_message(ask.allocation_failure)
    shown["provisioningState"] = "Failed"
    machine.power = None
    machine.failure = (ask.allocation_failure, message)
    if machine.operation is not None:
        machine.operation.fail(ask.allocation_failure, message)


def _system(name: str, asked: dict[str, Any] | None) -> dict[str, Any]:
    """Return an OS profile as it is shown: without passwords and custom data."""
    if asked is None:
        message = "Required parameter 'osProfile' is missing (null)."
        raise refusal(400, "InvalidParameter", message)
    if not asked.get("adminUsername"):
        message = "Required parameter 'adminUsername' is missing (null)."
        raise refusal(400, "InvalidParameter", message)
    if asked["adminUsername"].lower() in {"admin", "root", "administrator", "guest", "user"}:
        message = "The Admin Username specified is not allowed."
        raise refusal(400, "InvalidParameter", message)
    linux = asked.get("linuxConfiguration", {})
    keys = linux.get("ssh", {}).get("publicKeys", [])
    if linux.get("disablePasswordAuthentication") and not keys:
        message = "Authentication using SSH needs at least one key in linuxConfiguration.ssh."
        raise refusal(400, "InvalidParameter", message)
    if not keys and not asked.get("adminPassword"):
        message = "Required parameter 'adminPassword' is missing (null)."
        raise refusal(400, "InvalidParameter", message)
    for key in keys:
        _check_key(str(key.get("keyData", "")))
    hidden = {"adminPassword", "customData"}
    shown = {
        "computerName": name,
        **{field: value for field, value in asked.items() if field not in hidden},
        "secrets": [],
        "allowExtensionOperations": True,
        "requireGuestProvisionSignal": True,
    }
    if "windowsConfiguration" not in asked:
        shown["linuxConfiguration"] = {
            "disablePasswordAuthentication": False,
            "provisionVMAgent": True,
            "patchSettings": {"patchMode": "ImageDefault", "assessmentMode": "ImageDefault"},
            **linux,
        }
    return shown


def _check_key(key: str) -> None:
    if not key.startswith(("ssh-rsa ", "ssh-ed25519 ")) or len(key.split()) < 2:
        message = "The value of parameter linuxConfiguration.ssh.publicKeys.keyData is invalid."
        raise refusal(400, "InvalidParameter", message)
