"""A credential uses nothing of the worker's own: no file, no identity, no profile of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from providers.gcp.client import GcpClients
from providers.gcp.credential import GcpCredential
from skyclust.errors import ConfigurationError, InvalidRequest, SkyClustError
from skyclust.orchestration import block_documents
from skyclust.orchestration.credential_verification import verify_credential
from skyclust.providerkit.permissions import load_permissions
from skyclust.registry import provider_class
from skyclust.security.keyring import generate_key
from skyclust.security.validation import checked_values
from skyclust.store.engine import Store
from tests.security.hostile import Arrived, HostileServer, hostile_server, reply

CANARY = "canary-of-the-worker-7d1f0c"


def _configuration(listener: HostileServer, source: object, **changes: object) -> dict[str, Any]:
    return {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{listener.url}/token",
        "credential_source": source,
        **changes,
    }


@pytest.fixture
def listener() -> Iterator[HostileServer]:
    """A token service that an attacker runs."""

    def answer(arrived: Arrived, handler: Any) -> None:
        token = {"access_token": "t", "expires_in": 3600, "token_type": "Bearer"}
        reply(handler, 200, json.dumps(token).encode(), Content_Type="application/json")

    with hostile_server(answer) as server:
        yield server


@pytest.fixture
def master_key(skyclust_home: Path) -> Path:
    """A file that only the worker may read."""
    path = skyclust_home / "encryption.key"
    path.write_text(CANARY)
    path.chmod(0o600)
    return path


def _attempted(configuration: dict[str, Any]) -> Exception:
    """Return the error of keeping and using a configuration, as the worker would."""
    values = {"external_account_info": configuration, "project_id": "acme-prod"}
    with pytest.raises((ConfigurationError, InvalidRequest)) as caught:
        checked_values(GcpCredential, values, "mine")
    try:
        credential = GcpCredential.model_validate(values)
    except ValidationError:
        return caught.value
    with pytest.raises(ConfigurationError):
        credential.check_permitted(load_permissions())
    return caught.value


@pytest.mark.parametrize(
    "token_url",
    [
        "http://127.0.0.1:{port}/token",
        "http://attacker\\@127.0.0.1:{port}/token",
        "http://sts.googleapis.com\\@127.0.0.1:{port}/token",
        "http://127.0.0.1:{port}\\.googleapis.com/token",
        "http://user@127.0.0.1:{port}/token",
        "http://127.0.0.1:{port}/token\r\nHost: sts.googleapis.com",
        "https://storage.googleapis.com/attacker/token",
        "https://sts.googleapis.com.attacker.example/token",
        "https://sts.googleapis.com%2f@127.0.0.1:{port}/token",
        "https://xsts.googleapis.com/token",
    ],
)
def test_no_file_of_the_worker_is_sent_anywhere(
    token_url: str, listener: HostileServer, master_key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the operator of a sandbox has allowed loopback."""
    url = token_url.format(port=listener.port)
    error = _attempted(_configuration(listener, {"file": str(master_key)}, token_url=url))
    assert CANARY not in str(error)
    assert not listener.arrived


@pytest.mark.parametrize(
    "source",
    [
        {"executable": {"command": "/bin/sh -c id"}},
        {"certificate": {"use_default_certificate_config": True}},
        {"file": "../../etc/passwd"},
        {"file": "/var/run/../../etc/passwd"},
        {"file": "/etc/passwd", "url": "https://example.com"},
        {"url": "http://169.254.169.254/latest/meta-data/"},
        {"url": "http://attacker\\@169.254.169.254/"},
        {"url": "https://inner.example.com/token", "headers": {"X": "y"}},
        {"environment_id": "aws1", "regional_cred_verification_url": "https://x.example"},
        {"environment_id": "aws1", "url": "http://169.254.169.254/x"},
        ["file"],
        "file",
    ],
)
def test_no_other_source_of_the_worker_is_read(source: object, listener: HostileServer) -> None:
    _attempted(_configuration(listener, source, token_url="https://sts.googleapis.com/v1/token"))
    assert not listener.arrived


