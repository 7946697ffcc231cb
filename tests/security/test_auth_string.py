"""The file of the auth string, and the proof that a server knows it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from skyclust.errors import ConfigurationError
from skyclust.redaction import redact
from skyclust.security import auth_string


def test_it_is_made_once_for_its_owner_alone_and_cannot_be_guessed(tmp_path: Path) -> None:
    made = auth_string.initialise(tmp_path)
    path = auth_string.path_in(tmp_path)

    assert auth_string.initialise(tmp_path) == made == auth_string.read(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    user, _, password = made.partition(":")
    assert user == "skyclust"
    assert len(password) >= 43  # 256 bits as base64
    assert auth_string.generate() != auth_string.generate()
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


def test_a_new_one_takes_its_place(tmp_path: Path) -> None:
    before = auth_string.initialise(tmp_path)

    after = auth_string.renew(tmp_path)

    assert auth_string.read(tmp_path) == after != before
    assert stat.S_IMODE(auth_string.path_in(tmp_path).stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_one_that_others_could_read_is_refused(tmp_path: Path, mode: int) -> None:
    auth_string.initialise(tmp_path)
    auth_string.path_in(tmp_path).chmod(mode)

    with pytest.raises(ConfigurationError, match="open to other users") as refused:
        auth_string.read(tmp_path)
    assert "makes a new one" in refused.value.hint


@pytest.mark.parametrize(
    "content",
    ["", "admin:pass", "no-colon-in-all-of-this-text", "us er:" + "x" * 30, "ü:" + "x" * 30,
     ":" + "x" * 30, "user:" + "x" * 21, "a:" + "x" * 30 + "\nb:" + "x" * 30],
)  # fmt: skip
def test_what_is_no_auth_string_or_can_be_guessed_is_refused(tmp_path: Path, content: str) -> None:
    path = auth_string.path_in(tmp_path)
    path.touch(mode=0o600)
    path.write_text(content, encoding="utf-8")

    with pytest.raises(ConfigurationError, match="does not hold an auth string") as refused:
        auth_string.read(tmp_path)
    assert content not in str(refused.value) or not content


def test_one_that_somebody_chose_is_taken(tmp_path: Path) -> None:
    path = auth_string.path_in(tmp_path)
    path.touch(mode=0o600)
    path.write_text("operator:with:colons-and-32-characters\n")

    assert auth_string.read(tmp_path) == "operator:with:colons-and-32-characters"
    assert auth_string.initialise(tmp_path) == "operator:with:colons-and-32-characters"


def test_it_stays_out_of_logs_and_errors(tmp_path: Path) -> None:
    found = auth_string.initialise(tmp_path)

    assert found not in redact(f"the header was {found}")
    assert found not in auth_string.fingerprint(found)
    assert auth_string.fingerprint(found) != auth_string.fingerprint(auth_string.generate())


def test_a_proof_is_for_one_string_one_port_and_one_nonce() -> None:
    proof = auth_string.proof("user:one", port=4200, nonce="n")

    assert proof == auth_string.proof("user:one", port=4200, nonce="n")
    assert "one" not in proof
    others = {
        auth_string.proof("user:two", port=4200, nonce="n"),
        auth_string.proof("user:one", port=4201, nonce="n"),
        auth_string.proof("user:one", port=4200, nonce="m"),
    }
    assert proof not in others
    assert len(others) == 3
