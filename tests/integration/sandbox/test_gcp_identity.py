"""Authentication and authorization of the sandbox GCP, with the library google-auth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import google.auth
import google.auth.compute_engine
import google.auth.credentials
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import exceptions, identity_pool, jwt
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import service_account

from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.gcp import GcpSandbox
from tests.integration.sandbox.gcp import ZONE, ComputeClient, compute_client, instance_body

pytestmark = pytest.mark.integration

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
ZONES = "/compute/v1/projects/sandbox-project/zones"


@pytest.fixture(autouse=True)
def no_regional_access_boundary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable the look-up of regional access boundaries, which goes to Google for any endpoint."""
    attribute = "_is_regional_access_boundary_lookup_required"
    holder = google.auth.credentials.CredentialsWithRegionalAccessBoundary
    monkeypatch.setattr(holder, attribute, lambda _: False)


def key_credentials(key: dict[str, str]) -> Any:
    return service_account.Credentials.from_service_account_info(key, scopes=SCOPES)


def test_a_service_account_key(gcp_sandbox: GcpSandbox) -> None:
    key = gcp_sandbox.service_account_key()
    assert key == gcp_sandbox.service_account_key()
    with AuthorizedSession(key_credentials(key)) as session:
        assert session.get(gcp_sandbox.endpoint + ZONES, timeout=10).status_code == 200


def test_a_self_signed_jwt(gcp_sandbox: GcpSandbox) -> None:
    signer = key_credentials(gcp_sandbox.service_account_key())
    for audience, status in (("https://compute.googleapis.com/", 200), ("https://other/", 401)):
        credential: Any = jwt.Credentials.from_signing_credentials(signer, audience)
        credential.refresh(None)
        token = credential.token.decode()
        assert ComputeClient(gcp_sandbox.endpoint, token).call("GET", "/zones").status == status


def test_an_unknown_key_and_an_unknown_service_account(gcp_sandbox: GcpSandbox) -> None:
    key = gcp_sandbox.service_account_key()
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key["private_key"] = other.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    with pytest.raises(exceptions.RefreshError, match="Invalid JWT Signature"):
        key_credentials(key).refresh(Request())
    key = gcp_sandbox.service_account_key()
    key["client_email"] = "nobody@sandbox-project.iam.gserviceaccount.com"
    with pytest.raises(exceptions.RefreshError, match="account not found"):
        key_credentials(key).refresh(Request())


def test_the_metadata_server(gcp_sandbox: GcpSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    from google.auth.compute_engine import _metadata  # noqa: PLC0415 - it reads the host at import

    host = gcp_sandbox.endpoint.removeprefix("http://")
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", host)
    credential = google.auth.compute_engine.Credentials()
    credential.refresh(Request())
    assert credential.service_account_email == gcp_sandbox.access_key
    assert _metadata.get_project_id(Request()) == "sandbox-project"
    with AuthorizedSession(credential) as session:
        assert session.get(gcp_sandbox.endpoint + ZONES, timeout=10).status_code == 200


@pytest.mark.parametrize("good", [True, False])
def test_workload_identity(gcp_sandbox: GcpSandbox, tmp_path: Path, good: bool) -> None:
    identity = gcp_sandbox.call_control("GET", "workload-identity")
    token = tmp_path / "token"
    subject = identity["subject_token"]
    token.write_text(subject if good else subject[:-8] + "AAAAAAAA")
    source = {"file": str(token), "format": {"type": "text"}}
    information = {**identity["configuration"], "credential_source": source}
    credential = identity_pool.Credentials.from_info(information, scopes=SCOPES)
    if not good:
        with pytest.raises(exceptions.OAuthError, match="Invalid JWT Signature"):
            credential.refresh(Request())
        return
    with AuthorizedSession(credential) as session:
        assert session.get(gcp_sandbox.endpoint + ZONES, timeout=10).status_code == 200


def test_tokens_expire(gcp_sandbox: GcpSandbox) -> None:
    token = gcp_sandbox.token(lifetime_seconds=-1)
    response = ComputeClient(gcp_sandbox.endpoint, token).call("GET", "/zones")
    assert (response.status, response.reason) == (401, "authError")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]
    credential = key_credentials(gcp_sandbox.service_account_key())
    credential.refresh(Request())
    gcp_sandbox.call_control("POST", "expire-tokens")
    assert ComputeClient(gcp_sandbox.endpoint, credential.token).call("GET", "/zones").status == 401
    with AuthorizedSession(credential) as session:  # refreshes its token
        assert session.get(gcp_sandbox.endpoint + ZONES, timeout=10).status_code == 200


@pytest.mark.parametrize("token", ["", "nonsense", "ya29.e30.e30"])
def test_a_valid_token_is_required(gcp_sandbox: GcpSandbox, token: str) -> None:
    response = ComputeClient(gcp_sandbox.endpoint, token).call("GET", "/zones")
    assert response.status == 401
    assert response.content["error"]["status"] == "UNAUTHENTICATED"


def test_service_accounts_have_permissions_in_their_project_only(gcp_sandbox: GcpSandbox) -> None:
    own = compute_client(gcp_sandbox)
    viewer = compute_client(gcp_sandbox, "viewer")
    other = compute_client(gcp_sandbox, project="other-project")
    assert viewer.call("GET", f"/zones/{ZONE}/instances").status == 200
    refused = viewer.call("POST", f"/zones/{ZONE}/instances", instance_body("web"))
    assert (refused.status, refused.reason) == (403, "forbidden")
    assert "'compute.instances.create' permission" in refused.message
    assert (
        ComputeClient(own.endpoint, own.token, "other-project").call("GET", "/zones").status == 403
    )
    assert ComputeClient(other.endpoint, other.token).call("GET", "/zones").status == 403
    assert ComputeClient(own.endpoint, own.token, "no-project").call("GET", "/zones").status == 404
    public = ComputeClient(own.endpoint, own.token, "ubuntu-os-cloud")
    assert public.get("/global/images/family/ubuntu-2404-lts-amd64")["architecture"] == "X86_64"
    assert len(public.get("/global/images", filter="family=ubuntu-2204-lts")["items"]) == 3
    assert public.call("GET", f"/zones/{ZONE}/instances").status == 403


def test_requests_for_tokens_are_affected_only_by_faults_that_name_them(
    gcp_sandbox: GcpSandbox,
) -> None:
    credential = key_credentials(gcp_sandbox.service_account_key())
    gcp_sandbox.inject(Fault(kind=FaultKind.ERROR))
    credential.refresh(Request())
    gcp_sandbox.clear()
    gcp_sandbox.inject(Fault(kind=FaultKind.DENY, action="oauth2.token"))
    with pytest.raises(exceptions.RefreshError) as caught:
        credential.refresh(Request())
    assert "invalid_grant" in json.dumps([str(argument) for argument in caught.value.args])
