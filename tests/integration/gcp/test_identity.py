"""The identity of a credential, its missing permissions, and the source of its tokens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from providers.gcp.credential import GcpCredential
from providers.gcp.provider import GcpProvider
from skyclust.errors import AuthenticationFailed, ConfigurationError, PermissionDenied
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox
from tests.integration.gcp.conftest import REGION, provider_of

pytestmark = pytest.mark.integration


def test_a_key_is_verified_as_its_service_account(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox
) -> None:
    identity = gcp.verify()
    assert (identity.account, identity.principal) == (gcp_sandbox.account, gcp_sandbox.access_key)
    assert identity.missing_permissions == ()


def test_the_missing_permissions_of_a_viewer_are_listed(gcp_sandbox: GcpSandbox) -> None:
    missing = provider_of(gcp_sandbox, "viewer").verify().missing_permissions
    assert missing is not None
    assert {"compute.instances.create", "compute.instances.delete"} <= set(missing)
    assert "compute.instances.list" not in missing


def test_missing_permissions_are_unknown_without_the_resource_manager(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox
) -> None:
    gcp_sandbox.inject(Fault(kind=FaultKind.DENY, action="cloudresourcemanager.*"))
    assert gcp.verify().missing_permissions is None
    gcp_sandbox.inject(Fault(kind=FaultKind.DENY, action="compute.projects.get"))
    with pytest.raises(PermissionDenied):
        gcp.verify()


def test_another_project_is_denied(gcp_sandbox: GcpSandbox) -> None:
    values = {
        "service_account_info": gcp_sandbox.service_account_key(),
        "project_id": gcp_sandbox.other_account,
        "endpoint": gcp_sandbox.endpoint,
    }
    provider = GcpProvider(GcpCredential.model_validate(values))
    with pytest.raises(PermissionDenied):
        list(provider.list_resources(REGION, ResourceKind.INSTANCE))


def test_expired_tokens_are_renewed_at_the_token_uri_of_the_key(
    gcp: GcpProvider, gcp_sandbox: GcpSandbox
) -> None:
    gcp.regions()
    gcp_sandbox.call_control("POST", "expire-tokens")
    assert REGION in gcp.regions()
    assert gcp_sandbox.calls()["compute.regions.list"] == 3  # the second had an expired token
    gcp_sandbox.call_control("POST", "expire-tokens")
    gcp_sandbox.inject(Fault(kind=FaultKind.EXPIRE, action="oauth2.token"))
    with pytest.raises(AuthenticationFailed):
        gcp.regions()


def test_a_workload_identity_reads_its_token_from_a_file(
    gcp_sandbox: GcpSandbox, tmp_path: Path
) -> None:
    given = gcp_sandbox.call_control(
        "GET", "workload-identity?account=skyclust&project=sandbox-project"
    )
    subject = tmp_path / "token"
    subject.write_text(given["subject_token"])
    configuration = {**given["configuration"], "credential_source": {"file": str(subject)}}
    values = {
        "external_account_info": json.dumps(configuration),
        "project_id": gcp_sandbox.account,
        "endpoint": gcp_sandbox.endpoint,
    }
    provider = GcpProvider(GcpCredential.model_validate(values))
    identity = provider.verify()
    assert identity.principal == gcp_sandbox.access_key
    assert identity.missing_permissions == ()
    subject.write_text("not a token")
    with pytest.raises(AuthenticationFailed):
        GcpProvider(GcpCredential.model_validate(values)).verify()


def test_application_default_credentials_are_used_without_a_key(
    gcp_sandbox: GcpSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "key.json"
    key.write_text(json.dumps(gcp_sandbox.service_account_key("viewer")))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    provider = GcpProvider(GcpCredential(endpoint=gcp_sandbox.endpoint))
    assert provider.verify().principal.startswith("viewer@")


def test_the_error_for_an_unreadable_key_does_not_contain_it(gcp_sandbox: GcpSandbox) -> None:
    key = gcp_sandbox.service_account_key() | {"private_key": "canary"}
    values = {"service_account_info": key, "endpoint": gcp_sandbox.endpoint}
    with pytest.raises(ConfigurationError) as refused:
        GcpProvider(GcpCredential.model_validate(values)).verify()
    assert "canary" not in str(refused.value)
