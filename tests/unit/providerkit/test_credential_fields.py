"""The validators that the credentials of all clouds share."""

from __future__ import annotations

import re

import pytest
from pydantic import Field, SecretStr, ValidationError, field_validator

from skyclust.contract import CredentialModel
from skyclust.providerkit.credential_fields import (
    base_address,
    is_empty,
    plain_text,
    refuse_whitespace,
    require_match,
)

_NAME = re.compile(r"[a-z]+")


class ExampleCredential(CredentialModel):
    """A credential with a required field, a secret and two defaults."""

    user: str
    secret: SecretStr | None = None
    group: str = "skyclust"
    zones: list[str] = Field(default_factory=lambda: ["a"])

    _secret = field_validator("secret")(refuse_whitespace)
    _base = field_validator("endpoint")(base_address)


def test_an_empty_field_has_its_default() -> None:
    credential = ExampleCredential.model_validate(
        {"user": "ada", "secret": "", "group": "", "zones": "", "endpoint": ""}
    )
    assert credential == ExampleCredential(user="ada")
    assert ExampleCredential(user="ada", secret=SecretStr("")).secret is None


def test_an_empty_required_field_is_refused_by_its_name() -> None:
    with pytest.raises(ValidationError, match="user") as caught:
        ExampleCredential(user="")
    assert [error["loc"] for error in caught.value.errors()] == [("user",)]


def test_null_is_no_empty_field() -> None:
    with pytest.raises(ValidationError, match="group"):
        ExampleCredential.model_validate({"user": "ada", "group": None})


def test_validators_are_reusable_in_a_model() -> None:
    credential = ExampleCredential(user="ada", endpoint="https://cloud.example.com/v3//")
    assert credential.endpoint == "https://cloud.example.com/v3"
    with pytest.raises(ValidationError, match="copy it again") as caught:
        ExampleCredential(user="ada", secret=SecretStr("s3cr3t\n"))
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("value", ["a b", "a\n", "\ta", SecretStr("a b")])
def test_whitespace_in_a_key_is_refused(value: str | SecretStr) -> None:
    with pytest.raises(ValueError, match="a blank or a line break"):
        refuse_whitespace(value)


def test_a_value_matches_the_whole_pattern_or_is_absent() -> None:
    assert require_match("ada", _NAME, "is not a name") == "ada"
    assert require_match(None, _NAME, "is not a name") is None
    for value in ("ada ", "ada\n", "", SecretStr("Ada")):
        with pytest.raises(ValueError, match="is not a name"):
            require_match(value, _NAME, "is not a name")


def test_what_counts_as_empty() -> None:
    assert [value for value in (None, "", SecretStr("")) if not is_empty(value)] == []
    assert not any(is_empty(value) for value in (" ", 0, False, SecretStr("x")))
    assert plain_text(SecretStr("x")) == "x"
    assert plain_text(8006) == 8006
