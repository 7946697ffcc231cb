"""Creating VMs: their configuration, images and networks, and no leftovers of a failure."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.pipeline.transport import RequestsTransport

from providers.azure import api_versions, creation
from providers.azure.client import AzureClients
from providers.azure.provider import AzureProvider
from skyclust.errors import CapacityExhausted, Conflict, InvalidRequest, NotFound
from skyclust.model.instance import DiskSpec, InstanceState
from skyclust.model.resource import ResourceKind, ResourceState
from skyclust_sandbox.faults import Fault, FaultKind
from tests.conformance.azure import REGION
from tests.conformance.azure_operator import COMPUTE, NETWORK, AzureOperator
from tests.fixtures.azure import AzureSandbox
from tests.integration.azure.conftest import TOKEN, Becomes, Spec

pytestmark = pytest.mark.integration
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5vGx1lkVwCGvqVyRyCTlqZsTGQlYMBj0aMYw8nSXcc ops"


def test_a_vm_is_created_with_every_field_of_its_spec(
    provider: AzureProvider, operator: AzureOperator, spec: Spec
) -> None:
    key = operator.put(COMPUTE, "sshPublicKeys", "ops", properties={"publicKey": KEY})
    operator.ready(key)
    full = spec(
        zone="2",
        user="ops",
        ssh_keys=("ops", KEY.replace("ops", "second")),
        user_data="#cloud-config\n",
        private_address="10.4.0.77",
        boot_disk=DiskSpec(size_gib=64, type="Premium_LRS"),
        disks=(DiskSpec(size_gib=8), DiskSpec(size_gib=9)),
    )
    networks = operator.list_all(NETWORK, "virtualNetworks")
    [network] = [each for each in networks if each["location"] == REGION]
    prefix = network["properties"]["subnets"][0]["properties"]["addressPrefix"]
    address = prefix.replace("0.0/20", "0.77")
    instance = provider.create_instance(full.model_copy(update={"private_address": address}), TOKEN)
    assert (instance.zone, instance.private_addresses) == ("2", (address,))
    assert instance.public_addresses == ()
    properties = operator.vm(instance.id)["properties"]
    profile = properties["osProfile"]
    keys = profile["linuxConfiguration"]["ssh"]["publicKeys"]
    assert profile["adminUsername"] == "ops"
    assert [key["keyData"] for key in keys] == [KEY, KEY.replace("ops", "second")]
    assert properties["storageProfile"]["osDisk"]["diskSizeGB"] == 64
    assert [disk["diskSizeGB"] for disk in properties["storageProfile"]["dataDisks"]] == [8, 9]


def test_a_vm_without_keys_accepts_no_login(
    provider: AzureProvider, operator: AzureOperator, spec: Spec
) -> None:
    vm = operator.vm(provider.create_instance(spec(), TOKEN).id)
    linux = vm["properties"]["osProfile"]["linuxConfiguration"]
    assert linux["disablePasswordAuthentication"]
    assert len(linux["ssh"]["publicKeys"]) == 1


def test_an_image_of_the_subscription_is_given_by_name(
    provider: AzureProvider, operator: AzureOperator, spec: Spec
) -> None:
    image = operator.ready(operator.image("golden"))
    assert provider.create_instance(spec(image="Golden"), TOKEN).image == image
    with pytest.raises(NotFound, match="no image 'silver'"):
        provider.create_instance(spec(name="api", image="silver"), "other")


def test_without_a_network_the_only_network_is_used(
    provider: AzureProvider, operator: AzureOperator, spec: Spec
) -> None:
    assert provider.create_instance(spec(), TOKEN).subnet == operator.subnet.lower()
    operator.ready(operator.network("another"))
    with pytest.raises(InvalidRequest, match=f"another, default-{REGION}"):
        provider.create_instance(spec(name="api"), "other")
    named = provider.create_instance(spec(name="db", network="Another"), "third")
    assert named.network is not None
    assert named.network.endswith("/another")


def test_a_name_in_use_is_refused(
    provider: AzureProvider, operator: AzureOperator, spec: Spec, becomes: Becomes
) -> None:
    first = provider.create_instance(spec(), TOKEN)
    before = len(operator.list_all(NETWORK, "networkInterfaces"))
    with pytest.raises(InvalidRequest, match="already has a VM of that name"):
        provider.create_instance(spec(), "another token")
    assert len(operator.list_all(NETWORK, "networkInterfaces")) == before
    becomes(first, InstanceState.RUNNING)
    provider.delete_instance(first.reference)
    with pytest.raises(Conflict, match="is being deleted"):
        provider.create_instance(spec(), "another token")


def test_a_cloud_that_ignores_the_condition_still_creates_one_vm(
    provider: AzureProvider, clients: AzureClients, spec: Spec, azure_sandbox: AzureSandbox
) -> None:
    """It treats a second request as an update of the VM, and refuses it."""
    instance = provider.create_instance(spec(), TOKEN)
    azure_sandbox.inject(
        Fault(
            kind=FaultKind.ERROR,
            action="VirtualMachines_CreateOrUpdate",
            code="PropertyChangeNotAllowed",
            status=409,
        )
    )
    # Like a process that read before the VM was created.
    late = creation.put_vm(clients, spec(), TOKEN, "create instance web")
    assert late.id == instance.id
    with pytest.raises(InvalidRequest, match="already has a VM of that name"):
        creation.put_vm(clients, spec(), "another", "create instance web")


def test_every_request_has_an_api_version_of_the_provider(
    provider: AzureProvider, spec: Spec, becomes: Becomes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The versions of the SDK are too new for sovereign clouds."""
    requests: set[str] = set()
    send = RequestsTransport.send

    def recording(transport: Any, request: Any, **options: Any) -> Any:
        if "api-version=" in request.url:
            requests.add(f"{request.method} {request.url.partition('?')[0].split('/')[-1]}")
            version = request.url.partition("api-version=")[2].partition("&")[0]
            assert version in versions, request.url
        return send(transport, request, **options)

    constants = vars(api_versions).items()
    versions = {value for name, value in constants if name.isupper() and isinstance(value, str)}
    monkeypatch.setattr(RequestsTransport, "send", recording)
    instance = provider.create_instance(spec(public_address=True), TOKEN)
    becomes(instance, InstanceState.RUNNING)
    snapshot = provider.create_snapshot(instance.reference, "nightly", TOKEN)
    provider.set_tags(instance.reference, {"team": "shop"})
    becomes(instance, InstanceState.RUNNING)
    provider.reboot_instance(instance.reference)
    becomes(instance, InstanceState.RUNNING)
    provider.console_log(REGION, instance.id)
    provider.resize_instance(instance.reference, "Standard_B2ms")
    becomes(instance, InstanceState.RUNNING)
    provider.stop_instance(instance.reference)
    becomes(instance, InstanceState.STOPPED)
    provider.start_instance(instance.reference)
    becomes(instance, InstanceState.RUNNING)
    provider.delete_snapshot(instance.reference, snapshot.id)
    provider.delete_instance(instance.reference)
    expected = {"PUT web", "POST restart", "POST deallocate", "PATCH default", "DELETE web"}
    assert expected <= requests


