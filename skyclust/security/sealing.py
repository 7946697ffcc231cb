"""Sealing a text with AES-256-GCM.

A sealed text reads `sealed:v2:<key id>:<base64 of nonce and ciphertext>`. Its associated data is
its binding (`skyclust.security.binding`), so that it opens nowhere else. The nonce is 96 random
bits (NIST SP 800-38D, section 8.2.2), which that document allows for 2**32 messages per key. Texts
of version 1, whose associated data has fewer parts, still open; no new ones are sealed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from skyclust.errors import ConfigurationError
from skyclust.security.binding import Binding
from skyclust.security.keyring import Keyring

PREFIX: Final = "sealed:"
VERSION: Final = "v2"
_NONCE_BYTES: Final = 12
_FORM: Final = re.compile(r"sealed:(v[12]):([0-9a-f]{12}):([A-Za-z0-9_-]+={0,2})")


@dataclass(frozen=True)
class _Parts:
    version: str
    key_id: str
    content: bytes


def is_sealed(text: str) -> bool:
    """Return whether a text has the prefix of sealed texts; only `unseal` verifies it."""
    return text.startswith(PREFIX)


def seal(keyring: Keyring, plaintext: str, binding: Binding) -> str:
    """Return a text sealed with the newest key; each call returns a different sealed text."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    ciphertext = AESGCM(keyring.newest.material).encrypt(
        nonce, plaintext.encode("utf-8"), binding.associated_data(VERSION)
    )
    encoded = base64.urlsafe_b64encode(nonce + ciphertext).decode("ascii")
    return f"{PREFIX}{VERSION}:{keyring.newest.id}:{encoded}"


def unseal(keyring: Keyring, sealed: str, binding: Binding) -> str:
    """Return the text that was sealed.

    Raises ConfigurationError when it is damaged, when the keyring lacks its key, and when it was
    sealed with another binding.
    """
    parts = _parts(sealed, binding.what, binding.remedy)
    # None opens nothing: every sealed text has associated data.
    associated = binding.associated_data(parts.version)
    key = keyring.find(parts.key_id)
    if key is None:
        held = ", ".join(key.id for key in keyring.keys)
        raise ConfigurationError(
            f"{binding.what} is sealed with key {parts.key_id}; {keyring.source} holds {held}.",
            hint=f"Add key {parts.key_id} behind the newest key in SKYCLUST_ENCRYPTION_KEY."
            f" If it is lost: {binding.remedy}",
        )
    nonce, ciphertext = parts.content[:_NONCE_BYTES], parts.content[_NONCE_BYTES:]
    try:
        plaintext = AESGCM(key.material).decrypt(nonce, ciphertext, associated)
    except InvalidTag as error:
        raise ConfigurationError(
            f"{binding.what} does not open with key {parts.key_id}: it was changed, was sealed for"
            " another workspace, credential or field, or where it is sent was changed.",
            hint=f"A sealed value cannot be copied or renamed. {binding.remedy}",
        ) from error
    return plaintext.decode("utf-8")


def key_id_of(sealed: str) -> str:
    """Return the id of the key that a sealed text names.

    Raises ConfigurationError for a text that is not sealed.
    """
    return _parts(sealed, "The value", "Seal it again.").key_id


def is_current(keyring: Keyring, sealed: str) -> bool:
    """Return whether a text is of the newest version and sealed with the newest key.

    Raises ConfigurationError for a text that is not sealed.
    """
    parts = _parts(sealed, "The value", "Seal it again.")
    return (parts.version, parts.key_id) == (VERSION, keyring.newest.id)


def is_old_form(sealed: str) -> bool:
    """Return whether a text is sealed in an older form, which is bound to fewer fields."""
    return is_sealed(sealed) and not sealed.startswith(f"{PREFIX}{VERSION}:")


def digest_of(sealed: str) -> str:
    """Return the digest of a sealed text, in hex; it reveals nothing of the content.

    The nonce is random, so nobody can compute the digest of a guessed content without the key.
    """
    return hashlib.sha256(sealed.encode("utf-8")).hexdigest()


def _parts(sealed: str, what: str, remedy: str) -> _Parts:
    match = _FORM.fullmatch(sealed)
    try:
        content = base64.urlsafe_b64decode(match[3]) if match else b""
    except binascii.Error:
        content = b""
    # A whole text has at least a nonce and a tag of 128 bits.
    if match is None or len(content) < _NONCE_BYTES + 16:
        raise ConfigurationError(
            f"{what} is not a whole sealed value: it was cut, changed or mistyped.", hint=remedy
        )
    return _Parts(match[1], match[2], content)
