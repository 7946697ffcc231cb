"""Processes that die, meet or rotate keys while a block is written lock no credential out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pydantic import SecretStr

from providers.aws.credential import AwsCredential
from skyclust.errors import Conflict
from skyclust.orchestration import block_documents, rotation
from skyclust.orchestration.credentials import load_credential, save_credential
from skyclust.orchestration.resealing import key_ids_in_use
from skyclust.orchestration.rotation import rotate_key
from skyclust.security.keyring import load_keyring
from skyclust.store import sealed_states
from skyclust.store.engine import Store
from tests.fixtures.prefect import PrefectServer
from tests.integration.credentials.conftest import KEYS, SECRET, Blocks

pytestmark = pytest.mark.integration

BLOCK = "default--prod"
OTHER = "another/secret/that/replaces/it"

# Saves a credential in a process that is killed at a moment of the writing of its block.
SAVE_AND_DIE = """
import os, signal, sys
from skyclust.orchestration import block_documents
from skyclust.orchestration.credentials import save_credential
from skyclust.store.engine import open_store

write = block_documents.write

def dying(document, values):
    if sys.argv[1] == "after":
        write(document, values)
    os.kill(os.getpid(), signal.SIGKILL)

block_documents.write = dying
save_credential(open_store(), "default", "prod", "aws", {keys!r}, replace=True)
"""


def _secret(store: Store) -> str:
    opened = load_credential(store, "default", "prod")
    assert isinstance(opened, AwsCredential)
    assert isinstance(opened.secret_access_key, SecretStr)
    return opened.secret_access_key.get_secret_value()


def _key_of(blocks: Blocks) -> str:
    sealed: str = blocks.named(BLOCK)["data"]["secret_access_key"]
    return sealed.split(":")[2]


@pytest.mark.parametrize(("moment", "secret"), [("before", SECRET), ("after", OTHER)])
def test_a_process_killed_while_it_writes_leaves_a_credential_that_opens(
    home: Path, store: Store, blocks: Blocks, prefect_server: PrefectServer,
    moment: str, secret: str,
) -> None:  # fmt: skip
    save_credential(store, "default", "prod", "aws", KEYS)
    program = SAVE_AND_DIE.format(keys={**KEYS, "secret_access_key": OTHER})

    died = subprocess.run(
        [sys.executable, "-c", program, moment],
        env={**os.environ, **prefect_server.environment(), "SKYCLUST_HOME": str(home)},
        timeout=120,
        check=False,
    )

    assert died.returncode == -9
    assert _secret(store) == secret
    save_credential(store, "default", "prod", "aws", KEYS, replace=True)
    assert _secret(store) == SECRET


def test_many_that_save_and_use_one_credential_at_once_leave_it_open(
    store: Store, blocks: Blocks
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)

    def save(number: int) -> None:
        values = {**KEYS, "secret_access_key": f"{SECRET}-{number}"}
        save_credential(store, "default", "prod", "aws", values, replace=True)

    def use(_: int) -> None:
        try:
            assert _secret(store).startswith(SECRET)
        except Conflict:  # others kept changing it: the caller tries again
            return

    with ThreadPoolExecutor(6) as threads:
        work = [threads.submit(call, number) for number in range(6) for call in (save, use)]
        for one in work:
            one.result()

    assert _secret(store).startswith(f"{SECRET}-")


def test_a_save_that_straddles_the_dropping_of_its_key_is_sealed_again(
    home: Path, store: Store, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It seals with the key that is the newest, and writes once that key was dropped."""
    save_credential(store, "default", "prod", "aws", KEYS)
    old = load_keyring().newest
    sealed, rotated = Event(), Event()
    write = block_documents.write

    def late(
        document: block_documents.Document, values: Mapping[str, Any]
    ) -> block_documents.Document:
        if not rotated.is_set() and values["secret_access_key"].split(":")[2] == old.id:
            sealed.set()
            assert rotated.wait(60)
        return write(document, values)

    monkeypatch.setattr(block_documents, "write", late)
    with ThreadPoolExecutor(1) as threads:
        values = {**KEYS, "secret_access_key": OTHER}
        saving = threads.submit(
            save_credential, store, "default", "prod", "aws", values, replace=True
        )
        assert sealed.wait(60)
        # A thread of its own would write late as well: the rotation has a key of its own.
        dropped = rotate_key(store, drop_old=True)
        rotated.set()
        saving.result(timeout=60)

    assert dropped.dropped
    assert load_keyring().find(old.id) is None
    assert _key_of(blocks) == load_keyring().newest.id
    assert _secret(store) == OTHER


def test_a_rotation_puts_back_a_key_that_a_dead_writer_has_used(
    home: Path, store: Store, blocks: Blocks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer dies between its write and its second look at the keyring."""
    save_credential(store, "default", "prod", "aws", KEYS)
    old = load_keyring().newest
    of_the_dead = blocks.named(BLOCK)["data"]["secret_access_key"]
    look = key_ids_in_use
    looks = 0

    def straddled() -> frozenset[str]:
        nonlocal looks
        looks += 1
        if looks == 3:  # the first look is before, the second decides, the third is after the drop
            assert load_keyring().find(old.id) is None
            blocks.edit(BLOCK, secret_access_key=of_the_dead)
        return look()

    monkeypatch.setattr(rotation, "key_ids_in_use", straddled)
    rotated = rotate_key(store, drop_old=True)

    assert load_keyring().find(old.id) is not None
    assert rotated.unneeded == ()
    assert rotated.needed == (f"key {old.id}: a credential",)


def test_states_of_writers_that_died_are_forgotten(store: Store, blocks: Blocks) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    with store.reading() as connection:
        [present] = sealed_states.find(connection, "default", "prod") or []
    long_ago = present.since - 2 * sealed_states.WRITTEN_WITHIN
    left = present.model_copy(update={"values": {"secret_access_key": "0"}, "since": long_ago})
    with store.writing() as connection:
        sealed_states.expect(connection, "default", "prod", left)

    assert _secret(store) == SECRET

    with store.reading() as connection:
        assert sealed_states.find(connection, "default", "prod") == [present]


def test_many_that_use_a_new_block_at_once_all_get_it(store: Store, blocks: Blocks) -> None:
    """Each sees the plain secret and wants to seal it; nobody is told that it cannot be had."""
    blocks.make(BLOCK, KEYS)

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(lambda _: _secret(store), range(16))) == {SECRET}

    assert SECRET not in blocks.text()
    assert _secret(store) == SECRET