def test_an_unavailable_size_leaves_nothing_behind(
    provider: AzureProvider, operator: AzureOperator, spec: Spec
) -> None:
    elsewhere = spec(region="eastus", type="Standard_M64ms", public_address=True)
    with pytest.raises(CapacityExhausted):
        provider.create_instance(elsewhere, TOKEN)
    assert operator.list_all(NETWORK, "networkInterfaces") == []
    assert operator.list_all(NETWORK, "publicIPAddresses") == []


def test_a_create_whose_cleanup_failed_can_be_repeated(
    provider: AzureProvider, operator: AzureOperator, spec: Spec, azure_sandbox: AzureSandbox
) -> None:
    refused = {"kind": FaultKind.ERROR, "access_key": azure_sandbox.client_id}
    azure_sandbox.inject(
        Fault(action="VirtualMachines_CreateOrUpdate", code="QuotaExceeded", **refused),
        Fault(
            action="NetworkInterfaces_Delete", code="NicReservedForAnotherVm", status=400, **refused
        ),
    )
    with pytest.raises(Conflict, match="are not deleted yet"):
        provider.create_instance(spec(public_address=True), TOKEN)
    azure_sandbox.clear()
    again = provider.create_instance(spec(public_address=True), TOKEN)
    assert again.public_addresses
    assert len(operator.list_all(NETWORK, "networkInterfaces")) == 1


