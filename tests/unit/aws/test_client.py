"""The identity and the endpoint of clients: always those of the credential."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from providers.aws.authentication import open_session, to_time
from providers.aws.client import ATTEMPTS, AwsClients, client_config
from providers.aws.credential import AwsCredential
from providers.aws.provider import AwsProvider
from skyclust.contract import CredentialModel
from skyclust.errors import AuthenticationFailed, ConfigurationError
from skyclust.registry import provider_class

KEYS = {"access_key_id": "AKIAEXPLICIT", "secret_access_key": "explicit"}
CONFIG = """
[default]
aws_access_key_id = AKIADEFAULT
aws_secret_access_key = default
region = ap-south-1
endpoint_url = http://127.0.0.1:1

[profile work]
aws_access_key_id = AKIAWORK
aws_secret_access_key = work
region = eu-north-1

[profile empty]
region = eu-north-1
"""


@pytest.fixture(autouse=True)
def _machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A computer with AWS files and no other AWS identity."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    config = tmp_path / "config"
    config.write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def credential(**values: str) -> AwsCredential:
    return AwsCredential.model_validate(values)


def access_key(of: AwsCredential) -> str:
    credentials: Any = open_session(of, client_config(1)).get_credentials()
    return str(credentials.access_key)


def test_keys_are_not_replaced_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "environment")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "environment")
    monkeypatch.setenv("AWS_PROFILE", "work")
    opened: Any = open_session(credential(**KEYS), client_config(1)).get_credentials()
    assert (opened.access_key, opened.secret_key, opened.token) == (
        "AKIAEXPLICIT",
        "explicit",
        None,
    )


def test_keys_ignore_an_unknown_profile_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    clients = AwsClients(credential(**KEYS))
    assert clients.ec2("eu-west-1").meta.region_name == "eu-west-1"


def test_a_profile_is_not_replaced_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "environment")
    monkeypatch.setenv("AWS_PROFILE", "default")
    assert access_key(credential(profile="work")) == "AKIAWORK"


def test_a_profile_without_credentials_is_not_replaced_by_the_worker_identity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Both would return an identity of the worker if they were used.
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(AuthenticationFailed, match="profile 'empty' has no AWS credentials"):
        open_session(credential(profile="empty"), client_config(1))


def test_an_unknown_profile_is_reported() -> None:
    provider = AwsProvider(credential(profile="absent"))
    with pytest.raises(ConfigurationError, match="absent"):
        provider.regions()


def test_without_keys_and_profile_the_worker_identity_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert access_key(credential()) == "AKIADEFAULT"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "environment")
    assert access_key(credential()) == "AKIAENVIRONMENT"


def test_a_missing_worker_identity_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    provider = AwsProvider(credential())
    with pytest.raises(AuthenticationFailed, match="This machine has no AWS credentials"):
        provider.verify()


@pytest.mark.parametrize(
    ("values", "region"),
    [
        (KEYS, "us-east-1"),
        ({**KEYS, "region": "cn-north-1"}, "cn-north-1"),
        ({"profile": "work"}, "eu-north-1"),
        ({"profile": "work", "region": "eu-west-1"}, "eu-west-1"),
        ({}, "ap-south-1"),
    ],
)
def test_the_home_region(values: dict[str, str], region: str) -> None:
    clients = AwsClients(credential(**values))
    assert clients.home_region == region
    assert clients.sts().meta.region_name == region


def test_every_service_uses_the_endpoint_of_the_credential(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:2")
    monkeypatch.setenv("AWS_ENDPOINT_URL_EC2", "http://127.0.0.1:3")
    private = AwsClients(credential(**KEYS, endpoint="http://127.0.0.1:4"))
    everything = (
        private.ec2("eu-west-1"),
        private.elb("eu-west-1"),
        private.elbv2("eu-west-1"),
        private.sts(),
        private.iam(),
    )
    assert {client.meta.endpoint_url for client in everything} == {"http://127.0.0.1:4"}


def test_without_an_endpoint_only_aws_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:2")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:3")
    public = AwsClients(credential(**KEYS))
    assert public.ec2("eu-west-1").meta.endpoint_url == "https://ec2.eu-west-1.amazonaws.com"
    assert public.sts().meta.endpoint_url == "https://sts.us-east-1.amazonaws.com"


def test_clients_have_timeouts_attempts_and_a_user_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_RETRY_MODE", "legacy")
    config: Any = AwsClients(credential(**KEYS)).ec2("eu-west-1").meta.config
    assert (config.connect_timeout, config.read_timeout) == (5.0, 30.0)
    assert config.retries == {"mode": "adaptive", "total_max_attempts": ATTEMPTS}
    assert "skyclust/" in config.user_agent


def test_threads_share_the_client_of_a_service_and_region() -> None:
    clients = AwsClients(credential(**KEYS))
    places = ["eu-west-1", "us-east-1"] * 8
    with ThreadPoolExecutor(16) as pool:
        created = {id(client) for client in pool.map(clients.ec2, places)}
    assert len(created) == 2


def test_a_credential_of_another_provider_is_refused() -> None:
    class Other(CredentialModel):
        pass

    with pytest.raises(ConfigurationError, match="not a credential of Amazon Web Services"):
        AwsProvider(Other())


def test_loading_the_provider_imports_no_sdk() -> None:
    loaded = (
        "import sys; from skyclust.registry import provider_class; provider_class('aws');"
        "sys.exit(any(m.split('.')[0] in {'boto3', 'botocore'} for m in sys.modules))"
    )
    assert provider_class("aws") is AwsProvider
    assert subprocess.run([sys.executable, "-c", loaded], check=False, timeout=60).returncode == 0


@pytest.mark.parametrize(
    "written",
    [
        "2026-04-01T12:00:00Z",
        "2026-04-01T12:00:00.000Z",
        "2026-04-01T14:00:00+02:00",
        "2026-04-01T12:00:00",
        "Wed, 01 Apr 2026 12:00:00 GMT",
    ],
)
def test_timestamps_are_read_in_utc(written: str) -> None:
    time = to_time(written)
    assert time == datetime(2026, 4, 1, 12, 0, tzinfo=UTC)
    assert time.tzinfo is UTC
