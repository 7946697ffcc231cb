"""The request that creates a VM, and the specs that are refused before it is sent."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import pytest
from azure.mgmt.compute.models import VirtualMachine

from providers.azure.create_request import check_spec, fingerprint, to_request
from providers.azure.creation import is_not_visible_yet
from providers.azure.lookups import Lookups, find_image, throwaway_key
from providers.azure.resource_names import ResourceNames, tags_for
from providers.azure.tags import check_tags, to_tag
from skyclust.errors import InvalidRequest, NotFound, Terminal
from skyclust.model.instance import DiskSpec, InstanceSpec

TOKEN = "0c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e10"
_MISSING = "InvalidResourceReference"
INTERFACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkInterfaces/n"


def spec(**changes: Any) -> InstanceSpec:
    values = {"name": "web", "region": "westeurope", "type": "Standard_B2s", "image": "a:b:c:d"}
    return InstanceSpec.model_validate(values | changes)


def request(requested: InstanceSpec) -> Any:
    lookups = Lookups(image={"id": "i"}, subnet="s", keys=["ssh-ed25519 A"])
    return to_request(requested, TOKEN, lookups, interface=INTERFACE)


def test_a_minimal_spec() -> None:
    body = request(spec(tags={"team": "shop"}))
    assert body["location"] == "westeurope"
    assert "zones" not in body
    assert body["tags"]["skyclust-token"] == TOKEN
    assert body["tags"]["team"] == "shop"
    properties = body["properties"]
    assert properties["diagnosticsProfile"]["bootDiagnostics"]["enabled"]
    assert properties["osProfile"]["adminUsername"] == "skyclust"
    linux = properties["osProfile"]["linuxConfiguration"]
    assert linux["disablePasswordAuthentication"]
    assert linux["ssh"]["publicKeys"][0]["path"].endswith("/skyclust/.ssh/authorized_keys")
    assert "adminPassword" not in properties["osProfile"]
    assert "customData" not in properties["osProfile"]


def test_a_spec_with_every_field() -> None:
    full = spec(
        name="web.shop_1",
        zone="2",
        user="ops",
        user_data="#cloud-config\n",
        boot_disk=DiskSpec(size_gib=64, type="Premium_LRS"),
        disks=(DiskSpec(size_gib=8), DiskSpec(size_gib=9, type="StandardSSD_LRS")),
    )
    body = request(full)
    assert body["zones"] == ["2"]
    profile = body["properties"]["osProfile"]
    assert profile["computerName"] == "web-shop-1"
    assert base64.b64decode(profile["customData"]) == b"#cloud-config\n"
    storage = body["properties"]["storageProfile"]
    names = ResourceNames("web.shop_1", TOKEN)
    assert storage["osDisk"]["diskSizeGB"] == 64
    assert storage["osDisk"]["managedDisk"] == {"storageAccountType": "Premium_LRS"}
    disks = storage["dataDisks"]
    assert [(d["lun"], d["name"], d["diskSizeGB"]) for d in disks] == [
        (0, names.data_disk(0), 8),
        (1, names.data_disk(1), 9),
    ]


def test_the_resources_of_a_vm_are_deleted_with_it() -> None:
    body = request(spec(disks=(DiskSpec(size_gib=8),)))["properties"]
    parts = [
        body["storageProfile"]["osDisk"],
        *body["storageProfile"]["dataDisks"],
        *(each["properties"] for each in body["networkProfile"]["networkInterfaces"]),
    ]
    assert [part["deleteOption"] for part in parts] == ["Delete"] * 3


def test_the_sdk_knows_every_field() -> None:
    body = request(spec(zone="1", user_data="x", disks=(DiskSpec(size_gib=8, type="t"),)))
    vm = VirtualMachine(body)
    assert vm.os_profile.linux_configuration.disable_password_authentication
    assert vm.storage_profile.data_disks[0].delete_option == "Delete"
    assert vm.network_profile.network_interfaces[0].delete_option == "Delete"
    assert vm.diagnostics_profile.boot_diagnostics.enabled


def test_names_follow_from_the_vm_and_the_token() -> None:
    names = ResourceNames("web", TOKEN)
    others = (ResourceNames("api", TOKEN), ResourceNames("web", TOKEN.upper()))
    assert names == ResourceNames("web", TOKEN)
    for other in others:
        assert {names.interface, names.address, names.os_disk, names.data_disk(0)}.isdisjoint(
            {other.interface, other.address, other.os_disk, other.data_disk(0)}
        )
    longest = ResourceNames("x" * 63, TOKEN)
    assert max(len(longest.interface), len(longest.data_disk(63))) <= 80
    assert tags_for(spec(), TOKEN)["skyclust-token"] == TOKEN


def test_different_specs_have_different_fingerprints() -> None:
    assert fingerprint(spec()) == fingerprint(spec(tags={}, zone=None))
    assert fingerprint(spec()) != fingerprint(spec(type="Standard_B4ms"))
    assert fingerprint(spec(tags={"a": "1", "b": "2"})) == fingerprint(
        spec(tags={"b": "2", "a": "1"})
    )


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"disks": (DiskSpec(size_gib=1),) * 65}, "at most 64"),
        ({"private_address": "10.0.0.5/24,10.0.0.1"}, "is not an address"),
        ({"name": "4711"}, "is not a number"),
        ({"tags": {"a/b": "c"}}, "none of"),
        ({"tags": {"a": "c" * 257}}, "256"),
        ({"tags": {"Skyclust-Token": "mine"}}, "SkyClust's own"),
        ({"tags": {str(number): "" for number in range(50)}}, "50 tags"),
    ],
)
def test_a_spec_that_azure_cannot_fulfil_is_refused(
    changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InvalidRequest, match=complaint):
        check_spec(spec(**changes))


def test_own_tags_are_not_removed() -> None:
    check_tags("change tags", {"a": "b"}, ["team"])
    with pytest.raises(InvalidRequest, match="SkyClust's own"):
        check_tags("change tags", {}, ["skyclust-token"])


def test_a_long_token_fits_a_tag() -> None:
    assert to_tag(TOKEN) == TOKEN
    assert len(to_tag("x" * 300)) == 64


@pytest.mark.parametrize(
    ("image", "image_reference"),
    [
        (
            "Canonical:ubuntu-24_04-lts:server:latest",
            {
                "publisher": "Canonical",
                "offer": "ubuntu-24_04-lts",
                "sku": "server",
                "version": "latest",
            },
        ),
        (
            "/Subscriptions/s/Providers/Microsoft.Compute/Locations/westus/Publishers/P"
            "/ArtifactTypes/VMImage/Offers/O/Skus/S/Versions/1.2.3",
            {"publisher": "P", "offer": "O", "sku": "S", "version": "1.2.3"},
        ),
        (
            "/CommunityGalleries/a/Images/b",
            {"communityGalleryImageId": "/CommunityGalleries/a/Images/b"},
        ),
        ("/SharedGalleries/a/Images/b", {"sharedGalleryImageId": "/SharedGalleries/a/Images/b"}),
        ("/subscriptions/s/x", {"id": "/subscriptions/s/x"}),
    ],
)
def test_an_image_given_by_id_or_urn_needs_no_request(
    image: str, image_reference: dict[str, str]
) -> None:
    unused: Any = None
    assert find_image(unused, "westeurope", image) == image_reference


@pytest.mark.parametrize(
    ("error", "not_visible"),
    [
        (NotFound("Resource group 'skyclust' is not found.", code="ResourceGroupNotFound"), True),
        (NotFound("Resource group 'other' is not found.", code="ResourceGroupNotFound"), False),
        (InvalidRequest("Resource {interface} referenced by resource web.", code=_MISSING), True),
        (InvalidRequest("Resource {address} referenced by resource nic.", code=_MISSING), True),
        (InvalidRequest("Resource x referenced by resource {interface}.", code=_MISSING), False),
        (InvalidRequest("{interface} is no good.", code="InvalidParameter"), False),
        (NotFound("The Resource '{interface}' was not found.", code="NotFound"), True),
        (NotFound("The subnet was not found.", code="NotFound"), False),
    ],
)
def test_a_resource_created_a_moment_ago_may_not_be_visible_yet(
    error: Terminal, not_visible: bool
) -> None:
    names = ResourceNames("web", TOKEN)
    reason = error.message.format(interface=names.interface.upper(), address=names.address)
    message = f"Could not create {names.interface}: {reason}"
    clients: Any = SimpleNamespace(resource_group="skyclust")
    raised = type(error)(message, code=error.code)
    assert is_not_visible_yet(clients, spec(), TOKEN, raised) is not_visible


def test_a_throwaway_key_is_new_each_time() -> None:
    assert throwaway_key().startswith("ssh-rsa AAAA")
    assert throwaway_key() != throwaway_key()
