"""The credential: valid combinations of fields, and reading a clouds.yaml."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from providers.openstack.credential import OpenStackCredential
from skyclust.errors import InvalidRequest
from skyclust.security.validation import checked_values

URL = "https://cloud.example.com:5000/v3"
PASSWORD: dict[str, Any] = {
    "endpoint": URL,
    "username": "ops",
    "password": "canary-password",
    "user_domain_name": "Default",
    "project_name": "shop",
    "project_domain_name": "Default",
}
APPLICATION: dict[str, Any] = {
    "endpoint": URL,
    "application_credential_id": "0123456789abcdef0123456789abcdef",
    "application_credential_secret": "canary-secret",
}
CLOUDS = textwrap.dedent(
    """
    clouds:
      shop:
        auth_type: v3applicationcredential
        auth:
          auth_url: https://cloud.example.com:5000
          application_credential_id: abc
          application_credential_secret: canary-secret
        region_name: RegionOne
        interface: internal
        identity_api_version: 3
      office:
        auth:
          auth_url: https://office.example.com/identity
          username: ops
          password: canary-password
          user_domain_name: Default
          project_id: "42"
    """
)


def _read(values: dict[str, Any]) -> OpenStackCredential:
    return OpenStackCredential.model_validate(values)


@pytest.mark.parametrize(
    "values",
    [
        PASSWORD,
        {**PASSWORD, "application_credential_id": "", "region_name": ""},
        {"endpoint": URL, "user_id": "u", "password": "x", "project_id": "p"},
        APPLICATION,
        {
            "endpoint": URL,
            "application_credential_name": "skyclust",
            "application_credential_secret": "x",
            "username": "ops",
            "user_domain_id": "default",
        },
    ],
)
def test_complete_identities_are_valid(values: dict[str, Any]) -> None:
    assert _read(values).endpoint == URL


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"endpoint": None}, "endpoint is missing"),
        ({"endpoint": "cloud.example.com"}, "begins with https://"),
        ({"endpoint": "https://a:b@cloud.example.com"}, "no user name or password"),
        ({"endpoint": "https://cloud.example.com/v3?x=1"}, "no query"),
        ({"endpoint": "https://cloud.example.com/v2.0"}, "v2.0"),
        ({"password": None}, "no secret"),
        ({"password": "x\n"}, "copy it again"),
        ({"user_domain_name": None}, "user's domain is missing"),
        ({"user_domain_id": "default"}, "not both"),
        ({"project_name": None, "project_domain_name": None}, "project is missing"),
        ({"project_domain_name": None}, "project's domain is missing"),
        ({"application_credential_secret": "y"}, "not both"),
        ({"cacert": "no certificate"}, "no certificate"),
        ({"cloud": "shop"}, "clouds_yaml"),
        ({"interface": "sideways"}, "interface"),
    ],
)
def test_an_incomplete_or_ambiguous_password_is_invalid(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message) as failure:
        _read({**PASSWORD, **change})
    assert "canary" not in str(failure.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"project_name": "shop"}, "has its project already"),
        ({"username": "ops"}, "leave out username"),
        ({"application_credential_name": "x"}, "not both"),
        ({"application_credential_id": None}, "application credential is missing"),
        (
            {"application_credential_id": None, "application_credential_name": "x"},
            "user of the application credential is missing",
        ),
    ],
)
def test_an_incomplete_or_ambiguous_application_credential_is_invalid(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        _read({**APPLICATION, **change})


def test_one_cloud_of_a_clouds_yaml_becomes_the_fields() -> None:
    shop = _read({"clouds_yaml": CLOUDS, "cloud": "shop"})
    assert shop.application_credential_id == "abc"
    assert (shop.region_name, shop.interface) == ("RegionOne", "internal")
    assert shop.clouds_yaml is None
    office = _read({"clouds_yaml": CLOUDS, "cloud": "office", "region_name": "North"})
    assert (office.project_id, office.region_name) == ("42", "North")
    assert office.password is not None
    assert _read(office.model_dump(exclude_unset=True)) == office


@pytest.mark.parametrize(
    ("text", "cloud", "message"),
    [
        (CLOUDS, None, "cloud is missing"),
        (CLOUDS, "nowhere", "no such cloud"),
        ("canary: [", None, "not the content"),
        ("canary", None, "not the content"),
        ("clouds: {}", None, "no `clouds`"),
        ("clouds: {a: {profile: ovh}}", None, "no `auth`"),
        ("clouds: {a: {profile: ovh, auth: {username: x}}}", None, "profile"),
        ("clouds: {a: {auth_type: v3token, auth: {auth_url: x}}}", None, "auth_type"),
        ("clouds: {a: {auth: {auth_url: x, passcode: 1}}}", None, "passcode"),
        ("clouds: {a: {auth: {auth_url: x, system_scope: all}}}", None, "no project"),
        ("clouds: {a: {cacert: /etc/ca.pem, auth: {auth_url: x}}}", None, "cacert"),
        ("clouds: {a: {cert: /etc/c.pem, auth: {auth_url: x}}}", None, "client certificates"),
    ],
)
def test_an_unusable_clouds_yaml_is_invalid(text: str, cloud: str | None, message: str) -> None:
    with pytest.raises(ValidationError, match=message) as failure:
        _read({"clouds_yaml": text, "cloud": cloud})
    assert "canary" not in str(failure.value)


def test_a_field_given_twice_is_invalid() -> None:
    with pytest.raises(ValidationError, match="beside it: endpoint"):
        _read({"clouds_yaml": CLOUDS, "cloud": "shop", "endpoint": URL})


def _renamed(values: dict[str, Any]) -> dict[str, Any]:
    return {("auth_url" if name == "endpoint" else name): one for name, one in values.items()}


@pytest.mark.parametrize("values", [PASSWORD, APPLICATION])
def test_names_of_the_sdk_are_accepted(values: dict[str, Any]) -> None:
    """A clouds.yaml and openrc files have auth_url and region_name or region."""
    renamed = _renamed(values)
    assert _read(renamed) == _read(values)
    assert _read({**renamed, "region_name": "RegionOne"}).region_name == "RegionOne"
    assert _read({**renamed, "region": "RegionOne"}).region_name == "RegionOne"
    assert _read({**values, "auth_url": URL}) == _read(values)
    assert _read({**values, "auth_url": ""}) == _read(values)
    with pytest.raises(ValidationError, match="endpoint is given twice, also as auth_url"):
        _read({**values, "auth_url": "https://other.example.com/v3"})


def test_names_of_the_sdk_are_stored_as_the_field_names() -> None:
    """`credential add` and blocks created by REST use this; secrets are known by their names."""
    kept = checked_values(
        OpenStackCredential, {**_renamed(PASSWORD), "region": "RegionOne"}, "office"
    )
    assert kept == {**PASSWORD, "region_name": "RegionOne"}
    with pytest.raises(InvalidRequest, match="endpoint is given twice") as twice:
        checked_values(OpenStackCredential, {**PASSWORD, "auth_url": "https://x.example"}, "office")
    assert "canary" not in str(twice.value)
    with pytest.raises(InvalidRequest, match="unknown fields: auth") as unknown:
        checked_values(OpenStackCredential, {"auth": {"password": "canary"}}, "office")
    assert "canary" not in str(unknown.value)
    assert "auth_url" in unknown.value.hint


def test_a_parsed_clouds_yaml_is_accepted() -> None:
    shop = checked_values(OpenStackCredential, {**yaml.safe_load(CLOUDS), "cloud": "shop"}, "shop")
    assert shop["application_credential_id"] == "abc"
    assert shop["region_name"] == "RegionOne"
    assert OpenStackCredential.region_field == "region_name"
