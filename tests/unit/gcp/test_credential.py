"""A credential is complete, has one identity, and sends secrets only to trusted hosts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from providers.gcp.credential import GcpCredential

KEY = {
    "type": "service_account",
    "project_id": "acme-prod",
    "private_key": "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n",
    "client_email": "skyclust@acme-prod.iam.gserviceaccount.com",
    "token_uri": "https://oauth2.googleapis.com/token",
}
WORKLOAD_IDENTITY: dict[str, Any] = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
    "token_url": "https://sts.googleapis.com/v1/token",
    "credential_source": {"file": "/var/run/token"},
}


def _made(**values: object) -> GcpCredential:
    return GcpCredential.model_validate(values)


def test_a_key_is_accepted_as_text_or_as_an_object() -> None:
    as_text = _made(service_account_info=json.dumps(KEY))
    as_object = _made(service_account_info=KEY)
    assert as_text.key == as_object.key == KEY
    assert "canary" not in repr(as_text)


def test_empty_fields_mean_application_default_credentials() -> None:
    credential = _made(service_account_info="", external_account_info="", project_id="")
    assert (credential.key, credential.workload_identity, credential.project_id) == (
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    "endpoint", ["https://compute.example.com", "https://compute.example.com/"]
)
def test_a_trailing_slash_is_removed_from_the_endpoint(endpoint: str) -> None:
    made = _made(service_account_info=KEY, endpoint=endpoint)
    assert made.endpoint == "https://compute.example.com"


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"service_account_info": "key.json"}, "not JSON"),
        ({"service_account_info": "[]"}, "not JSON"),
        ({"service_account_info": {**KEY, "type": "authorized_user"}}, "another type"),
        ({"service_account_info": {**KEY, "private_key": ""}}, "lacks private_key"),
        ({"service_account_info": {**KEY, "project_id": None}}, "names no project"),
        ({"service_account_info": KEY, "project_id": "My Project"}, "not the ID"),
        ({"service_account_info": KEY, "endpoint": "compute.example.com"}, "begins with https"),
        ({"service_account_info": KEY, "endpoint": "https://x.example/compute"}, "without path"),
        ({"service_account_info": KEY, "endpoint": "https://u:p@x.example"}, "no user name"),
        ({"external_account_info": WORKLOAD_IDENTITY}, "give project_id"),
        ({"external_account_info": KEY, "project_id": "acme-prod"}, "another type"),
        (
            {"service_account_info": KEY, "external_account_info": WORKLOAD_IDENTITY},
            "not both",
        ),
    ],
)
def test_invalid_credentials_are_refused(values: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint) as refused:
        _made(**values)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token_url", "https://sts.googleapis.com.example.com/v1/token"),
        ("token_url", "http://sts.googleapis.com/v1/token"),
        ("service_account_impersonation_url", "https://example.com/generateAccessToken"),
        ("token_info_url", "https://example.com/"),
    ],
)
def test_a_workload_identity_sends_tokens_only_to_google(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match="not Google's"):
        _made(external_account_info={**WORKLOAD_IDENTITY, name: value}, project_id="acme-prod")


def test_a_workload_identity_with_an_executable_source_is_refused() -> None:
    source = {"credential_source": {"executable": {"command": "id"}}}
    with pytest.raises(ValidationError, match="takes its token from executable"):
        _made(external_account_info={**WORKLOAD_IDENTITY, **source}, project_id="acme-prod")


@pytest.mark.parametrize(
    "address",
    [
        "https://sts.googleapis.com:99999/v1/token",
        "https://example.com\\@sts.googleapis.com/v1/token",
        "https://sts.googleapis.com@example.com/v1/token",
    ],
)
def test_an_ambiguous_token_url_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match="not Google's"):
        _made(
            external_account_info={**WORKLOAD_IDENTITY, "token_url": address},
            project_id="acme-prod",
        )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("token_uri", "https://oauth2.example.com:99999/token"),
        ("token_uri", "oauth2.example.com/token"),
        ("token_uri", f"https://{'a' * 64}.example.com/token"),
        ("universe_domain", "goog leapis.com"),
        ("universe_domain", "u:p@example.com"),
    ],
)
def test_a_key_with_an_invalid_url_is_refused(name: str, value: str) -> None:
    with pytest.raises(ValidationError, match=f"has a {name} that is not"):
        _made(service_account_info={**KEY, name: value})


def test_an_endpoint_outside_google_needs_a_key() -> None:
    with pytest.raises(ValidationError, match="needs a service account key"):
        _made(project_id="acme-prod", endpoint="https://compute.example.com")
    private = "https://compute-acme.p.googleapis.com"
    assert _made(project_id="acme-prod", endpoint=private).endpoint == private
