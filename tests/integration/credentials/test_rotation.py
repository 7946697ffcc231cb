"""Rotating the key: everything opens before, during and after; nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from pydantic import SecretStr

from providers.aws.credential import AwsCredential
from skyclust.errors import ConfigurationError, Unavailable
from skyclust.orchestration.credentials import load_credential, save_credential
from skyclust.orchestration.rotation import rotate_key
from skyclust.security import keyfile
from skyclust.security.keyring import generate_key, load_keyring, parse_keyring
from skyclust.store import audit
from skyclust.store.engine import Store
from tests.fixtures.prefect import free_port
from tests.integration.credentials.conftest import KEYS, SECRET, Blocks

pytestmark = pytest.mark.integration


def _sealing_key(blocks: Blocks, name: str) -> str:
    sealed: str = blocks.named(name)["data"]["secret_access_key"]
    return sealed.split(":")[2]


def _opens(store: Store, name: str) -> bool:
    opened = load_credential(store, "default", name)
    return isinstance(opened, AwsCredential) and opened.secret_access_key == SecretStr(SECRET)


def test_the_key_of_a_home_folder_is_rotated(
    home: Path, store: Store, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYCLUST_ALLOWED_PROFILES", "prod")
    old = load_keyring().newest
    save_credential(store, "default", "prod", "aws", KEYS)
    save_credential(store, "default", "profile", "aws", {"profile": "prod"})
    blocks.make("by-hand", KEYS)

    rotation = rotate_key(store)

    keyring = load_keyring()
    assert [key.id for key in keyring.keys] == [rotation.newest, old.id]
    assert (rotation.resealed, rotation.unneeded, rotation.dropped) == (2, (old.id,), False)
    assert _sealing_key(blocks, "default--prod") == rotation.newest != old.id
    assert _sealing_key(blocks, "by-hand") == rotation.newest
    assert _opens(store, "prod")
    assert _opens(store, "by-hand")
    with store.reading() as connection:
        actions = [entry.action for entry in audit.list_all(connection, "default")]
    assert "credential.reseal" in actions
    assert "key.rotate" in actions


def test_old_keys_go_only_when_asked_and_when_nothing_needs_them(
    home: Path, store: Store, blocks: Blocks
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    rotate_key(store)

    rotation = rotate_key(store, drop_old=True)

    assert rotation.dropped
    assert [key.id for key in load_keyring().keys] == [rotation.newest]
    assert _opens(store, "prod")


def test_a_credential_that_cannot_be_resealed_keeps_every_key(
    home: Path, store: Store, blocks: Blocks
) -> None:
    old = load_keyring().newest
    save_credential(store, "default", "prod", "aws", KEYS)
    save_credential(store, "default", "broken", "aws", KEYS)
    blocks.edit("default--broken", secret_access_key=f"sealed:v1:{'0' * 12}:{'A' * 60}")

    with pytest.raises(ConfigurationError, match=r"1 could not be.*'broken'"):
        rotate_key(store, drop_old=True)

    assert load_keyring().find(old.id) is not None
    assert _opens(store, "prod")


def test_without_a_server_the_key_file_is_not_touched(
    home: Path, store: Store, blocks: Blocks
) -> None:
    before = keyfile.path_in(home).read_text()

    nowhere = f"http://127.0.0.1:{free_port()}/api"
    with temporary_settings({PREFECT_API_URL: nowhere}), pytest.raises(Unavailable):
        rotate_key(store)

    assert keyfile.path_in(home).read_text() == before


def test_keys_set_from_outside_are_resealed_and_the_needless_ones_named(
    home: Path, store: Store, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = generate_key(), generate_key()
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", old)
    save_credential(store, "default", "prod", "aws", KEYS)
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", f"{new},{old}")

    with pytest.raises(ConfigurationError, match="set from outside"):
        rotate_key(store, drop_old=True)
    rotation = rotate_key(store)

    assert rotation.newest == parse_keyring(new, "test").newest.id
    assert rotation.unneeded == (parse_keyring(old, "test").newest.id,)
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", new)
    assert _opens(store, "prod")
    assert rotate_key(store).resealed == 0
