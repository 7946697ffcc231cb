"""Resources as Azure returns them, with every field that the provider reads and with lists of
more than one entry.

In the form of the examples in Azure/azure-rest-api-specs (Microsoft.Compute 2024-11-01
and DiskRP 2024-03-02, GalleryRP 2023-07-03, Microsoft.Network 2024-05-01).
"""

from __future__ import annotations

from typing import Any, Final

Document = dict[str, Any]

GROUP: Final = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/Shop"
NETWORK: Final = f"{GROUP}/providers/Microsoft.Network"
COMPUTE: Final = f"{GROUP}/providers/Microsoft.Compute"
SUBNET: Final = f"{NETWORK}/virtualNetworks/Net/subnets/Front"


def _resource(path: str, properties: Document, **more: Any) -> Document:
    return {
        "id": path,
        "name": path.rpartition("/")[2],
        "location": "westeurope",
        "tags": {"team": "shop", "stage": "test"},
        "properties": {"provisioningState": "Succeeded", **properties},
        **more,
    }


def _to(path: str, **properties: Any) -> Document:
    return {"id": path, "properties": properties} if properties else {"id": path}


VM: Final = _resource(
    f"{COMPUTE}/virtualMachines/Web",
    {
        "vmId": "5A0F6D2E-0000-4000-8000-000000000001",
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "storageProfile": {
            "imageReference": {
                "publisher": "Canonical",
                "offer": "ubuntu-24_04-lts",
                "sku": "server",
                "version": "latest",
                "exactVersion": "24.04.202511010",
            },
            "osDisk": {
                "osType": "Linux",
                "name": "Web-OS",
                "managedDisk": {"id": f"{COMPUTE}/disks/Web-OS"},
            },
            "dataDisks": [
                {"lun": 1, "name": "b", "managedDisk": {"id": f"{COMPUTE}/disks/b"}},
                {"lun": 0, "name": "a", "managedDisk": {"id": f"{COMPUTE}/disks/a"}},
            ],
        },
        "osProfile": {"computerName": "Web", "adminUsername": "ops"},
        "networkProfile": {
            "networkInterfaces": [
                _to(f"{NETWORK}/networkInterfaces/Second", primary=False),
                _to(f"{NETWORK}/networkInterfaces/First", primary=True),
            ]
        },
        "diagnosticsProfile": {"bootDiagnostics": {"enabled": True}},
        "priority": "Spot",
        "timeCreated": "2026-04-01T14:00:00.1234567+02:00",
        "instanceView": {
            "statuses": [
                {"code": "ProvisioningState/succeeded", "displayStatus": "Provisioning succeeded"},
                {"code": "PowerState/running", "displayStatus": "VM running"},
            ]
        },
    },
    zones=["2"],
    etag='"3"',
    identity={
        "type": "UserAssigned",
        "userAssignedIdentities": {
            f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/A": {},
            f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/B": {},
        },
    },
)

INTERFACE: Final = _resource(
    f"{NETWORK}/networkInterfaces/First",
    {
        "ipConfigurations": [
            {
                "name": "v6",
                "properties": {
                    "primary": False,
                    "privateIPAddress": "fd00::4",
                    "privateIPAddressVersion": "IPv6",
                    "subnet": {"id": SUBNET},
                    "publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/Six"},
                },
            },
            {
                "name": "v4",
                "properties": {
                    "primary": True,
                    "privateIPAddress": "10.0.0.4",
                    "privateIPAddressVersion": "IPv4",
                    "subnet": {"id": SUBNET},
                    "publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/Four"},
                },
            },
        ],
        "networkSecurityGroup": {"id": f"{NETWORK}/networkSecurityGroups/Web"},
        "virtualMachine": {"id": f"{COMPUTE}/virtualMachines/Web"},
    },
)

ADDRESS: Final = _resource(
    f"{NETWORK}/publicIPAddresses/Four",
    {
        "ipAddress": "20.1.2.3",
        "publicIPAddressVersion": "IPv4",
        "ipConfiguration": {"id": f"{NETWORK}/networkInterfaces/First/ipConfigurations/v4"},
    },
    sku={"name": "Standard"},
    zones=["1"],
)

DISK: Final = _resource(
    f"{COMPUTE}/disks/Data",
    {
        "diskSizeGB": 128,
        "diskState": "Attached",
        "diskIOPSReadWrite": 500,
        "diskMBpsReadWrite": 100,
        "timeCreated": "2026-01-02T03:04:05Z",
        "uniqueId": "9A0F6D2E-0000-4000-8000-000000000002",
        "maxShares": 2,
        "creationData": {
            "createOption": "Copy",
            "sourceResourceId": f"{COMPUTE}/snapshots/Nightly",
        },
    },
    sku={"name": "Premium_LRS"},
    zones=["1"],
    managedBy=f"{COMPUTE}/virtualMachines/Web",
    managedByExtended=[f"{COMPUTE}/virtualMachines/Web", f"{COMPUTE}/virtualMachines/Api"],
)

