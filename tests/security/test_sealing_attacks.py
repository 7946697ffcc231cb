"""Older, copied and downgraded sealed values are refused, and the audit trail says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from skyclust.contract import CredentialModel
from skyclust.errors import ConfigurationError
from skyclust.orchestration.credentials import (
    load_credential,
    open_provider,
    remove_credential,
    save_credential,
)
from skyclust.orchestration.resealing import seal_credential_blocks
from skyclust.security.keyring import load_keyring
from skyclust.store import audit, sealed_states, tables, workspaces
from skyclust.store.engine import Store
from tests.fixtures.sealed import seal_as_version_1
from tests.integration.credentials.conftest import KEYS, SECRET
from tests.security.accounts import ACCOUNTS
from tests.security.conftest import Attacker

pytestmark = pytest.mark.integration

BLOCK = "default--prod"
NEW_SECRET = "the/secret/after/it/was/replaced"


@pytest.fixture(autouse=True)
def profiles(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator allows profiles: a credential of one has nothing to seal."""
    monkeypatch.setenv("SKYCLUST_ALLOWED_PROFILES", "mine,prod")


def _secret(opened: CredentialModel) -> str:
    return str(opened.secret_access_key.get_secret_value())  # type: ignore[attr-defined]  # of AWS


def _refusals(store: Store, workspace_id: str = "default") -> list[dict[str, Any]]:
    with store.reading() as connection:
        entries = audit.list_all(connection, workspace_id)
    return [one.detail for one in entries if one.action == "credential.refuse"]


def _forget_states(store: Store) -> None:
    """Leave the record as a store of an earlier version has it."""
    with store.writing() as connection:
        connection.execute(update(tables.credentials).values(sealed=None))


def test_a_replaced_secret_cannot_be_put_back(store: Store, attacker: Attacker) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    leaked = attacker.steal("aws", BLOCK)
    save_credential(
        store, "default", "prod", "aws", {**KEYS, "secret_access_key": NEW_SECRET}, replace=True
    )
    current = attacker.steal("aws", BLOCK)

    attacker.put("aws", BLOCK, **leaked)
    for _ in range(3):
        with pytest.raises(ConfigurationError, match="is an older one") as refused:
            open_provider(store, "default", "prod")
    assert SECRET not in str(refused.value)
    assert [one["reason"] for one in _refusals(store)] == ["not the last"], "once, not each time"
    [problem] = seal_credential_blocks(store).problems
    assert "is an older one" in problem

    attacker.put("aws", BLOCK, **current)
    assert _secret(load_credential(store, "default", "prod")) == NEW_SECRET


def test_an_older_value_of_the_same_secret_cannot_be_put_back_either(
    store: Store, attacker: Attacker
) -> None:
    """A block of before a rotation is one of a leaked key, perhaps."""
    save_credential(store, "default", "prod", "aws", KEYS)
    leaked = attacker.steal("aws", BLOCK)
    save_credential(store, "default", "prod", "aws", KEYS, replace=True)

    attacker.put("aws", BLOCK, **leaked)

    with pytest.raises(ConfigurationError, match="is an older one"):
        load_credential(store, "default", "prod")


