"""The keys that seal credentials: where they come from, and which are valid.

A keyring is an ordered list of 256-bit keys. The first, the newest, seals; all of them
open. It comes from `SKYCLUST_ENCRYPTION_KEY`, from the file that
`SKYCLUST_ENCRYPTION_KEY_FILE` names, or from `encryption.key` in the home folder, in this
order. It is read again on each call, so that a rotated key file reaches running processes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from skyclust.errors import ConfigurationError
from skyclust.redaction import register_secret
from skyclust.security import keyfile
from skyclust.settings import Settings, load_settings

KEY_BYTES: Final = 32
"""AES-256 takes a key of 256 bits (FIPS 197, section 5)."""

MAKE_ONE: Final = "Make a key with: skyclust key generate"
"""What to do about a key that is missing or malformed."""


@dataclass(frozen=True)
class Key:
    """A key. `id` is public: it is stored with what the key sealed."""

    id: str
    material: bytes = field(repr=False)


@dataclass(frozen=True)
class Keyring:
    """One or more keys, the newest first, and the name of their source."""

    keys: tuple[Key, ...]
    source: str

    @property
    def newest(self) -> Key:
        """Return the key that seals."""
        return self.keys[0]

    def find(self, key_id: str) -> Key | None:
        """Return the key with this id, None if the keyring lacks it."""
        return next((key for key in self.keys if key.id == key_id), None)

    def with_keys(self, other: Keyring) -> Keyring:
        """Return this keyring with the missing keys of another keyring added behind its own."""
        missing = tuple(key for key in other.keys if self.find(key.id) is None)
        return Keyring((*self.keys, *missing), self.source)


def key_id(material: bytes) -> str:
    """Return the public name of a key: the first 48 bits of its SHA-256, in hex.

    It identifies a key, and the 256 random bits of the key cannot be computed from it.
    """
    return hashlib.sha256(b"skyclust key id\0" + material).hexdigest()[:12]


def generate_key() -> str:
    """Return a new random key in the form that the settings take: base64, URL-safe."""
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii")


def load_keyring(settings: Settings | None = None) -> Keyring:
    """Return the keyring of this process.

    Raises ConfigurationError when no key is set, when two settings give keys, and for a key or
    key file that is not valid.
    """
    settings = settings or load_settings()
    in_environment = settings.encryption_key
    in_file = settings.encryption_key_file
    if in_environment is not None and in_file is not None:
        raise ConfigurationError(
            "Both SKYCLUST_ENCRYPTION_KEY and SKYCLUST_ENCRYPTION_KEY_FILE are set.",
            hint="Keep the setting with the right keys and unset the other.",
        )
    if in_environment is not None:
        return parse_keyring(in_environment.get_secret_value(), "SKYCLUST_ENCRYPTION_KEY")
    if in_file is not None:
        return parse_keyring(keyfile.read_mounted(in_file), str(in_file))
    path = keyfile.path_in(settings.home)
    text = keyfile.read_own(path)
    if text is None:
        raise ConfigurationError(
            f"No encryption key is set, and {path} does not exist.",
            hint="Set SKYCLUST_ENCRYPTION_KEY to the key that sealed your credentials, or to the"
            " output of `skyclust key generate` when there are none yet."
            " `skyclust up` makes the key of a new home folder by itself.",
        )
    return parse_keyring(text, str(path))


def parse_keyring(text: str, source: str) -> Keyring:
    """Return the keys of a comma-separated text; `source` names the text in errors.

    Raises ConfigurationError for a key that is not 32 bytes of base64, for a key that is given
    twice, and for a text without keys. No error shows any part of a key.
    """
    parts = [part.strip() for part in text.split(",")]
    if not any(parts):
        raise ConfigurationError(f"{source} holds no encryption key.", hint=MAKE_ONE)
    keys: list[Key] = []
    for position, part in enumerate(parts, start=1):
        material = _decode(part, f"Key {position} of {len(parts)} in {source}")
        if any(key.material == material for key in keys):
            raise ConfigurationError(
                f"Key {position} of {len(parts)} in {source} is given twice.",
                hint="Give each key once, the newest first.",
            )
        register_secret(part)
        keys.append(Key(key_id(material), material))
    return Keyring(tuple(keys), source)


def format_keyring(keys: Sequence[Key]) -> str:
    """Return the text from which `parse_keyring` reads these keys."""
    return ",".join(base64.urlsafe_b64encode(key.material).decode("ascii") for key in keys)


def initialise_key_file(home: Path) -> Keyring:
    """Generate the first key of a home folder, and return its keyring.

    An existing file stays as it is. The caller checks that nothing sealed exists yet, as
    `skyclust.security.first_key.initialise_home` does.
    """
    path = keyfile.path_in(home)
    keyfile.create(path, generate_key() + "\n")
    return parse_keyring(keyfile.read_own(path) or "", str(path))


def _decode(part: str, what: str) -> bytes:
    if not part:
        raise ConfigurationError(f"{what} is empty.", hint="Remove the stray comma.")
    # Both alphabets of RFC 4648 are read: `openssl rand -base64 32` writes the standard one.
    text = part.translate(str.maketrans("-_", "+/"))
    if not re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", text):
        raise ConfigurationError(f"{what} is not base64.", hint=MAKE_ONE)
    bare = text.rstrip("=")
    try:
        material = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except binascii.Error as error:
        raise ConfigurationError(f"{what} is not base64.", hint=MAKE_ONE) from error
    if len(material) != KEY_BYTES:
        raise ConfigurationError(
            f"{what} has {len(material)} bytes, and must have {KEY_BYTES}.", hint=MAKE_ONE
        )
    return material
