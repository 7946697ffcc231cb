"""Who the sandbox GCP lets in, asked with Google's own authentication library."""

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
from tests.integration.sandbox.gcp import ZONE, Caller, caller, machine

pytestmark = pytest.mark.integration

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
ZONES = "/compute/v1/projects/sandbox-project/zones"


@pytest.fixture(autouse=True)
def no_boundary(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the library from asking the real Google, whatever endpoint is set, for a boundary."""
    required = "_is_regional_access_boundary_lookup_required"
    holder = google.auth.credentials.CredentialsWithRegionalAccessBoundary
    monkeypatch.setattr(holder, required, lambda _: False)


def of_key(key: dict[str, str]) -> Any:
    return service_account.Credentials.from_service_account_info(key, scopes=SCOPES)


def test_the_key_of_a_service_account(gcp_sandbox: GcpSandbox) -> None:
    key = gcp_sandbox.service_account_key()
    assert key == gcp_sandbox.service_account_key()
    with AuthorizedSession(of_key(key)) as session:
        assert session.get(gcp_sandbox.endpoint + ZONES, timeout=10).status_code == 200


def test_a_token_that_the_account_signs_itself(gcp_sandbox: GcpSandbox) -> None:
    signer = of_key(gcp_sandbox.service_account_key())
    for audience, status in (("https://compute.googleapis.com/", 200), ("https://other/", 401)):
        credential: Any = jwt.Credentials.from_signing_credentials(signer, audience)
        credential.refresh(None)
        token = credential.token.decode()
        assert Caller(gcp_sandbox.endpoint, token).call("GET", "/zones").status == status


def test_a_key_that_google_does_not_know(gcp_sandbox: GcpSandbox) -> None:
    key = gcp_sandbox.service_account_key()
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key["private_key"] = other.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    with pytest.raises(exceptions.RefreshError, match="Invalid JWT Signature"):
        of_key(key).refresh(Request())
    key = gcp_sandbox.service_account_key()
    key["client_email"] = "nobody@sandbox-project.iam.gserviceaccount.com"
    with pytest.raises(exceptions.RefreshError, match="account not found"):
        of_key(key).refresh(Request())


def test_a_machine_asks_its_metadata_server(
    gcp_sandbox: GcpSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from google.auth.compute_engine import _metadata  # noqa: PLC0415 - its host is set at import

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
    given = gcp_sandbox.ask("GET", "workload-identity")
    token = tmp_path / "token"
    subject = given["subject_token"]
    token.write_text(subject if good else subject[:-8] + "AAAAAAAA")
    source = {"file": str(token), "format": {"type": "text"}}
    information = {**given["configuration"], "credential_source": source}
    credential = identity_pool.Credentials.from_info(information, scopes=SCOPES)
    if not good:
        with pytest.raises(exceptions.OAuthError, match="Invalid JWT Signature"):
            credential.refresh(Request())
        return
    with AuthorizedSession(credential) as session:
        assert session.get(gcp_sandbox.endpoint + ZONES, timeout=10).status_code == 200


def test_tokens_expire(gcp_sandbox: GcpSandbox) -> None:
    token = gcp_sandbox.token(lifetime_seconds=-1)
    answer = Caller(gcp_sandbox.endpoint, token).call("GET", "/zones")
    assert (answer.status, answer.reason) == (401, "authError")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    credential = of_key(gcp_sandbox.service_account_key())
    credential.refresh(Request())
    gcp_sandbox.ask("POST", "expire-tokens")
    assert Caller(gcp_sandbox.endpoint, credential.token).call("GET", "/zones").status == 401
    with AuthorizedSession(credential) as session:  # takes a new one by itself
        assert session.get(gcp_sandbox.endpoint + ZONES, timeout=10).status_code == 200


@pytest.mark.parametrize("token", ["", "nonsense", "ya29.e30.e30"])
def test_nobody_is_let_in_without_a_token(gcp_sandbox: GcpSandbox, token: str) -> None:
    answer = Caller(gcp_sandbox.endpoint, token).call("GET", "/zones")
    assert answer.status == 401
    assert answer.content["error"]["status"] == "UNAUTHENTICATED"


def test_each_keeps_to_his_project_and_his_role(gcp_sandbox: GcpSandbox) -> None:
    own = caller(gcp_sandbox)
    viewer = caller(gcp_sandbox, "viewer")
    other = caller(gcp_sandbox, project="other-project")
    assert viewer.call("GET", f"/zones/{ZONE}/instances").status == 200
    refused = viewer.call("POST", f"/zones/{ZONE}/instances", machine("web"))
    assert (refused.status, refused.reason) == (403, "forbidden")
    assert "'compute.instances.create' permission" in refused.message
    assert Caller(own.endpoint, own.token, "other-project").call("GET", "/zones").status == 403
    assert Caller(other.endpoint, other.token).call("GET", "/zones").status == 403
    assert Caller(own.endpoint, own.token, "no-project").call("GET", "/zones").status == 404
    public = Caller(own.endpoint, own.token, "ubuntu-os-cloud")
    assert public.get("/global/images/family/ubuntu-2404-lts-amd64")["architecture"] == "X86_64"
    assert len(public.get("/global/images", filter="family=ubuntu-2204-lts")["items"]) == 3
    assert public.call("GET", f"/zones/{ZONE}/instances").status == 403


def test_only_a_fault_that_names_them_strikes_calls_for_tokens(gcp_sandbox: GcpSandbox) -> None:
    credential = of_key(gcp_sandbox.service_account_key())
    gcp_sandbox.inject(Fault(kind=FaultKind.ERROR))
    credential.refresh(Request())
    gcp_sandbox.clear()
    gcp_sandbox.inject(Fault(kind=FaultKind.DENY, action="oauth2.token"))
    with pytest.raises(exceptions.RefreshError) as caught:
        credential.refresh(Request())
    assert "invalid_grant" in json.dumps([str(one) for one in caught.value.args])
