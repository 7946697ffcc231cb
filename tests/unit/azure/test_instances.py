"""Conversion of VMs to instances."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from providers.azure.ids import normal, to_id
from providers.azure.instances import disks_of, to_instance
from providers.azure.interfaces import NetworkIndex
from skyclust.errors import UnexpectedAnswer
from skyclust.model.instance import InstanceState
from skyclust.model.resource import instance_resource

GROUP = "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/Shop"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
VIEW = {"statuses": [{"code": "ProvisioningState/succeeded"}, {"code": "PowerState/running"}]}


def vm(**changes: Any) -> dict[str, Any]:
    properties = {
        "vmId": "5a0f6d2e-0000-4000-8000-000000000001",
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "storageProfile": {
            "imageReference": {
                "publisher": "Canonical",
                "offer": "ubuntu-24_04-lts",
                "sku": "server",
                "version": "latest",
                "exactVersion": "24.04.202511010",
            },
            "osDisk": {"osType": "Linux", "managedDisk": {"id": f"{COMPUTE}/disks/Web-OS"}},
            "dataDisks": [
                {"lun": 1, "managedDisk": {"id": f"{COMPUTE}/disks/b"}},
                {"lun": 0, "managedDisk": {"id": f"{COMPUTE}/disks/c"}},
            ],
        },
        "networkProfile": {
            "networkInterfaces": [
                {"id": f"{NETWORK}/networkInterfaces/second", "properties": {"primary": False}},
                {"id": f"{NETWORK}/networkInterfaces/First", "properties": {"primary": True}},
            ]
        },
        "provisioningState": "Succeeded",
        "instanceView": VIEW,
        "timeCreated": "2026-04-01T14:00:00.1234567+02:00",
        **changes,
    }
    return {
        "id": f"{COMPUTE}/virtualMachines/Web",
        "name": "Web",
        "location": "West Europe",
        "zones": ["2"],
        "tags": {"team": "shop", "empty": None},
        "properties": properties,
    }


def interface(private: str, public: str | None, subnet: str = "Front") -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "primary": True,
        "privateIPAddress": private,
        "subnet": {"id": f"{NETWORK}/virtualNetworks/Net/subnets/{subnet}"},
    }
    if public:
        configuration["publicIPAddress"] = {"id": f"{NETWORK}/publicIPAddresses/{public}"}
    return {
        "properties": {
            "ipConfigurations": [
                {"properties": {"privateIPAddress": "fd00::4", "privateIPAddressVersion": "IPv6"}},
                {"properties": configuration},
            ],
            "networkSecurityGroup": {"id": f"{NETWORK}/networkSecurityGroups/Web"},
        }
    }


NETWORK_INDEX = NetworkIndex(
    {
        normal(f"{NETWORK}/networkInterfaces/first"): interface("10.0.0.4", "Front"),
        normal(f"{NETWORK}/networkInterfaces/second"): interface("10.0.1.4", None, "Back"),
    },
    {normal(f"{NETWORK}/publicIPAddresses/front"): {"properties": {"ipAddress": "20.1.2.3"}}},
)


def test_a_vm_with_every_field() -> None:
    instance = to_instance(vm(), NETWORK_INDEX)
    assert (instance.region, instance.zone, instance.name) == ("westeurope", "2", "Web")
    assert instance.id == f"{COMPUTE}/virtualMachines/Web".lower()
    assert (instance.type, instance.state) == ("Standard_D2s_v5", InstanceState.RUNNING)
    assert instance.image == "Canonical:ubuntu-24_04-lts:server:24.04.202511010"
    assert instance.subnet == f"{NETWORK}/virtualNetworks/Net/subnets/Front".lower()
    assert instance.network == f"{NETWORK}/virtualNetworks/Net".lower()
    assert instance.private_addresses == ("10.0.0.4", "fd00::4", "10.0.1.4")
    assert instance.public_addresses == ("20.1.2.3",)
    assert instance.tags == {"team": "shop", "empty": ""}
    assert instance.created_at == datetime(2026, 4, 1, 12, 0, 0, 123456, tzinfo=UTC)
    assert instance.attributes == {
        "billed": True,
        "disks": [f"{COMPUTE}/disks/{name}".lower() for name in ("web-os", "c", "b")],
        "firewalls": [f"{NETWORK}/networkSecurityGroups/Web".lower()],
        "identity": None,
        "interfaces": [
            {
                "network": f"{NETWORK}/virtualNetworks/Net".lower(),
                "private_addresses": ["10.0.0.4", "fd00::4"],
                "public_addresses": ["20.1.2.3"],
                "subnet": f"{NETWORK}/virtualNetworks/Net/subnets/Front".lower(),
            },
            {
                "network": f"{NETWORK}/virtualNetworks/Net".lower(),
                "private_addresses": ["10.0.1.4", "fd00::4"],
                "public_addresses": [],
                "subnet": f"{NETWORK}/virtualNetworks/Net/subnets/Back".lower(),
            },
        ],
        "lifecycle": "on-demand",
        "platform": "Linux",
    }


def test_a_vm_with_the_fewest_fields() -> None:
    bare = {"id": f"{COMPUTE}/virtualMachines/Web", "name": "Web", "location": "westeurope"}
    instance = to_instance({**bare, "properties": {"vmId": "ABC"}}, NetworkIndex())
    assert instance.state is InstanceState.UPDATING
    assert instance.native_state == "unknown"
    assert (instance.image, instance.network, instance.private_addresses) == (None, None, ())
    assert instance_resource(instance).attributes["type"] is None


@pytest.mark.parametrize("profile", ["hardware", "storage", "network", "os", "diagnostics"])
def test_a_profile_may_be_null(profile: str) -> None:
    instance = to_instance(vm(**{f"{profile}Profile": None}), NETWORK_INDEX)
    assert (instance.name, instance.state) == ("Web", InstanceState.RUNNING)


def test_a_vm_without_its_vm_id_is_unreadable() -> None:
    with pytest.raises(UnexpectedAnswer, match="vmId"):
        to_instance(vm(vmId=None), NETWORK_INDEX)


@pytest.mark.parametrize(
    ("image_reference", "image"),
    [
        ({"id": f"{COMPUTE}/images/Golden"}, f"{COMPUTE}/images/Golden".lower()),
        (
            {"communityGalleryImageId": "/CommunityGalleries/A/Images/B"},
            "/communitygalleries/a/images/b",
        ),
        ({}, None),
    ],
)
def test_images(image_reference: dict[str, Any], image: str | None) -> None:
    storage = {"imageReference": image_reference}
    assert to_instance(vm(storageProfile=storage), NETWORK_INDEX).image == image


def test_spot_priority_and_user_assigned_identities() -> None:
    spot = vm(priority="Spot")
    spot["identity"] = {
        "type": "SystemAssigned, UserAssigned",
        "userAssignedIdentities": {f"{GROUP}/providers/Microsoft.ManagedIdentity/B": {}},
    }
    attributes = to_instance(spot, NETWORK_INDEX).attributes
    assert attributes["lifecycle"] == "spot"
    assert attributes["identity"] == f"{GROUP}/providers/Microsoft.ManagedIdentity/B".lower()


def test_disks_are_sorted_by_lun() -> None:
    names = [disk.rsplit("/", maxsplit=1)[-1] for disk in disks_of(vm())]
    assert names == ["web-os", "c", "b"]


@pytest.mark.parametrize(
    "value",
    [
        f"{COMPUTE}/virtualMachines/Web",
        f"{COMPUTE}/virtualMachines/Web".upper(),
        f" {COMPUTE}/virtualMachines/web ",
    ],
)
def test_an_id_is_parsed_in_lower_case(value: str) -> None:
    assert str(to_id(value)) == f"{COMPUTE}/virtualMachines/Web".lower()


@pytest.mark.parametrize("value", ["web", "i-0123", GROUP, f"{COMPUTE}/virtualMachines/a/b"])
def test_text_that_is_no_resource_id(value: str) -> None:
    assert to_id(value) is None