def test_the_operator_may_list_a_file(
    listener: HostileServer, skyclust_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is how a Kubernetes service account's token is used."""
    token = skyclust_home / "token"
    token.write_text("subject-token")
    monkeypatch.setenv("SKYCLUST_ALLOWED_CREDENTIAL_SOURCES", f"/var/run/other, {token}")
    configuration = _configuration(listener, {"file": str(token)})
    values = {"external_account_info": configuration, "project_id": "acme-prod"}
    plain = checked_values(GcpCredential, values, "mine")
    clients = GcpClients(GcpCredential.model_validate(plain | {"endpoint": listener.url}))
    with pytest.raises(SkyClustError):
        clients.get("", "read the project", kind="project")
    assert "subject-token" in listener.arrived[0].body


@pytest.mark.parametrize(
    ("cloud", "values"),
    [
        ("aws", {"profile": "default"}),
        ("aws", {"role_arn": "arn:aws:iam::123456789012:role/skyclust"}),
        ("aws", {}),
        (
            "azure",
            {
                "subscription_id": "00000000-1111-2222-3333-444444444444",
                "managed_identity": True,
            },
        ),
        ("gcp", {"project_id": "acme-prod"}),
    ],
)
def test_the_identity_of_the_worker_is_used_only_where_the_operator_says_so(
    cloud: str, values: dict[str, Any], skyclust_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = provider_class(cloud).credential_model
    with pytest.raises(ConfigurationError, match="does not allow"):
        checked_values(model, values, "mine")
    monkeypatch.setenv("SKYCLUST_ALLOW_WORKER_IDENTITY", "true")
    monkeypatch.setenv("SKYCLUST_ALLOWED_PROFILES", "other, default")
    assert checked_values(model, values, "mine") == values


@pytest.mark.parametrize(
    ("cloud", "values"),
    [
        ("aws", {"endpoint": "https://attacker.example"}),
        ("aws", {"endpoint": "https://attacker.example", "profile": "default"}),
        (
            "azure",
            {
                "subscription_id": "00000000-1111-2222-3333-444444444444",
                "managed_identity": True,
                "endpoint": "https://attacker.example",
            },
        ),
        (
            "azure",
            {
                "subscription_id": "00000000-1111-2222-3333-444444444444",
                "managed_identity": True,
                "audience": "https://vault.azure.net",
            },
        ),
        ("gcp", {"project_id": "acme-prod", "endpoint": "https://attacker.example"}),
        ("gcp", {"project_id": "acme-prod", "endpoint": "https://storage.googleapis.com"}),
    ],
)
def test_the_identity_of_the_worker_never_goes_where_the_credential_says(
    cloud: str, values: dict[str, Any], skyclust_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where the operator allows it to be used."""
    monkeypatch.setenv("SKYCLUST_ALLOW_WORKER_IDENTITY", "true")
    monkeypatch.setenv("SKYCLUST_ALLOWED_PROFILES", "default")
    with pytest.raises(InvalidRequest, match="is not valid"):
        checked_values(provider_class(cloud).credential_model, values, "mine")


@pytest.fixture
def no_blocks(prefect_server: object) -> Iterator[None]:
    """A Prefect server on which this test's block is not left behind."""
    yield
    block = block_documents.read("gcp", block_documents.block_name("default", "by-hand"))
    if block is not None:
        block_documents.delete(str(block.id))


@pytest.mark.integration
def test_a_block_made_by_hand_is_refused_when_it_is_opened(
    no_blocks: None,
    store: Store,
    listener: HostileServer,
    master_key: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The Prefect UI asks nobody: the worker does, each time."""
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())
    configuration = _configuration(listener, {"file": str(master_key)})
    values = {
        "external_account_info": json.dumps(configuration),
        "project_id": "acme-prod",
        "endpoint": listener.url,
    }
    block_documents.create("gcp", "default", "by-hand", values)
    with pytest.raises(ConfigurationError, match="would read its token from"):
        verify_credential(store, "default", "by-hand")
    assert not listener.arrived
