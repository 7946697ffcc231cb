"""Where keys come from, and which are refused."""

from __future__ import annotations

import base64
import stat
import threading
from pathlib import Path

import pytest

from skyclust.errors import ConfigurationError
from skyclust.security import keyfile
from skyclust.security.keyring import (
    format_keyring,
    generate_key,
    initialise_key_file,
    load_keyring,
    parse_keyring,
)


def test_the_first_key_is_the_newest() -> None:
    new, old = generate_key(), generate_key()

    keyring = parse_keyring(f" {new} ,\n{old}\n", "SKYCLUST_ENCRYPTION_KEY")

    assert len(keyring.keys) == 2
    assert keyring.newest.material == base64.urlsafe_b64decode(new)
    assert keyring.find(keyring.keys[1].id) == keyring.keys[1]
    assert format_keyring(keyring.keys) == f"{new},{old}"


def test_both_base64_alphabets_mean_the_same_key() -> None:
    material = bytes([0xFB, 0xFF] * 16)
    standard = base64.b64encode(material).decode()
    urlsafe = base64.urlsafe_b64encode(material).decode().rstrip("=")
    assert standard != urlsafe

    assert parse_keyring(standard, "test").newest == parse_keyring(urlsafe, "test").newest


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no encryption key"),
        (" , ", "holds no encryption key"),
        (f"{generate_key()},", "Key 2 of 2 .* is empty"),
        ("correct horse battery staple", "is not base64"),
        ("A", "is not base64"),
        (base64.urlsafe_b64encode(b"sixteen bytes ok").decode(), "has 16 bytes, and must have 32"),
        (base64.urlsafe_b64encode(bytes(33)).decode(), "has 33 bytes"),
        (",".join([base64.b64encode(bytes(range(32))).decode()] * 2), "given twice"),
    ],
    # Workers that run side by side have to know the cases by the same names.
    ids=["empty", "separators", "one empty", "words", "letter", "short", "long", "twice"],
)
def test_a_malformed_keyring_is_refused_without_showing_it(text: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as refusal:
        parse_keyring(text, "SKYCLUST_ENCRYPTION_KEY")

    assert "SKYCLUST_ENCRYPTION_KEY" in str(refusal.value)
    assert all(part not in str(refusal.value) for part in text.split(",") if len(part) > 1)


def test_no_printed_form_of_a_keyring_shows_a_key() -> None:
    text = generate_key()
    keyring = parse_keyring(text, "test")

    assert text not in repr(keyring)
    assert repr(keyring.newest.material) not in repr(keyring)


def test_a_missing_key_is_an_error_and_never_a_new_key(skyclust_home: Path) -> None:
    with pytest.raises(ConfigurationError, match="No encryption key is set"):
        load_keyring()

    assert list(skyclust_home.iterdir()) == []


def test_the_environment_goes_before_the_home_folder(
    skyclust_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_home = initialise_key_file(skyclust_home)
    assert load_keyring().keys == in_home.keys

    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())

    assert load_keyring().newest != in_home.newest


def test_a_mounted_file_may_hold_the_keys(
    skyclust_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted = tmp_path / "key"
    mounted.write_text(generate_key() + "\n")
    mounted.chmod(0o444)
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY_FILE", str(mounted))
    assert len(load_keyring().keys) == 1

    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY", generate_key())
    with pytest.raises(ConfigurationError, match="Both SKYCLUST_ENCRYPTION_KEY and"):
        load_keyring()


def test_a_mounted_file_that_is_not_there_is_named(
    skyclust_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY_FILE", "/nowhere/key")
    with pytest.raises(ConfigurationError, match="/nowhere/key"):
        load_keyring()


def test_a_file_of_raw_bytes_is_refused_without_its_bytes(
    skyclust_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted = tmp_path / "key"
    mounted.write_bytes(b"\xff" * 32)
    monkeypatch.setenv("SKYCLUST_ENCRYPTION_KEY_FILE", str(mounted))
    with pytest.raises(ConfigurationError, match="does not hold base64 text") as refusal:
        load_keyring()
    assert refusal.value.__cause__ is None


def test_the_first_key_file_is_for_the_owner_alone(skyclust_home: Path) -> None:
    initialise_key_file(skyclust_home)

    path = keyfile.path_in(skyclust_home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in skyclust_home.iterdir()] == ["encryption.key"]


def test_an_existing_key_file_is_left_as_it_is(skyclust_home: Path) -> None:
    first = initialise_key_file(skyclust_home)

    assert initialise_key_file(skyclust_home) == first


def test_many_starting_at_once_agree_on_one_key(skyclust_home: Path) -> None:
    found: list[str] = []

    def start() -> None:
        found.append(initialise_key_file(skyclust_home).newest.id)

    threads = [threading.Thread(target=start) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 16
    assert len(set(found)) == 1


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_file_that_others_can_read_is_refused(skyclust_home: Path, mode: int) -> None:
    initialise_key_file(skyclust_home)
    path = keyfile.path_in(skyclust_home)
    path.chmod(mode)

    with pytest.raises(ConfigurationError, match=f"chmod 600 {path}"):
        load_keyring()


def test_a_replaced_key_file_is_read_by_the_next_call(skyclust_home: Path) -> None:
    first = initialise_key_file(skyclust_home)
    path = keyfile.path_in(skyclust_home)
    second = parse_keyring(generate_key(), "test")
    with keyfile.locked(path):
        keyfile.replace(path, format_keyring([*second.keys, *first.keys]))

    keyring = load_keyring()

    assert keyring.keys == (*second.keys, *first.keys)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
