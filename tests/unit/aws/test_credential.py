"""The AWS credential: permitted and refused fields, and hidden secrets."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from providers.aws.credential import AwsCredential

KEYS = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "wJalrXUtnFEMIEXAMPLEKEY"}
ROLE = "arn:aws:iam::123456789012:role/teams/skyclust"


@pytest.mark.parametrize(
    "values",
    [
        {},
        KEYS,
        {**KEYS, "session_token": "FwoGZXIvYXdz", "region": "eu-central-1"},
        {"profile": "work"},
        {"profile": "work", "role_arn": ROLE},
        {**KEYS, "role_arn": ROLE, "external_id": "customer-17:x/y"},
        {"role_arn": "arn:aws-us-gov:iam::123456789012:role/skyclust"},
        {**KEYS, "endpoint": "http://127.0.0.1:5000"},
        {**KEYS, "endpoint": "https://ec2.private.example:8773/services/cloud"},
    ],
)
def test_permitted_combinations(values: dict[str, str]) -> None:
    assert AwsCredential.model_validate(values).model_fields_set == set(values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"access_key_id": "AKIA"}, "belong together"),
        ({"secret_access_key": "x"}, "belong together"),
        ({"session_token": "x"}, "only together with an access key"),
        ({**KEYS, "profile": "work"}, "an access key or a profile, not both"),
        ({**KEYS, "external_id": "abc"}, "only together with role_arn"),
        ({**KEYS, "secret_access_key": "wJalr\n"}, "contains a blank or a line break"),
        ({**KEYS, "access_key_id": "AKIA AKIA"}, "contains a blank or a line break"),
        ({"role_arn": "skyclust"}, "is not the ARN of a role"),
        ({"role_arn": "arn:aws:iam::123456789012:user/ann"}, "is not the ARN of a role"),
        ({"role_arn": ROLE, "external_id": "a"}, "2 to 1224"),
        ({"role_arn": ROLE, "external_id": "äöü"}, "2 to 1224"),
        ({"region": "Europe"}, "is not the name of a region"),
        ({"endpoint": "ec2.example.com"}, "begins with https"),
        ({"endpoint": "ftp://ec2.example.com"}, "begins with https"),
        ({"endpoint": "https://user:password@ec2.example.com"}, "no user name or password"),
        ({"endpoint": "https://ec2.example.com/?key=1"}, "no query"),
        ({"acces_key_id": "AKIA"}, "acces_key_id"),
    ],
)
def test_refused_combinations(values: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        AwsCredential.model_validate(values)


def test_empty_fields_are_absent() -> None:
    empty = dict.fromkeys(AwsCredential.model_fields, "")
    assert AwsCredential.model_validate(empty) == AwsCredential()
    filled = AwsCredential.model_validate({**empty, **KEYS})
    assert filled.profile is None
    assert filled.session_token is None


@pytest.mark.parametrize(
    "values",
    [
        {"secret_access_key": "canary-secret"},
        {**KEYS, "secret_access_key": "canary-secret with a blank"},
        {**KEYS, "session_token": "canary-secret\t"},
        {**KEYS, "role_arn": ROLE, "external_id": "canary-secret!"},
        {**KEYS, "profile": "work", "session_token": "canary-secret"},
    ],
)
def test_a_validation_error_does_not_contain_a_secret(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        AwsCredential.model_validate(values)
    assert "canary-secret" not in str(refused.value)


def test_a_credential_does_not_show_its_secrets() -> None:
    credential = AwsCredential.model_validate(
        {**KEYS, "session_token": "FwoGZXIvYXdz", "role_arn": ROLE, "external_id": "canary"}
    )
    for text in (repr(credential), str(credential), credential.model_dump_json()):
        for secret in (KEYS["secret_access_key"], "FwoGZXIvYXdz", "canary"):
            assert secret not in text
