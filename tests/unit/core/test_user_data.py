"""User data and SSH keys as requests take them, and what is shown of them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from skyclust.model.instance import InstanceSpec, SealedInstanceSpec
from skyclust.model.placement import InstanceNeeds
from skyclust.model.user_data import is_digest, shown, user_data_of, without_user_data
from skyclust.redaction import MASK, redact
from skyclust.security.user_data import register_user_data

CANARY = "canary-4711"
SEALED = "sealed:v2:0123456789ab:AAAA"
PLACE = {"name": "web", "region": "eu", "type": "small", "image": "debian"}
NEEDS = {"name": "web", "cores": 1, "memory_gib": 1, "image_family": "debian-13"}
PUBLIC = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ ada@example.com"


@pytest.mark.parametrize(
    "text",
    [
        f"#cloud-config\npassword: {CANARY}",
        f"sealed:{CANARY}",
        f"{SEALED}\n{CANARY}",
        f"{CANARY} {SEALED}",
        f"{SEALED}:{CANARY}",
        "sha256:" + "0" * 64 + CANARY,
        "",
    ],
)
@pytest.mark.parametrize(("model", "fields"), [(SealedInstanceSpec, PLACE), (InstanceNeeds, NEEDS)])
def test_only_a_sealed_text_is_taken(
    model: type[SealedInstanceSpec] | type[InstanceNeeds], fields: dict[str, Any], text: str
) -> None:
    assert model.model_validate({**fields, "user_data": SEALED}).user_data == SEALED
    with pytest.raises(ValidationError, match="user_data") as refused:
        model.model_validate({**fields, "user_data": text})
    assert CANARY not in str(refused.value)


@pytest.mark.parametrize(
    "key",
    [
        f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}\n-----END OPENSSH PRIVATE KEY-----\n",
        f"-----BEGIN RSA PRIVATE KEY----- {CANARY} -----END RSA PRIVATE KEY-----",
        f"PuTTY-User-Key-File-3: ssh-ed25519\n{CANARY}",
        f"b3BlbnNzaC1rZXktdjEAAAAABG5vbmU{CANARY}",
        f"{PUBLIC}\n{CANARY}",
    ],
)
@pytest.mark.parametrize(("model", "fields"), [(SealedInstanceSpec, PLACE), (InstanceNeeds, NEEDS)])
def test_a_private_key_is_refused_without_being_repeated(
    model: type[SealedInstanceSpec] | type[InstanceNeeds], fields: dict[str, Any], key: str
) -> None:
    good = {**fields, "ssh_keys": ["my-key", PUBLIC, f"{PUBLIC}\n"]}
    assert len(model.model_validate(good).ssh_keys) == 3
    with pytest.raises(ValidationError, match="ssh_keys") as refused:
        model.model_validate({**fields, "ssh_keys": [key]})
    assert CANARY not in str(refused.value)


def test_the_form_has_the_patterns_that_the_server_checks() -> None:
    schema = SealedInstanceSpec.model_json_schema()["properties"]

    [text, _] = schema["user_data"]["anyOf"]
    assert text["pattern"].startswith("^sealed:")
    assert "PRIVATE KEY" in schema["ssh_keys"]["items"]["pattern"]
    assert "seal-user-data" in schema["user_data"]["description"]


def test_no_spec_shows_its_user_data() -> None:
    opened = SealedInstanceSpec.model_validate({**PLACE, "user_data": SEALED}).opened(CANARY)

    assert isinstance(opened, InstanceSpec)
    assert opened.user_data == CANARY
    assert CANARY not in repr(opened)
    assert CANARY not in str(opened)


def test_what_is_shown_is_a_digest_and_of_plain_text_not_even_that() -> None:
    assert is_digest(shown(SEALED))
    assert shown(shown(SEALED)) == shown(SEALED)
    assert shown(CANARY) == "*" * 8
    assert is_digest(shown(CANARY))


def test_each_user_data_of_a_request_is_taken_out_and_nothing_else() -> None:
    spec = {"name": "web", "user_data": SEALED, "tags": {"user_data": "a tag"}}
    request: dict[str, Any] = {
        "spec": spec,
        "wait_seconds": 60,
        "fallbacks": [{"credential": "b", "spec": spec}, {"credential": "c", "spec": PLACE}],
    }
    closed: Any = without_user_data(request)

    assert user_data_of(request) == [SEALED, SEALED]
    assert user_data_of(closed) == [shown(SEALED)] * 2
    assert closed["spec"]["tags"] == {"user_data": "a tag"}
    assert closed["fallbacks"][1] == request["fallbacks"][1]
    assert without_user_data({"tags": {"a": "b"}}) == {"tags": {"a": "b"}}


def test_a_key_of_yaml_is_not_masked_as_a_secret_and_a_value_in_the_next_line_is() -> None:
    register_user_data(
        "chpasswd:\n  listing: |\n    root:hunter2\npassword:\n  hunter2-next-line\n"
    )
    assert redact("Could not do listing: no") == "Could not do listing: no"
    assert redact("it was hunter2-next-line") == f"it was {MASK}"
