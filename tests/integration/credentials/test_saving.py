"""What SkyClust saves is sealed wherever the server keeps or shows it, and opens again."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from providers.aws.credential import AwsCredential
from skyclust.errors import ConfigurationError, InvalidRequest, NotFound
from skyclust.orchestration.credentials import (
    load_credential,
    remove_credential,
    save_credential,
)
from skyclust.security import keyfile
from skyclust.security.keyring import generate_key
from skyclust.store import audit, credentials
from skyclust.store.engine import Store
from tests.fixtures.prefect import PrefectServer
from tests.integration.credentials.conftest import KEYS, SECRET, Blocks, files_with

pytestmark = pytest.mark.integration


def test_a_saved_credential_opens_again(store: Store, blocks: Blocks) -> None:
    record = save_credential(store, "default", "prod", "aws", {**KEYS, "region": "eu-central-1"})

    assert (record.name, record.provider, record.block_name) == ("prod", "aws", "default--prod")
    assert load_credential(store, "default", "prod") == AwsCredential(
        access_key_id=KEYS["access_key_id"],
        secret_access_key=SecretStr(SECRET),
        region="eu-central-1",
    )


def test_no_plaintext_is_in_the_api_or_in_any_file(
    store: Store, blocks: Blocks, prefect_server: PrefectServer
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)

    kept = blocks.named("default--prod")["data"]
    assert kept["secret_access_key"].startswith("sealed:v2:")
    assert kept["access_key_id"] == KEYS["access_key_id"]
    assert SECRET not in blocks.text()
    assert files_with(SECRET, prefect_server.home) == []


def test_the_names_of_wrong_fields_are_told_and_their_values_are_not(
    store: Store, blocks: Blocks
) -> None:
    wrong = {**KEYS, "role_arn": SECRET, "secret_access_key": f"{SECRET} {SECRET}"}

    with pytest.raises(InvalidRequest) as refusal:
        save_credential(store, "default", "prod", "aws", wrong)

    assert "role_arn" in str(refusal.value)
    assert "secret_access_key" in str(refusal.value)
    assert SECRET not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__
    assert blocks.all() == []


def test_unknown_fields_are_refused_by_name(store: Store, blocks: Blocks) -> None:
    with pytest.raises(InvalidRequest, match=r"unknown fields: secret_acess_key\.") as refusal:
        save_credential(store, "default", "prod", "aws", {"secret_acess_key": SECRET})

    assert "secret_access_key" in refusal.value.hint
    assert SECRET not in str(refusal.value)


def test_a_sealed_value_is_no_secret(store: Store, blocks: Blocks) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    copied = blocks.named("default--prod")["data"]["secret_access_key"]

    with pytest.raises(InvalidRequest, match="is a sealed value"):
        save_credential(store, "default", "other", "aws", {**KEYS, "secret_access_key": copied})


def test_a_name_is_taken_once_and_replaced_only_when_asked(store: Store, blocks: Blocks) -> None:
    save_credential(store, "default", "prod", "aws", {**KEYS, "region": "eu-central-1"})

    with pytest.raises(InvalidRequest, match="--replace"):
        save_credential(store, "default", "prod", "aws", KEYS)
    other = {**KEYS, "secret_access_key": "another/secret/of/the/same/key"}
    save_credential(store, "default", "prod", "aws", other, replace=True)

    opened = load_credential(store, "default", "prod")
    assert isinstance(opened, AwsCredential)
    assert opened.secret_access_key == SecretStr(other["secret_access_key"])
    assert opened.region is None


def test_a_block_by_hand_is_not_overwritten_unasked(store: Store, blocks: Blocks) -> None:
    blocks.make("default--prod", {"profile": "by-hand"})

    with pytest.raises(InvalidRequest, match="'default--prod'"):
        save_credential(store, "default", "prod", "aws", KEYS)

    assert blocks.named("default--prod")["data"]["profile"] == "by-hand"
    with store.reading() as connection:
        assert credentials.list_all(connection, "default") == []


@pytest.mark.parametrize("name", ["Prod", "a--b", "", "x" * 41, "a/b"])
def test_a_name_that_cannot_be_one_is_refused(store: Store, blocks: Blocks, name: str) -> None:
    with pytest.raises(InvalidRequest, match="cannot name a credential"):
        save_credential(store, "default", name, "aws", KEYS)
    assert blocks.all() == []


def test_an_unknown_workspace_is_refused(store: Store, blocks: Blocks) -> None:
    with pytest.raises(NotFound, match="'nowhere'"):
        save_credential(store, "nowhere", "prod", "aws", KEYS)
    assert blocks.all() == []


def test_a_credential_without_secrets_needs_no_key(
    home: Path, store: Store, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYCLUST_ALLOWED_PROFILES", "prod")
    keyfile.path_in(home).unlink()

    save_credential(store, "default", "profile", "aws", {"profile": "prod"})

    assert load_credential(store, "default", "profile") == AwsCredential(profile="prod")


def test_without_a_key_nothing_is_saved_and_none_is_made(
    home: Path, store: Store, blocks: Blocks
) -> None:
    path = keyfile.path_in(home)
    path.unlink()

    with pytest.raises(ConfigurationError, match="No encryption key is set"):
        save_credential(store, "default", "prod", "aws", KEYS)

    assert not path.exists()
    assert blocks.all() == []


def test_a_wrong_key_is_told_apart_by_its_id(
    store: Store, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    sealed = blocks.named("default--prod")["data"]["secret_access_key"]
    needed = sealed.split(":")[2]
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())

    with pytest.raises(ConfigurationError, match=f"credential 'prod' .* key {needed}"):
        load_credential(store, "default", "prod")

    assert blocks.named("default--prod")["data"]["secret_access_key"] == sealed


def test_after_the_loss_of_a_key_a_secret_can_be_given_anew(
    store: Store, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())

    save_credential(store, "default", "prod", "aws", KEYS, replace=True)

    opened = load_credential(store, "default", "prod")
    assert isinstance(opened, AwsCredential)
    assert opened.secret_access_key == SecretStr(SECRET)


def test_a_removed_credential_leaves_neither_block_nor_record(store: Store, blocks: Blocks) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)

    remove_credential(store, "default", "prod")

    assert blocks.all() == []
    with pytest.raises(NotFound, match="has no credential 'prod'"):
        load_credential(store, "default", "prod")
    with pytest.raises(NotFound):
        remove_credential(store, "default", "prod")


def test_a_credential_whose_block_is_gone_can_be_removed(store: Store, blocks: Blocks) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    blocks.call("DELETE", f"block_documents/{blocks.named('default--prod')['id']}")

    with pytest.raises(NotFound, match="'default--prod' of credential 'prod' is gone"):
        load_credential(store, "default", "prod")
    remove_credential(store, "default", "prod")

    with store.reading() as connection:
        assert credentials.list_all(connection, "default") == []


def test_what_is_done_to_a_credential_is_audited_without_its_secret(
    store: Store, blocks: Blocks
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    save_credential(store, "default", "prod", "aws", KEYS, replace=True)
    remove_credential(store, "default", "prod")

    with store.reading() as connection:
        entries = audit.list_all(connection, "default")

    written = [(entry.action, entry.object) for entry in entries]
    for action in ("credential.add", "credential.replace", "credential.remove"):
        assert (action, "credential/prod") in written
    assert SECRET not in repr(entries)
    assert all(entry.actor.startswith("user:") for entry in entries)
