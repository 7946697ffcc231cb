"""The virtual machines of the estate, with their network interfaces and disks."""

from __future__ import annotations

from typing import Any, Final

from skyclust_sandbox.azure.compute import virtual_machine_images, virtual_machines
from skyclust_sandbox.azure.compute.virtual_machine_sizes import SIZES
from skyclust_sandbox.azure.estate.builder import Builder
from skyclust_sandbox.azure.estate.vm_plan import PlannedVm
from skyclust_sandbox.azure.network import network_interfaces
from skyclust_sandbox.azure.state import Resource

_ADMINISTRATOR: Final = "ops"
_KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHgVbFNhdW5kYm94RXN0YXRlS2V5 ops@contoso"


def create_vm(
    builder: Builder,
    planned: PlannedVm,
    subnet_id: str,
    security_group_id: str,
    pool_id: str | None,
) -> Resource:
    """Create a planned VM with its network interface and disks, and return it."""
    interface = _create_interface(builder, planned, subnet_id, security_group_id, pool_id)
    body: dict[str, Any] = {"tags": dict(planned.tags)} if planned.tags else {}
    if planned.zone:
        body["zones"] = [planned.zone]
    key = {"path": f"/home/{_ADMINISTRATOR}/.ssh/authorized_keys", "keyData": _KEY}
    return builder.create(
        virtual_machines.RESOURCE_TYPE,
        planned.group,
        planned.name,
        **body,
        properties={
            "hardwareProfile": {"vmSize": planned.size},
            "storageProfile": _storage_profile(planned),
            "osProfile": {
                "computerName": planned.name,
                "adminUsername": _ADMINISTRATOR,
                "linuxConfiguration": {
                    "disablePasswordAuthentication": True,
                    "ssh": {"publicKeys": [key]},
                },
            },
            "networkProfile": {
                "networkInterfaces": [{"id": interface.id, "properties": {"primary": True}}]
            },
            "diagnosticsProfile": {"bootDiagnostics": {"enabled": bool(planned.environment)}},
        },
    )


def _create_interface(
    builder: Builder,
    planned: PlannedVm,
    subnet_id: str,
    security_group_id: str,
    pool_id: str | None,
) -> Resource:
    ip_properties: dict[str, Any] = {"subnet": {"id": subnet_id}}
    if planned.public:
        address = builder.create_public_address(planned.group, f"{planned.name}-ip")
        ip_properties["publicIPAddress"] = {"id": address.id}
    if pool_id is not None:
        ip_properties["loadBalancerBackendAddressPools"] = [{"id": pool_id}]
    return builder.create(
        network_interfaces.RESOURCE_TYPE,
        planned.group,
        f"{planned.name}-nic",
        tags=dict(planned.tags),
        properties={
            "ipConfigurations": [{"name": "ipconfig1", "properties": ip_properties}],
            "networkSecurityGroup": {"id": security_group_id},
        },
    )


def _storage_profile(planned: PlannedVm) -> dict[str, Any]:
    """Return the storage profile of a VM: Debian for newer VMs, Ubuntu for older ones."""
    architecture = SIZES[planned.size.lower()].architecture
    offer = "debian-12" if planned.age_days < 400 else "ubuntu-24_04-lts"
    sku = next(
        sku
        for sku in virtual_machine_images.IMAGE_SKUS
        if sku.offer == offer and sku.architecture == architecture
    )
    os_disk = {"createOption": "FromImage", "managedDisk": {"storageAccountType": "Premium_LRS"}}
    image = {"publisher": sku.publisher, "offer": sku.offer, "sku": sku.name, "version": "latest"}
    profile: dict[str, Any] = {"imageReference": image, "osDisk": os_disk}
    if planned.data_gib is not None:
        data_disk = {
            "lun": 0,
            "createOption": "Empty",
            "diskSizeGB": planned.data_gib,
            "name": f"{planned.name}-data",
        }
        profile["dataDisks"] = [data_disk]
    return profile
