"""Keystone of the sandbox: authentication, scopes and the lifetime of tokens."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from keystoneauth1.exceptions import Unauthorized
from openstack.exceptions import ForbiddenException

from skyclust_sandbox.faults import Fault, FaultKind
from skyclust_sandbox.processes import start_sandbox, stop_sandbox
from tests.fixtures.openstack import OpenStackSandbox
from tests.integration.sandbox.openstack import INTEGRATION, Http, connect, make_server

pytestmark = INTEGRATION


def test_a_password_and_an_application_credential_are_scoped_to_the_project(
    openstack_sandbox: OpenStackSandbox,
) -> None:
    by_password = connect(openstack_sandbox)
    by_credential = connect(
        openstack_sandbox,
        application_credential_id=openstack_sandbox.application_credential_id,
        application_credential_secret=openstack_sandbox.application_credential_secret,
    )
    for cloud in (by_password, by_credential):
        assert cloud.current_project_id == openstack_sandbox.project_id
        assert [
            project.name for project in cloud.identity.user_projects(cloud.current_user_id)
        ] == ["sandbox"]


def test_the_catalog_has_every_service_in_both_regions(
    openstack_sandbox: OpenStackSandbox,
) -> None:
    with Http(openstack_sandbox) as http:
        catalog = http.token["catalog"]
    assert {service["type"] for service in catalog} == {
        "identity", "compute", "image", "network", "volumev3", "load-balancer", "rating",
    }  # fmt: skip
    for service in catalog:
        endpoints = {
            (endpoint["region_id"], endpoint["interface"]) for endpoint in service["endpoints"]
        }
        assert len(endpoints) == 6
    cloud = connect(openstack_sandbox)
    assert sorted(region.id for region in cloud.identity.regions()) == ["RegionOne", "RegionTwo"]
    assert (
        connect(openstack_sandbox, region="RegionTwo")
        .compute.get_endpoint()
        .startswith(f"{openstack_sandbox.endpoint}/RegionTwo/")
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"password": "wrong"},
        {"username": "nobody"},
        {"user_domain_name": "Partners"},
        {"project_name": "sandbox-other"},
        {"project_domain_name": "Partners"},
    ],
)
def test_a_wrong_identity_or_scope_is_unauthorized(
    openstack_sandbox: OpenStackSandbox, wrong: dict[str, str]
) -> None:
    right = {
        "username": "sandbox",
        "password": "sandbox-password",
        "user_domain_name": "Default",
        "project_name": "sandbox",
        "project_domain_name": "Default",
    }
    with pytest.raises(Unauthorized) as caught:
        connect(openstack_sandbox, **{**right, **wrong}).session.get_token()
    assert caught.value.http_status == 401


def test_an_unscoped_token_has_no_catalog_and_can_be_scoped(
    openstack_sandbox: OpenStackSandbox,
) -> None:
    url = f"{openstack_sandbox.auth_url}/auth/tokens"
    user = {"name": "admin", "domain": {"id": "default"}, "password": "admin-password"}
    identity: Any = {"methods": ["password"], "password": {"user": user}}
    unscoped = requests.post(url, json={"auth": {"identity": identity}}, timeout=30)
    assert "catalog" not in unscoped.json()["token"]
    token = unscoped.headers["X-Subject-Token"]
    scoped = requests.post(
        url,
        json={
            "auth": {
                "identity": {"methods": ["token"], "token": {"id": token}},
                "scope": {"project": {"id": openstack_sandbox.other_project_id}},
            }
        },
        timeout=30,
    )
    assert scoped.status_code == 201
    assert scoped.json()["token"]["project"]["name"] == "sandbox-other"


def test_an_expired_token_is_renewed_by_the_sdk(openstack_sandbox: OpenStackSandbox) -> None:
    cloud = connect(openstack_sandbox)
    list(cloud.compute.flavors())
    openstack_sandbox.inject(Fault(kind=FaultKind.EXPIRE, action="compute.servers.list", times=1))
    assert list(cloud.compute.servers()) == []
    assert openstack_sandbox.calls()["identity.tokens.create"] == 2


def test_a_reset_revokes_tokens_and_a_call_without_one_is_401(
    openstack_sandbox: OpenStackSandbox,
) -> None:
    with Http(openstack_sandbox) as http:
        openstack_sandbox.reset("empty")
        reply = http.call("GET", "/compute/v2.1/servers")
    assert reply.status_code == 401
    assert reply.json()["error"]["title"] == "Unauthorized"


def test_roles_decide_which_calls_are_allowed(openstack_sandbox: OpenStackSandbox) -> None:
    reader, admin = connect(openstack_sandbox, "auditor"), connect(openstack_sandbox, "admin")
    assert list(reader.compute.servers()) == []
    with pytest.raises(ForbiddenException, match="Policy doesn't allow os_compute_api:servers"):
        make_server(reader)
    with pytest.raises(ForbiddenException, match="identity:list_projects"):
        list(reader.identity.projects())
    assert {project.name for project in admin.identity.projects()} >= {"sandbox", "partner"}


def test_a_cloud_without_cinder_and_neutron_has_no_such_services(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = tmp_path_factory.mktemp("bare")
    options = ["--transition-seconds", "0.05", "--without", "cinder,neutron,octavia"]
    clouds = start_sandbox(home, clouds=["openstack"], seed="estate", options=options)
    try:
        bare = OpenStackSandbox(clouds["openstack"].endpoint, clouds["openstack"].pid)
        cloud = connect(bare)
        assert not cloud.has_service("block-storage")
        assert not cloud.has_service("network")
        assert len(list(cloud.compute.servers())) > 100
    finally:
        stop_sandbox(home)
