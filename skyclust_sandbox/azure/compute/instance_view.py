"""How a machine is shown: with its instance view, and by its status alone.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/states-billing
"""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure.responses import Document, timestamp
from skyclust_sandbox.azure.state import Resource
from skyclust_sandbox.azure.tracked_resources import properties

_PROVISIONING: Final = {
    "Creating": "Creating",
    "Updating": "Updating",
    "Deleting": "Deleting",
    "Succeeded": "Provisioning succeeded",
    "Failed": "Provisioning failed",
}


def with_instance_view(machine: Resource) -> Document:
    """Return a machine as a GET with `$expand=instanceView` does."""
    shown = {**properties(machine), "instanceView": instance_view(machine)}
    return {**machine.body, "properties": shown}


def status_only(machine: Resource) -> Document:
    """Return a machine as a list with `statusOnly=true` does: hardly more than its state."""
    known = properties(machine)
    return {
        "name": machine.name,
        "id": machine.id,
        "type": machine.type,
        "location": machine.location,
        "properties": {
            "vmId": known["vmId"],
            "provisioningState": known["provisioningState"],
            "instanceView": {"statuses": statuses(machine)},
        },
    }


def instance_view(machine: Resource) -> Document:
    """Return the run-time state of a machine; little of it while it is not allocated."""
    shown: Document = {}
    known = properties(machine)
    if machine.power in {"running", "starting"}:
        shown["computerName"] = known.get("osProfile", {}).get("computerName", machine.name)
        shown["osName"] = known["storageProfile"]["osDisk"].get("osType", "Linux").lower()
        shown["vmAgent"] = {
            "vmAgentVersion": "2.11.1.12",
            "statuses": [
                {
                    "code": "ProvisioningState/succeeded",
                    "level": "Info",
                    "displayStatus": "Ready",
                    "message": "Guest Agent is running",
                    "time": timestamp(),
                }
            ],
            "extensionHandlers": [],
        }
    storage = known["storageProfile"]
    succeeded = {
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Provisioning succeeded",
        "time": timestamp(),
    }
    shown["disks"] = [
        {"name": part["name"], "statuses": [succeeded]}
        for part in (storage["osDisk"], *storage["dataDisks"])
    ]
    shown["hyperVGeneration"] = "V2"
    if known.get("diagnosticsProfile", {}).get("bootDiagnostics", {}).get("enabled"):
        shown["bootDiagnostics"] = {}
    shown["statuses"] = statuses(machine)
    return shown


def statuses(machine: Resource) -> list[Document]:
    """Return the provisioning state of a machine and, if it has one, its power state."""
    state = properties(machine)["provisioningState"]
    provisioning: Document = {
        "code": f"ProvisioningState/{state.lower()}",
        "level": "Info",
        "displayStatus": _PROVISIONING[state],
        "time": timestamp(),
    }
    if state == "Failed" and machine.failure is not None:
        code, message = machine.failure
        provisioning["code"] = f"ProvisioningState/failed/{code}"
        provisioning["level"] = "Error"
        provisioning["message"] = message
    if machine.power is None:
        return [provisioning]
    power: Document = {
        "code": f"PowerState/{machine.power}",
        "level": "Info",
        "displayStatus": f"VM {machine.power}",
    }
    if not machine.hibernated:
        return [provisioning, power]
    hibernation: Document = {
        "code": "HibernationState/Hibernated",
        "level": "Info",
        "displayStatus": "VM hibernated",
    }
    return [provisioning, power, hibernation]
