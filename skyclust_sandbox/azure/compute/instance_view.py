"""The instance view of a VM, and the other documents that contain its statuses.

Source: https://learn.microsoft.com/en-us/azure/virtual-machines/states-billing
"""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.azure.responses import Document, timestamp
from skyclust_sandbox.azure.state import Resource

_PROVISIONING: Final = {
    "Creating": "Creating",
    "Updating": "Updating",
    "Deleting": "Deleting",
    "Succeeded": "Provisioning succeeded",
    "Failed": "Provisioning failed",
}


def with_instance_view(vm: Resource) -> Document:
    """Return a VM as in the response of a GET with `$expand=instanceView`."""
    properties = {**vm.properties, "instanceView": instance_view(vm)}
    return {**vm.body, "properties": properties}


def status_only(vm: Resource) -> Document:
    """Return a VM as in a list with `statusOnly=true`: little more than its statuses."""
    return {
        "name": vm.name,
        "id": vm.id,
        "type": vm.type,
        "location": vm.location,
        "properties": {
            "vmId": vm.properties["vmId"],
            "provisioningState": vm.properties["provisioningState"],
            "instanceView": {"statuses": statuses(vm)},
        },
    }


def instance_view(vm: Resource) -> Document:
    """Return the instance view of a VM; without guest information unless the VM runs."""
    view: Document = {}
    properties = vm.properties
    if vm.power in {"running", "starting"}:
        view["computerName"] = properties.get("osProfile", {}).get("computerName", vm.name)
        view["osName"] = properties["storageProfile"]["osDisk"].get("osType", "Linux").lower()
        view["vmAgent"] = {
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
    storage_profile = properties["storageProfile"]
    succeeded = {
        "code": "ProvisioningState/succeeded",
        "level": "Info",
        "displayStatus": "Provisioning succeeded",
        "time": timestamp(),
    }
    view["disks"] = [
        {"name": disk["name"], "statuses": [succeeded]}
        for disk in (storage_profile["osDisk"], *storage_profile["dataDisks"])
    ]
    view["hyperVGeneration"] = "V2"
    if properties.get("diagnosticsProfile", {}).get("bootDiagnostics", {}).get("enabled"):
        view["bootDiagnostics"] = {}
    view["statuses"] = statuses(vm)
    return view


def statuses(vm: Resource) -> list[Document]:
    """Return the statuses of a VM: provisioning and, if it has them, power and hibernation."""
    state = vm.properties["provisioningState"]
    provisioning: Document = {
        "code": f"ProvisioningState/{state.lower()}",
        "level": "Info",
        "displayStatus": _PROVISIONING[state],
        "time": timestamp(),
    }
    if state == "Failed" and vm.failure is not None:
        code, message = vm.failure
        provisioning["code"] = f"ProvisioningState/failed/{code}"
        provisioning["level"] = "Error"
        provisioning["message"] = message
    if vm.power is None:
        return [provisioning]
    power: Document = {
        "code": f"PowerState/{vm.power}",
        "level": "Info",
        "displayStatus": f"VM {vm.power}",
    }
    if not vm.hibernated:
        return [provisioning, power]
    hibernation: Document = {
        "code": "HibernationState/Hibernated",
        "level": "Info",
        "displayStatus": "VM hibernated",
    }
    return [provisioning, power, hibernation]
