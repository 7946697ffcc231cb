"""An endpoint that repeats what it was sent, or what it issued, spreads no secret by us."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, Final

import pytest
from pydantic import SecretStr

from skyclust.errors import SkyClustError
from skyclust.model.identity import Identity
from skyclust.model.redacted import without_secrets
from skyclust.model.resource import Resource, ResourceKind
from skyclust.providerkit.provider_errors import provider_errors
from skyclust.redaction import MASK, redact, register_issued, register_secret
from skyclust.registry import provider_class
from skyclust.security.fields import secret_fields
from tests.fixtures.sandbox import RunningCloud
from tests.security.attacked import CLOUDS, credential_values, opened
from tests.security.echo import SHORTEST_TOKEN, echoing


@pytest.fixture
def sandboxes(request: pytest.FixtureRequest) -> Callable[[str], RunningCloud]:
    """The sandbox of a cloud, with a used account in it."""
    return lambda cloud: request.getfixturevalue(f"{cloud}_estate")


@pytest.mark.integration
@pytest.mark.parametrize("cloud", CLOUDS)
def test_no_token_or_secret_is_in_an_error_or_a_log(
    cloud: str, sandboxes: Callable[[str], RunningCloud], caplog: pytest.LogCaptureFixture
) -> None:
    """With every logger at DEBUG: SDKs write whole requests and answers there."""
    caplog.set_level(logging.DEBUG)
    with echoing(sandboxes(cloud).endpoint) as (echo, server):
        values = credential_values(cloud, server.url)
        secrets = {
            str(values[f])
            for f in secret_fields(provider_class(cloud).credential_model) & values.keys()
        }
        for secret in secrets:
            register_secret(secret)
        provider: Any = opened(cloud, values)
        provider.verify()
        region = provider.regions()[0]
        echo.repeating = True
        with pytest.raises(SkyClustError) as caught, provider_errors(cloud, "list"):
            list(provider.list_resources(region, ResourceKind.INSTANCE))
    said = f"{caught.value!s} {caught.value.code} {caplog.text}"
    tokens = echo.sent | {one for one in secrets if len(one) >= SHORTEST_TOKEN}
    assert echo.sent or cloud == "aws"
    assert not [one for one in tokens if one in said]
    for nested in ("private_key",):
        for text in filter(lambda one: nested in one, secrets):
            key = json.loads(text)[nested]
            assert not [line for line in key.splitlines()[1:-1] if line in said]


@pytest.mark.integration
def test_the_keys_of_an_assumed_role_are_in_no_log(
    aws_estate: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("botocore").setLevel(logging.DEBUG)
    logging.getLogger("botocore.parsers").setLevel(logging.DEBUG)
    values = {
        **credential_values("aws", aws_estate.endpoint),
        "role_arn": f"arn:aws:iam::{aws_estate.account}:role/{aws_estate.role_name}",
        "external_id": aws_estate.external_id,
    }
    provider: Any = opened("aws", values)
    provider.verify()
    issued = provider._clients._session.get_credentials().get_frozen_credentials()
    assert len(issued.secret_key) >= SHORTEST_TOKEN
    assert len(issued.token) >= SHORTEST_TOKEN
    assert issued.secret_key not in caplog.text
    assert issued.token not in caplog.text
    assert MASK in redact(f"key {issued.secret_key}")


def test_what_a_cloud_names_after_a_token_is_stored_without_it() -> None:
    token = "gAAAAABm-canary-of-keystone-5f1e7c"
    register_issued(token)
    resource = Resource(
        provider="acme",
        region="r",
        kind=ResourceKind.INSTANCE,
        id="i-1",
        name=f"web {token}",
        tags={"owner": token, token: "x"},
        attributes={"nested": [{"deep": f"a{token}b"}]},
    )
    clean = without_secrets(resource)
    assert token not in clean.model_dump_json()
    assert clean.id == "i-1"
    identity = Identity(provider="acme", account="a", principal=token)
    assert without_secrets(identity).principal == MASK
    plain = Resource(provider="acme", region="r", kind=ResourceKind.DISK, id="d")
    assert without_secrets(plain) is plain


NESTED: Final = {
    "json": json.dumps(
        {
            "type": "service_account",
            "client_email": "a@b.iam",
            "deep": [{"private_key": "nested-canary-1"}],
        }
    ),
    "yaml": "clouds:\n  acme:\n    auth:\n      username: shared-user\n"
    "      password: nested-canary-1\n",
    "json in yaml": 'key: \'{"token": "nested-canary-1"}\'\nother: 1\n',
}


@pytest.mark.parametrize("document", NESTED.values(), ids=NESTED.keys())
def test_a_secret_within_a_secret_is_masked_by_itself(document: str) -> None:
    register_secret(SecretStr(document).get_secret_value())
    clean = redact("the endpoint says: nested-canary-1, for a@b.iam and shared-user")
    assert "nested-canary" not in clean
    assert "a@b.iam" in clean
    assert "shared-user" in clean


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer canary.of.nobody",
        "{'Authorization': 'Bearer canary.of.nobody'}",
        '{"X-Auth-Token": "canary.of.nobody"}',
        "X-Subject-Token: canary.of.nobody\r\nHost: x",
        "X-Amz-Security-Token=canary.of.nobody&X=1",
        "https://x.example/?X-Amz-Signature=canary.of.nobody",
        "https://x.blob.example/log?sv=1&sig=canary.of.nobody&se=2",
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=canary.of.nobody",
        "Cookie: PVEAuthCookie=canary.of.nobody",
        "Authorization: PVEAPIToken=root@pam!x=canary.of.nobody",
        '{"access_token": "canary.of.nobody", "expires_in": 1}',
        '{"said": "{\\"password\\": \\"canary.of.nobody\\"}"}',
        "grant_type=client_credentials&client_secret=canary.of.nobody&scope=x",
        '{"said": "{\\"Authorization\\": \\"Bearer canary.of.nobody\\"}"}',
        "<SecretAccessKey>canary.of.nobody</SecretAccessKey>",
        "-----BEGIN PRIVATE KEY-----\ncanary.of.nobody\n-----END PRIVATE KEY-----",
    ],
)
def test_what_stands_where_tokens_stand_is_masked_unseen(text: str) -> None:
    clean = redact(text)
    assert "canary" not in clean
    assert MASK in clean


@pytest.mark.parametrize(
    "text",
    [
        "client_secret: contains a blank or a line break: copy it again",
        "Could not list: Azure does not accept the credential (AuthorizationFailed).",
        "The token of instance web-1 has expired.",
        "password is of use only together with certificate_data",
    ],
)
def test_sentences_about_secrets_stay_readable(text: str) -> None:
    assert redact(text) == text
