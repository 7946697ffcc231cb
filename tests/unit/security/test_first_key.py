"""The first key is made when nothing can be lost by it, and never over sealed data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from skyclust.errors import ConfigurationError
from skyclust.security import keyfile
from skyclust.security.first_key import initialise_home
from skyclust.security.keyring import generate_key
from skyclust.store import credentials
from skyclust.store.engine import Store, open_store


@pytest.fixture
def store(skyclust_home: Path) -> Iterator[Store]:
    opened = open_store()
    yield opened
    opened.dispose()


def _keep_a_credential(store: Store) -> None:
    with store.writing() as connection:
        credentials.add(
            connection, "default", name="prod", provider="aws", block_name="default--prod"
        )


def test_an_empty_home_gets_one_key_and_keeps_it(skyclust_home: Path, store: Store) -> None:
    first = initialise_home(store)
    _keep_a_credential(store)

    assert initialise_home(store) == first
    assert keyfile.path_in(skyclust_home).exists()


def test_a_lost_key_is_an_error_that_names_what_it_sealed(
    skyclust_home: Path, store: Store
) -> None:
    initialise_home(store)
    _keep_a_credential(store)
    keyfile.path_in(skyclust_home).unlink()

    with pytest.raises(ConfigurationError, match=r"1 credential\(s\) are sealed, 'prod' among"):
        initialise_home(store)

    assert not keyfile.path_in(skyclust_home).exists()


def test_what_the_error_advises_for_a_key_lost_for_good_works(
    skyclust_home: Path, store: Store
) -> None:
    _keep_a_credential(store)
    with pytest.raises(ConfigurationError) as refusal:
        initialise_home(store)
    command = re.search(r"\(umask 077; skyclust key generate > (\S+)\)", str(refusal.value))
    assert command is not None

    path = Path(command[1])
    path.touch(mode=0o600)
    path.write_text(generate_key() + "\n")

    assert len(initialise_home(store).keys) == 1


def test_where_a_key_is_set_no_file_is_made(
    skyclust_home: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())

    initialise_home(store)

    assert not keyfile.path_in(skyclust_home).exists()
