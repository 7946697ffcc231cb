"""A sealed secret opens with its key, in its place, and nowhere else."""

from __future__ import annotations

import base64

import pytest
from pydantic import JsonValue

from skyclust.errors import ConfigurationError
from skyclust.security.binding import Binding, credential_binding, user_data_binding
from skyclust.security.keyring import Keyring, generate_key, parse_keyring
from skyclust.security.sealing import digest_of, is_sealed, key_id_of, seal, unseal
from tests.fixtures.sealed import seal_as_version_1

PLACE = {
    "provider": "aws",
    "workspace_id": "default",
    "name": "prod",
    "field": "secret_access_key",
}
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def place(*, endpoint: str = "", **changes: str) -> Binding:
    """The place of a secret of the credential `prod`."""
    destination: dict[str, JsonValue] = {"endpoint": endpoint} if endpoint else {}
    return credential_binding(**{**PLACE, **changes}, destination=destination)


@pytest.fixture
def keyring() -> Keyring:
    return parse_keyring(generate_key(), "SKYCLUST_ENCRYPTION_KEY")


@pytest.mark.parametrize("secret", [SECRET, "", "päßwörd ☃", "line one\nline two\n", "x" * 20_000])
def test_what_was_sealed_opens_again(keyring: Keyring, secret: str) -> None:
    sealed = seal(keyring, secret, place())

    assert is_sealed(sealed)
    assert secret == "" or secret not in sealed
    assert unseal(keyring, sealed, place()) == secret


def test_two_seals_of_one_secret_differ(keyring: Keyring) -> None:
    assert seal(keyring, SECRET, place()) != seal(keyring, SECRET, place())


@pytest.mark.parametrize("part", [*PLACE, "endpoint"])
def test_a_sealed_secret_does_not_open_in_another_place(keyring: Keyring, part: str) -> None:
    sealed = seal(keyring, SECRET, place())

    with pytest.raises(ConfigurationError, match="sealed for another workspace, credential or"):
        unseal(keyring, sealed, place(**{part: "other"}))


def test_places_whose_parts_run_together_alike_are_told_apart(keyring: Keyring) -> None:
    sealed = seal(keyring, SECRET, place(workspace_id="ab", name="c", field="d"))

    with pytest.raises(ConfigurationError):
        unseal(keyring, sealed, place(workspace_id="a", name="bc", field="d"))


def test_every_changed_byte_is_noticed(keyring: Keyring) -> None:
    sealed = seal(keyring, "short", place())
    head, encoded = sealed.rsplit(":", 1)
    content = bytearray(base64.urlsafe_b64decode(encoded))

    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1
        text = f"{head}:{base64.urlsafe_b64encode(changed).decode()}"
        with pytest.raises(ConfigurationError, match="'prod'"):
            unseal(keyring, text, place())


@pytest.mark.parametrize("text", [
    "sealed:", "sealed:v3:0123456789ab:AAAA", "sealed:v2:0123456789ab:AAAA",
    "sealed:v1:0123456789ab:", "sealed:v1:xyz:AAAA", "sealed:v1:0123456789ab:AAAA",
    "sealed:v1:0123456789ab:A", "sealed:v1:0123456789ab:%%%%",
])  # fmt: skip
def test_a_damaged_text_is_refused_with_its_place(keyring: Keyring, text: str) -> None:
    with pytest.raises(ConfigurationError, match="'secret_access_key' of credential 'prod'"):
        unseal(keyring, text, place())


def test_an_unknown_key_is_named_together_with_those_at_hand(keyring: Keyring) -> None:
    sealed = seal(keyring, SECRET, place())
    other = parse_keyring(generate_key(), "SKYCLUST_ENCRYPTION_KEY")

    with pytest.raises(ConfigurationError) as refusal:
        unseal(other, sealed, place())

    message = str(refusal.value)
    assert "'prod'" in message
    assert keyring.newest.id in message
    assert other.newest.id in message
    assert SECRET not in message


def test_the_newest_key_seals_and_every_key_opens(keyring: Keyring) -> None:
    old = seal(keyring, SECRET, place())
    newer = parse_keyring(generate_key(), "SKYCLUST_ENCRYPTION_KEY")
    both = Keyring((*newer.keys, *keyring.keys), "SKYCLUST_ENCRYPTION_KEY")

    assert unseal(both, old, place()) == SECRET
    assert key_id_of(seal(both, SECRET, place())) == newer.newest.id


def test_user_data_and_secrets_are_not_taken_for_each_other(keyring: Keyring) -> None:
    of_workspace = user_data_binding("default")

    with pytest.raises(ConfigurationError, match="does not open"):
        unseal(keyring, seal(keyring, SECRET, place()), of_workspace)
    with pytest.raises(ConfigurationError, match="does not open"):
        unseal(keyring, seal(keyring, SECRET, of_workspace), place())
    with pytest.raises(ConfigurationError, match="workspace 'other'"):
        unseal(keyring, seal(keyring, SECRET, of_workspace), user_data_binding("other"))


def test_the_first_form_opens_for_secrets_and_for_nothing_else(keyring: Keyring) -> None:
    """An earlier version bound a secret to its workspace, credential and field alone."""
    old = seal_as_version_1(keyring, SECRET, "default", "prod", "secret_access_key")

    assert unseal(keyring, old, place(endpoint="https://anywhere.example")) == SECRET
    with pytest.raises(ConfigurationError, match="does not open"):
        unseal(keyring, old, place(name="other"))
    with pytest.raises(ConfigurationError, match="does not open"):
        unseal(keyring, old, user_data_binding("default"))
    with pytest.raises(ConfigurationError, match="does not open"):
        unseal(keyring, old.replace(":v1:", ":v2:"), place())
    with pytest.raises(ConfigurationError, match="does not open"):
        unseal(keyring, seal(keyring, SECRET, place()).replace(":v2:", ":v1:"), place())


def test_the_digest_of_a_sealed_text_tells_nothing_of_the_secret(keyring: Keyring) -> None:
    assert digest_of(seal(keyring, "1234", place())) != digest_of(seal(keyring, "1234", place()))