def test_a_placement_is_checked_as_a_create_checks_it(
    provider: AzureProvider, operator: AzureOperator, spec: Spec
) -> None:
    provider.check_placement(spec())
    assert operator.list_all(COMPUTE, "virtualMachines") == []
    assert operator.list_all(NETWORK, "networkInterfaces") == []
    with pytest.raises(NotFound, match="no image 'silver'"):
        provider.check_placement(spec(image="silver"))
    with pytest.raises(NotFound, match="no network 'nowhere'"):
        provider.check_placement(spec(network="nowhere"))
    nowhere = operator.subnet.replace("subnets/default", "subnets/nowhere")
    elsewhere = operator.subnet.replace(REGION, "eastus")
    for subnet in (nowhere, elsewhere):
        with pytest.raises(NotFound, match="There is no subnet"):
            provider.check_placement(spec(network=subnet))
    group = operator.subnet.partition("/providers/")[0]
    for image in (
        "Canonical:ubuntu-24_04-lts:server:1.2.3",
        "Canonical:ubuntu-24_04-lts:nothing:latest",
        f"{group}/providers/Microsoft.Compute/images/nothing",
    ):
        with pytest.raises(NotFound, match="There is no image"):
            provider.check_placement(spec(image=image))
    with pytest.raises(NotFound, match="no SSH key 'nobody'"):
        provider.check_placement(spec(ssh_keys=("nobody",)))
    operator.ready(operator.network("another"))
    with pytest.raises(InvalidRequest, match="Azure has no default network, and 2 networks"):
        provider.check_placement(spec())
    provider.create_instance(spec(network="another"), TOKEN)
    with pytest.raises(InvalidRequest, match="already has a VM of that name"):
        provider.check_placement(spec(network="another"))


def test_a_placement_check_creates_no_resource_group(
    credential: Any, azure_sandbox: AzureSandbox, spec: Spec
) -> None:
    new = AzureProvider(credential.model_copy(update={"resource_group": "new"}))
    new.check_placement(spec())
    assert "ResourceGroups_CreateOrUpdate" not in azure_sandbox.calls()


def test_a_gallery_image_version_is_listed_and_usable(
    provider: AzureProvider, operator: AzureOperator, spec: Spec
) -> None:
    version = operator.ready(operator.gallery_image("shared", "golden", "1.0.0"))
    pages = provider.list_resources(REGION, ResourceKind.IMAGE)
    [image] = [each for page in pages for each in page if each.id == version]
    assert (image.name, image.state) == ("golden/1.0.0", ResourceState.AVAILABLE)
    assert image.attributes["architecture"] == "x86_64"
    provider.check_placement(spec(image=version))
    with pytest.raises(NotFound, match="There is no image"):
        provider.check_placement(spec(image=version, region="eastus", network=None))
    assert provider.create_instance(spec(image=version), TOKEN).image == version


def test_a_vm_in_another_resource_group_is_found_by_its_token(
    credential: Any, provider: AzureProvider, spec: Spec
) -> None:
    instance = provider.create_instance(spec(), TOKEN)
    moved = AzureProvider(credential.model_copy(update={"resource_group": "elsewhere"}))
    assert [each.id for each in moved.find_instances(REGION, TOKEN)] == [instance.id]
    assert moved.find_instances("eastus", TOKEN) == []