def test_an_older_secret_typed_over_in_the_form_cannot_be_put_back(
    store: Store, attacker: Attacker
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    leaked = attacker.steal("aws", BLOCK)
    attacker.put("aws", BLOCK, secret_access_key=NEW_SECRET)
    assert _secret(load_credential(store, "default", "prod")) == NEW_SECRET

    attacker.put("aws", BLOCK, **leaked)

    with pytest.raises(ConfigurationError, match="is an older one"):
        load_credential(store, "default", "prod")


@pytest.mark.parametrize("block", [BLOCK, "prod"])
def test_a_removed_credential_cannot_be_raised_from_its_sealed_values(
    store: Store, attacker: Attacker, block: str
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    leaked = attacker.steal("aws", BLOCK)
    remove_credential(store, "default", "prod")

    attacker.plant("aws", block, leaked)

    with pytest.raises(ConfigurationError, match="has no such credential"):
        load_credential(store, "default", "prod")
    [problem] = seal_credential_blocks(store).problems
    assert "has no such credential" in problem
    assert [one["reason"] for one in _refusals(store)] == ["unknown"]


def test_nor_from_those_of_before_it_was_added_again(store: Store, attacker: Attacker) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    leaked = attacker.steal("aws", BLOCK)
    remove_credential(store, "default", "prod")
    save_credential(store, "default", "prod", "aws", {"profile": "prod"})

    attacker.put("aws", BLOCK, profile=None, **leaked)

    with pytest.raises(ConfigurationError, match="is an older one"):
        load_credential(store, "default", "prod")


def test_a_block_by_hand_takes_no_older_value_between_its_record_and_its_seal(
    store: Store, attacker: Attacker
) -> None:
    attacker.plant("aws", BLOCK, {**KEYS, "secret_access_key": NEW_SECRET})
    load_credential(store, "default", "prod")
    leaked = attacker.steal("aws", BLOCK)
    remove_credential(store, "default", "prod")
    attacker.plant("aws", BLOCK, {"profile": "mine"})
    load_credential(store, "default", "prod")

    attacker.put("aws", BLOCK, profile=None, **leaked)

    with pytest.raises(ConfigurationError, match="is an older one"):
        load_credential(store, "default", "prod")


@pytest.mark.parametrize("to", ["credential", "field", "workspace", "provider"])
def test_a_sealed_value_opens_nowhere_else(store: Store, attacker: Attacker, to: str) -> None:
    with store.writing() as connection:
        workspaces.add(connection, "acme", "Acme")
    save_credential(store, "default", "prod", "proxmox", ACCOUNTS["proxmox"])
    stolen = attacker.steal("proxmox", BLOCK)["password"]
    name, workspace_id, provider, block = "mine", "default", "proxmox", "default--mine"
    if to == "workspace":
        name, workspace_id, block = "prod", "acme", "acme--prod"
    elif to == "provider":
        provider = "openstack"
    values = ACCOUNTS[provider]
    if to == "field":
        values = {"endpoint": "https://a.example", "user": "root@pam", "token_name": "own",
                  "token_value": "own"}  # fmt: skip
    save_credential(store, workspace_id, name, provider, values)

    field = "token_value" if to == "field" else "password"
    attacker.put(provider, block, **{field: stolen})

    with pytest.raises(ConfigurationError, match="sealed for another workspace, credential or"):
        load_credential(store, workspace_id, name)
    assert [one["fields"] for one in _refusals(store, workspace_id)] == [field]


def test_the_first_form_of_sealing_is_no_way_back(store: Store, attacker: Attacker) -> None:
    """It is bound to no destination: one from an old backup would open at any endpoint."""
    from_backup = seal_as_version_1(load_keyring(), SECRET, "default", "prod", "secret_access_key")
    save_credential(store, "default", "prod", "aws", KEYS)

    attacker.put("aws", BLOCK, secret_access_key=from_backup, endpoint="https://evil.example")

    with pytest.raises(ConfigurationError, match="is an older one"):
        load_credential(store, "default", "prod")


@pytest.mark.parametrize("by", ["use", "walk"])
def test_what_an_earlier_version_sealed_opens_and_is_sealed_anew_once(
    store: Store, attacker: Attacker, by: str
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    old = seal_as_version_1(load_keyring(), SECRET, "default", "prod", "secret_access_key")
    attacker.put("aws", BLOCK, secret_access_key=old)
    _forget_states(store)

    if by == "walk":
        assert seal_credential_blocks(store).sealed == (BLOCK,)
    assert _secret(load_credential(store, "default", "prod")) == SECRET

    assert attacker.steal("aws", BLOCK)["secret_access_key"].startswith("sealed:v2:")
    attacker.put("aws", BLOCK, secret_access_key=old)
    with pytest.raises(ConfigurationError, match="is an older one"):
        load_credential(store, "default", "prod")


def test_a_record_without_states_learns_them_at_first_use(store: Store, attacker: Attacker) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    leaked = attacker.steal("aws", BLOCK)
    save_credential(store, "default", "prod", "aws", KEYS, replace=True)
    _forget_states(store)

    assert _secret(load_credential(store, "default", "prod")) == SECRET

    with store.reading() as connection:
        known = sealed_states.find(connection, "default", "prod")
    assert known is not None
    assert [one.pending for one in known] == [False]
    attacker.put("aws", BLOCK, **leaked)
    with pytest.raises(ConfigurationError, match="is an older one"):
        load_credential(store, "default", "prod")


def test_a_sealed_value_in_a_credential_without_secrets_is_refused(
    store: Store, attacker: Attacker
) -> None:
    save_credential(store, "default", "other", "aws", KEYS)
    save_credential(store, "default", "prod", "aws", {"profile": "prod"})
    stolen = attacker.steal("aws", "default--other")["secret_access_key"]

    attacker.put("aws", BLOCK, secret_access_key=stolen)

    with pytest.raises(ConfigurationError, match="not the sealed value"):
        load_credential(store, "default", "prod")
