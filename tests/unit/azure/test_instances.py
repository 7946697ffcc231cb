"""What Azure tells of a machine, in our words."""

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


def machine(**changes: Any) -> dict[str, Any]:
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


AROUND = NetworkIndex(
    {
        normal(f"{NETWORK}/networkInterfaces/first"): interface("10.0.0.4", "Front"),
        normal(f"{NETWORK}/networkInterfaces/second"): interface("10.0.1.4", None, "Back"),
    },
    {normal(f"{NETWORK}/publicIPAddresses/front"): {"properties": {"ipAddress": "20.1.2.3"}}},
)


def test_a_machine_is_told_whole() -> None:
    found = to_instance(machine(), AROUND)
    assert (found.region, found.zone, found.name) == ("westeurope", "2", "Web")
    assert found.id == f"{COMPUTE}/virtualMachines/Web".lower()
    assert (found.type, found.state) == ("Standard_D2s_v5", InstanceState.RUNNING)
    assert found.image == "Canonical:ubuntu-24_04-lts:server:24.04.202511010"
    assert found.subnet == f"{NETWORK}/virtualNetworks/Net/subnets/Front".lower()
    assert found.network == f"{NETWORK}/virtualNetworks/Net".lower()
    assert found.private_addresses == ("10.0.0.4", "fd00::4", "10.0.1.4")
    assert found.public_addresses == ("20.1.2.3",)
    assert found.tags == {"team": "shop", "empty": ""}
    assert found.created_at == datetime(2026, 4, 1, 12, 0, 0, 123456, tzinfo=UTC)
    assert found.attributes == {
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


def test_a_machine_as_little_as_azure_may_tell() -> None:
    bare = {"id": f"{COMPUTE}/virtualMachines/Web", "name": "Web", "location": "westeurope"}
    found = to_instance({**bare, "properties": {"vmId": "ABC"}}, NetworkIndex())
    assert found.state is InstanceState.UPDATING
    assert found.native_state == "unknown"
    assert (found.image, found.network, found.private_addresses) == (None, None, ())
    assert instance_resource(found).attributes["type"] is None


@pytest.mark.parametrize("profile", ["hardware", "storage", "network", "os", "diagnostics"])
def test_a_profile_that_is_null_is_none(profile: str) -> None:
    found = to_instance(machine(**{f"{profile}Profile": None}), AROUND)
    assert (found.name, found.state) == ("Web", InstanceState.RUNNING)


def test_a_machine_that_nothing_proves_is_not_read() -> None:
    with pytest.raises(UnexpectedAnswer, match="vmId"):
        to_instance(machine(vmId=None), AROUND)


@pytest.mark.parametrize(
    ("image", "told"),
    [
        ({"id": f"{COMPUTE}/images/Golden"}, f"{COMPUTE}/images/Golden".lower()),
        (
            {"communityGalleryImageId": "/CommunityGalleries/A/Images/B"},
            "/communitygalleries/a/images/b",
        ),
        ({}, None),
    ],
)
def test_images(image: dict[str, Any], told: str | None) -> None:
    storage = {"imageReference": image}
    assert to_instance(machine(storageProfile=storage), AROUND).image == told


def test_other_ways_of_paying_and_identities() -> None:
    spot = machine(priority="Spot")
    spot["identity"] = {
        "type": "SystemAssigned, UserAssigned",
        "userAssignedIdentities": {f"{GROUP}/providers/Microsoft.ManagedIdentity/B": {}},
    }
    attributes = to_instance(spot, AROUND).attributes
    assert attributes["lifecycle"] == "spot"
    assert attributes["identity"] == f"{GROUP}/providers/Microsoft.ManagedIdentity/B".lower()


def test_disks_in_their_order() -> None:
    names = [disk.rsplit("/", maxsplit=1)[-1] for disk in disks_of(machine())]
    assert names == ["web-os", "c", "b"]


@pytest.mark.parametrize(
    "written",
    [
        f"{COMPUTE}/virtualMachines/Web",
        f"{COMPUTE}/virtualMachines/Web".upper(),
        f" {COMPUTE}/virtualMachines/web ",
    ],
)
def test_an_id_has_one_spelling(written: str) -> None:
    assert str(to_id(written)) == f"{COMPUTE}/virtualMachines/Web".lower()


@pytest.mark.parametrize("written", ["web", "i-0123", GROUP, f"{COMPUTE}/virtualMachines/a/b"])
def test_what_is_no_id(written: str) -> None:
    assert to_id(written) is None
