"""Reading clouds with missing services, an old release or a down cell, and all projects."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from providers.openstack import services
from providers.openstack.credential import OpenStackCredential
from providers.openstack.provider import OpenStackProvider
from skyclust.errors import (
    AuthenticationFailed,
    ConfigurationError,
    InvalidRequest,
    PermissionDenied,
    Unavailable,
    Unsupported,
)
from skyclust.model.instance import InstanceReference, InstanceSpec, InstanceState
from skyclust.model.resource import Resource, ResourceKind, instance_resource
from skyclust.operations.waiting import wait_for_state
from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.processes import start_sandbox, stop_sandbox
from tests.conformance.openstack import OpenStackHarness
from tests.fixtures.openstack import OpenStackSandbox
from tests.integration.openstack.conftest import provider_for

pytestmark = pytest.mark.integration

TOKEN = "0c9a4b7e-5f0d-4c1b-9d53-2f4f3a1f7e10"


def _read(provider: OpenStackProvider, region: str, kind: ResourceKind) -> list[Resource]:
    return [one for page in provider.list_resources(region, kind) for one in page]


def _projects(found: list[Resource]) -> set[object]:
    return {one.attributes["project"] for one in found}


def test_an_estate_is_read(openstack_estate: OpenStackSandbox) -> None:
    """A member lists its project, an administrator all projects if the credential says so."""
    sandbox = openstack_estate
    member = provider_for(sandbox, sandbox.user, sandbox.password)
    administrator = provider_for(sandbox, sandbox.admin, sandbox.admin_password, all_projects=True)
    alone = provider_for(sandbox, sandbox.admin, sandbox.admin_password)
    for kind in sorted(member.kinds):
        own = _read(member, sandbox.region, kind)
        assert len({one.id for one in own}) == len(own)
        seen = {one.id for one in _read(administrator, sandbox.region, kind)}
        assert {one.id for one in own} <= seen
        assert {one.id for one in _read(alone, sandbox.region, kind)} == {one.id for one in own}
    instances = _read(member, sandbox.region, ResourceKind.INSTANCE)
    assert len(instances) > 50
    assert _projects(instances) == {sandbox.project_id}
    assert len(_projects(_read(administrator, sandbox.region, ResourceKind.INSTANCE))) > 1


def test_an_instance_has_the_ids_of_its_networks_and_groups(
    openstack_estate: OpenStackSandbox,
) -> None:
    """Nova reports networks and security groups by name."""
    member = provider_for(openstack_estate, openstack_estate.user, openstack_estate.password)
    region = openstack_estate.region
    networks = {one.id for one in _read(member, region, ResourceKind.NETWORK)}
    subnets = {one.id for one in _read(member, region, ResourceKind.SUBNET)}
    firewalls = {one.id for one in _read(member, region, ResourceKind.FIREWALL)}
    instances = _read(member, region, ResourceKind.INSTANCE)
    placed = [one for one in instances if one.attributes["private_addresses"]]
    assert placed
    for instance in placed:
        assert instance.attributes["network"] in networks
        assert instance.attributes["subnet"] in subnets
        groups = instance.attributes["firewalls"]
        assert isinstance(groups, list)
        assert set(map(str, groups)) <= firewalls
    one = placed[0]
    assert instance_resource(member.get_instance(region, one.id)) == one


def test_a_member_may_not_read_all_projects(openstack_sandbox: OpenStackSandbox) -> None:
    sandbox = openstack_sandbox
    member = provider_for(sandbox, sandbox.user, sandbox.password, all_projects=True)
    with pytest.raises(PermissionDenied):
        _read(member, sandbox.region, ResourceKind.INSTANCE)
    missing = member.verify().missing_permissions
    assert missing is not None
    assert "os_compute_api:servers:detail:get_all_tenants" in missing


def test_a_reader_lacks_the_permissions_to_change_servers(
    openstack_sandbox: OpenStackSandbox,
) -> None:
    sandbox = openstack_sandbox
    identity = provider_for(sandbox, sandbox.reader, sandbox.reader_password).verify()
    assert identity.account == sandbox.project_id
    assert identity.principal == "auditor@Default, project sandbox@Default, roles reader"
    assert identity.missing_permissions is not None
    assert "os_compute_api:servers:create" in identity.missing_permissions


def test_an_administrator_lacks_nothing(openstack_sandbox: OpenStackSandbox) -> None:
    sandbox = openstack_sandbox
    admin = provider_for(sandbox, sandbox.admin, sandbox.admin_password, all_projects=True)
    assert admin.verify().missing_permissions == ()


@pytest.mark.parametrize("as_clouds_yaml", [False, True])
def test_an_application_credential_authenticates(
    openstack_sandbox: OpenStackSandbox, as_clouds_yaml: bool
) -> None:
    sandbox = openstack_sandbox
    identity, secret = sandbox.application_credential_id, sandbox.application_credential_secret
    fields = {
        "endpoint": sandbox.auth_url,
        "application_credential_id": identity,
        "application_credential_secret": secret,
    }
    auth = {**fields, "auth_url": fields["endpoint"]}
    del auth["endpoint"]
    text = json.dumps({"clouds": {"one": {"auth_type": "v3applicationcredential", "auth": auth}}})
    values = {"clouds_yaml": text} if as_clouds_yaml else fields
    provider = OpenStackProvider(OpenStackCredential.model_validate(values))
    assert provider.verify().account == sandbox.project_id
    assert list(provider.regions()) == [sandbox.region, sandbox.other_region]


def test_a_server_of_another_project_is_not_deleted(
    openstack_sandbox: OpenStackSandbox, harness: OpenStackHarness
) -> None:
    [made] = harness.seed(ResourceKind.INSTANCE, 1)
    other = provider_for(
        openstack_sandbox,
        openstack_sandbox.other_user,
        openstack_sandbox.other_password,
        project_name=openstack_sandbox.other_project,
    )
    assert _read(other, harness.region, ResourceKind.INSTANCE) == []
    other.delete_instance(InstanceReference(region=harness.region, id=made, unique_id=made))
    assert harness.instance_count() == 1


def test_a_credential_may_name_its_only_region(openstack_sandbox: OpenStackSandbox) -> None:
    sandbox = openstack_sandbox
    one = provider_for(sandbox, sandbox.user, sandbox.password, region_name=sandbox.other_region)
    assert list(one.regions()) == [sandbox.other_region]
    none = provider_for(sandbox, sandbox.user, sandbox.password, region_name="Nowhere")
    with pytest.raises(ConfigurationError, match="RegionOne"):
        none.regions()


def test_a_list_with_a_down_cell_fails(
    openstack_sandbox: OpenStackSandbox, harness: OpenStackHarness, provider: OpenStackProvider
) -> None:
    server = {
        "name": "far",
        "flavorRef": "2",
        "imageRef": harness.spec("x").image,
        "networks": "none",
        "availability_zone": "az2",
    }
    harness.made("compute/v2.1/servers", "server", server)
    openstack_sandbox.inject(
        Fault(kind=FaultKind.ERROR, action="compute.servers.list", code="CellDown")
    )
    with pytest.raises(Unavailable, match="cell"):
        _read(provider, harness.region, ResourceKind.INSTANCE)


def test_the_oldest_nova_is_supported(
    harness: OpenStackHarness, provider: OpenStackProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 2.1 a server has its flavor by id, no tags, and no network in the create request."""
    monkeypatch.setitem(services.MAX_MICROVERSIONS, services.COMPUTE, (2, 1))
    made = provider.create_instance(harness.spec("old"), TOKEN)
    wait_for_state(
        provider,
        made.reference,
        InstanceState.RUNNING,
        deadline_seconds=20,
        poll_seconds=0.03,
    )
    assert provider.create_instance(harness.spec("old"), TOKEN).id == made.id
    assert [one.id for one in provider.find_instances(harness.region, TOKEN)] == [made.id]
    [instance] = _read(provider, harness.region, ResourceKind.INSTANCE)
    assert instance.attributes["type"] == "m1.small"
    provider.resize_instance(made.reference, "m1.medium")
    assert provider.get_instance(harness.region, made.id).type == "m1.medium"


