"""A sealed secret opens with its key, in its place, and nowhere else."""

from __future__ import annotations

import base64

import pytest

from skyclust.errors import ConfigurationError
from skyclust.security.keyring import Keyring, generate_key, parse_keyring
from skyclust.security.sealing import is_sealed, key_id_of, seal, unseal

PLACE = {"workspace_id": "default", "name": "prod", "field": "secret_access_key"}
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture
def keyring() -> Keyring:
    return parse_keyring(generate_key(), "SKYCLUST_ENCRYPTION_KEY")


@pytest.mark.parametrize("secret", [SECRET, "", "päßwörd ☃", "line one\nline two\n", "x" * 20_000])
def test_what_was_sealed_opens_again(keyring: Keyring, secret: str) -> None:
    sealed = seal(keyring, secret, **PLACE)

    assert is_sealed(sealed)
    assert secret == "" or secret not in sealed
    assert unseal(keyring, sealed, **PLACE) == secret


def test_two_seals_of_one_secret_differ(keyring: Keyring) -> None:
    assert seal(keyring, SECRET, **PLACE) != seal(keyring, SECRET, **PLACE)


@pytest.mark.parametrize("part", ["workspace_id", "name", "field"])
def test_a_sealed_secret_does_not_open_in_another_place(keyring: Keyring, part: str) -> None:
    sealed = seal(keyring, SECRET, **PLACE)

    with pytest.raises(ConfigurationError, match="sealed for another workspace, credential or"):
        unseal(keyring, sealed, **{**PLACE, part: "other"})


def test_places_whose_parts_run_together_alike_are_told_apart(keyring: Keyring) -> None:
    sealed = seal(keyring, SECRET, workspace_id="ab", name="c", field="d")

    with pytest.raises(ConfigurationError):
        unseal(keyring, sealed, workspace_id="a", name="bc", field="d")


def test_every_changed_byte_is_noticed(keyring: Keyring) -> None:
    sealed = seal(keyring, "short", **PLACE)
    head, encoded = sealed.rsplit(":", 1)
    content = bytearray(base64.urlsafe_b64decode(encoded))

    for position in range(len(content)):
        changed = bytearray(content)
        changed[position] ^= 1
        text = f"{head}:{base64.urlsafe_b64encode(changed).decode()}"
        with pytest.raises(ConfigurationError, match="'prod'"):
            unseal(keyring, text, **PLACE)


@pytest.mark.parametrize(
    "text",
    ["sealed:", "sealed:v2:0123456789ab:AAAA", "sealed:v1:0123456789ab:", "sealed:v1:xyz:AAAA",
     "sealed:v1:0123456789ab:AAAA", "sealed:v1:0123456789ab:A", "sealed:v1:0123456789ab:%%%%"],
)  # fmt: skip
def test_a_damaged_text_is_refused_with_its_place(keyring: Keyring, text: str) -> None:
    with pytest.raises(ConfigurationError, match="'secret_access_key' of credential 'prod'"):
        unseal(keyring, text, **PLACE)


def test_an_unknown_key_is_named_together_with_those_at_hand(keyring: Keyring) -> None:
    sealed = seal(keyring, SECRET, **PLACE)
    other = parse_keyring(generate_key(), "SKYCLUST_ENCRYPTION_KEY")

    with pytest.raises(ConfigurationError) as refusal:
        unseal(other, sealed, **PLACE)

    message = str(refusal.value)
    assert "'prod'" in message
    assert keyring.newest.id in message
    assert other.newest.id in message
    assert SECRET not in message


def test_the_newest_key_seals_and_every_key_opens(keyring: Keyring) -> None:
    old = seal(keyring, SECRET, **PLACE)
    newer = parse_keyring(generate_key(), "SKYCLUST_ENCRYPTION_KEY")
    both = Keyring((*newer.keys, *keyring.keys), "SKYCLUST_ENCRYPTION_KEY")

    assert unseal(both, old, **PLACE) == SECRET
    assert key_id_of(seal(both, SECRET, **PLACE)) == newer.newest.id