SNAPSHOT: Final = _resource(
    f"{COMPUTE}/snapshots/Nightly",
    {
        "diskSizeGB": 30,
        "completionPercent": 100,
        "incremental": True,
        "timeCreated": "2026-01-02T03:04:05Z",
        "creationData": {"createOption": "Copy", "sourceResourceId": f"{COMPUTE}/disks/Data"},
    },
    sku={"name": "Standard_ZRS"},
)

IMAGE: Final = _resource(
    f"{COMPUTE}/images/Golden",
    {
        "hyperVGeneration": "V2",
        "storageProfile": {
            "osDisk": {
                "osType": "Linux",
                "diskSizeGB": 30,
                "snapshot": {"id": f"{COMPUTE}/snapshots/B"},
            },
            "dataDisks": [
                {"lun": 0, "diskSizeGB": 8, "snapshot": {"id": f"{COMPUTE}/snapshots/A"}},
                {"lun": 1, "diskSizeGB": 9, "snapshot": {"id": f"{COMPUTE}/snapshots/C"}},
            ],
        },
    },
)

GALLERY: Final = _resource(
    f"{COMPUTE}/galleries/Shared", {"sharingProfile": {"permissions": "Community"}}
)

DEFINITION: Final = _resource(
    f"{COMPUTE}/galleries/Shared/images/Hardened",
    {"osType": "Linux", "architecture": "x64", "description": "for all teams"},
)

VERSION: Final = _resource(
    f"{COMPUTE}/galleries/Shared/images/Hardened/versions/1.2.0",
    {
        "publishingProfile": {
            "publishedDate": "2026-01-02T03:04:05Z",
            "targetRegions": [{"name": "West Europe"}, {"name": "North Europe"}],
        },
        "storageProfile": {
            "osDiskImage": {"sizeInGB": 30, "source": {"id": f"{COMPUTE}/snapshots/B"}},
            "dataDiskImages": [
                {"lun": 0, "sizeInGB": 8, "source": {"id": f"{COMPUTE}/snapshots/A"}},
                {"lun": 1, "sizeInGB": 9, "source": {"id": f"{COMPUTE}/snapshots/C"}},
            ],
        },
    },
)

VIRTUAL_NETWORK: Final = _resource(
    f"{NETWORK}/virtualNetworks/Net",
    {"addressSpace": {"addressPrefixes": ["10.0.0.0/16", "fd00::/48"]}, "subnets": []},
)

FRONT_SUBNET: Final = {
    "id": SUBNET,
    "name": "Front",
    "location": "westeurope",
    "properties": {
        "provisioningState": "Succeeded",
        "addressPrefixes": ["fd00::/64", "10.0.0.0/24"],
        "ipConfigurations": [{"id": "a"}, {"id": "b"}],
    },
}

SECURITY_GROUP: Final = _resource(
    f"{NETWORK}/networkSecurityGroups/Web",
    {
        "subnets": [{"id": SUBNET}, {"id": f"{NETWORK}/virtualNetworks/Net/subnets/Back"}],
        "networkInterfaces": [
            {"id": f"{NETWORK}/networkInterfaces/First"},
            {"id": f"{NETWORK}/networkInterfaces/Second"},
        ],
        "securityRules": [
            {
                "name": "web",
                "properties": {
                    "priority": 200,
                    "direction": "Inbound",
                    "access": "Deny",
                    "protocol": "Tcp",
                    "sourceAddressPrefixes": ["10.2.0.0/16", "fd00::/8"],
                    "sourceApplicationSecurityGroups": [
                        {"id": f"{NETWORK}/applicationSecurityGroups/Web"}
                    ],
                    "destinationAddressPrefix": "VirtualNetwork",
                    "destinationPortRanges": ["22", "8000-8080"],
                },
            },
            {
                "name": "out",
                "properties": {
                    "priority": 100,
                    "direction": "Outbound",
                    "access": "Allow",
                    "protocol": "*",
                    "sourceAddressPrefix": "*",
                    "destinationAddressPrefixes": ["Internet", "10.0.0.0/8"],
                    "destinationPortRange": "443",
                },
            },
        ],
    },
)

LOAD_BALANCER: Final = _resource(
    f"{NETWORK}/loadBalancers/Front",
    {
        "frontendIPConfigurations": [
            {
                "name": "public",
                "zones": ["2", "1"],
                "properties": {"publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/Four"}},
            },
            {
                "name": "inner",
                "properties": {"privateIPAddress": "10.0.0.9", "subnet": {"id": SUBNET}},
            },
        ]
    },
    sku={"name": "Standard"},
)

SIZE: Final = {
    "resourceType": "virtualMachines",
    "name": "Standard_D2s_v5",
    "family": "standardDSv5Family",
    "locations": ["westeurope"],
    "locationInfo": [{"location": "westeurope", "zones": ["1", "2"]}],
    "capabilities": [
        {"name": "vCPUs", "value": "2"},
        {"name": "MemoryGB", "value": "8"},
        {"name": "CpuArchitectureType", "value": "x64"},
    ],
    "restrictions": [
        {"type": "Zone", "restrictionInfo": {"locations": ["westeurope"], "zones": ["2"]}}
    ],
}