@pytest.fixture(scope="module")
def small_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenStackSandbox]:
    """A cloud with Keystone, Nova and Glance only."""
    home = tmp_path_factory.mktemp("small-openstack")
    options = ["--transition-seconds", "0.1", "--without", "cinder,neutron,octavia"]
    cloud = start_sandbox(home, clouds=["openstack"], seed="empty", options=options)["openstack"]
    yield OpenStackSandbox(cloud.endpoint, cloud.pid)
    stop_sandbox(home)


def test_kinds_of_missing_services_are_unsupported(
    small_cloud: OpenStackSandbox,
) -> None:
    provider = provider_for(small_cloud, small_cloud.user, small_cloud.password)
    assert provider.verify().account == small_cloud.project_id
    here = {ResourceKind.INSTANCE, ResourceKind.IMAGE}
    for kind in provider.kinds:
        if kind in here:
            _read(provider, small_cloud.region, kind)
        else:
            with pytest.raises(Unsupported, match=r"has no (Cinder|Neutron|Octavia)"):
                _read(provider, small_cloud.region, kind)
    with pytest.raises(InvalidRequest, match="no-such-region"):
        _read(provider, "no-such-region", ResourceKind.DISK)


def test_servers_are_created_in_a_cloud_without_neutron(small_cloud: OpenStackSandbox) -> None:
    provider = provider_for(small_cloud, small_cloud.user, small_cloud.password)
    region = small_cloud.region
    [image] = provider.list_images(region, "debian-12")
    spec = InstanceSpec(name="web", region=region, type="m1.small", image=image.id)
    for change in ({"network": "private"}, {"public_address": True}, {"disks": ({"size_gib": 1},)}):
        changed = InstanceSpec.model_validate({**spec.model_dump(), **change})
        with pytest.raises(Unsupported, match="has no"):
            provider.create_instance(changed, TOKEN)
    made = provider.create_instance(spec, TOKEN)
    wait_for_state(
        provider, made.reference, InstanceState.RUNNING, deadline_seconds=20, poll_seconds=0.03
    )
    provider.delete_instance(made.reference)
    wait_for_state(
        provider, made.reference, InstanceState.DELETED, deadline_seconds=20, poll_seconds=0.03
    )


def test_a_wrong_password_is_authentication_failed(openstack_sandbox: OpenStackSandbox) -> None:
    provider = provider_for(openstack_sandbox, "nobody", "canary-password")
    with pytest.raises(AuthenticationFailed) as raised:
        _read(provider, openstack_sandbox.region, ResourceKind.INSTANCE)
    assert "canary" not in f"{raised.value!r}{raised.value.__cause__!r}"


def test_a_deleted_application_credential_is_authentication_failed(
    openstack_sandbox: OpenStackSandbox,
) -> None:
    """Keystone returns 404, which must not be reported as if the server did not exist."""
    credential = OpenStackCredential.model_validate(
        {
            "endpoint": openstack_sandbox.auth_url,
            "application_credential_id": "21b357b989864739abb9d08dd4701e4b",
            "application_credential_secret": "canary-deleted",
        }
    )
    provider = OpenStackProvider(credential)
    with pytest.raises(AuthenticationFailed):
        provider.get_instance(openstack_sandbox.region, TOKEN)
