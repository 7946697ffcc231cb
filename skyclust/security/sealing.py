"""Sealing one secret field of one credential with AES-256-GCM.

A sealed text reads `sealed:v1:<key id>:<base64 of nonce and ciphertext>`. Its associated
data is the version, the workspace, the credential's name and the field, so that a sealed
text that was copied to another place does not open there. The nonce is 96 random bits
(NIST SP 800-38D, section 8.2.2), which that document allows for 2**32 messages a key.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from skyclust.errors import ConfigurationError
from skyclust.security.keyring import Keyring

PREFIX: Final = "sealed:"
_VERSION: Final = "v1"
_NONCE_BYTES: Final = 12
_FORM: Final = re.compile(r"sealed:v1:([0-9a-f]{12}):([A-Za-z0-9_-]+={0,2})")


def is_sealed(text: str) -> bool:
    """Return whether a text claims to be sealed; only `unseal` tells whether it truly is."""
    return text.startswith(PREFIX)


def seal(keyring: Keyring, plaintext: str, *, workspace_id: str, name: str, field: str) -> str:
    """Return the sealed form of a secret, made with the newest key; each call makes another."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    ciphertext = AESGCM(keyring.newest.material).encrypt(
        nonce, plaintext.encode("utf-8"), _associated_data(workspace_id, name, field)
    )
    encoded = base64.urlsafe_b64encode(nonce + ciphertext).decode("ascii")
    return f"{PREFIX}{_VERSION}:{keyring.newest.id}:{encoded}"


def unseal(keyring: Keyring, sealed: str, *, workspace_id: str, name: str, field: str) -> str:
    """Return the secret in a sealed text.

    Raises ConfigurationError when the text is damaged, when the keyring lacks its key, and
    when it was sealed for another workspace, credential or field.
    """
    what = f"Field {field!r} of credential {name!r} in workspace {workspace_id!r}"
    needed, content = _parts(sealed, what)
    key = keyring.find(needed)
    if key is None:
        held = ", ".join(key.id for key in keyring.keys)
        raise ConfigurationError(
            f"{what} is sealed with key {needed}; {keyring.source} holds {held}.",
            hint=f"Add key {needed} behind the newest key in SKYCLUST_ENCRYPTION_KEY."
            " If it is lost, give the secret again: skyclust credential add --replace.",
        )
    try:
        plaintext = AESGCM(key.material).decrypt(
            content[:_NONCE_BYTES],
            content[_NONCE_BYTES:],
            _associated_data(workspace_id, name, field),
        )
    except InvalidTag as error:
        raise ConfigurationError(
            f"{what} does not open with key {needed}: it was changed, or was sealed for"
            " another workspace, credential or field.",
            hint="A sealed value cannot be copied or renamed."
            " Give the secret again: skyclust credential add --replace.",
        ) from error
    return plaintext.decode("utf-8")


def key_id_of(sealed: str) -> str:
    """Return the id of the key that a text says it is sealed with.

    Raises ConfigurationError when the text is no sealed one.
    """
    return _parts(sealed, "The value")[0]


def _parts(sealed: str, what: str) -> tuple[str, bytes]:
    match = _FORM.fullmatch(sealed)
    try:
        content = base64.urlsafe_b64decode(match[2]) if match else b""
    except binascii.Error:
        content = b""
    # Shorter than a nonce and a tag of 128 bits cannot be whole.
    if match is None or len(content) < _NONCE_BYTES + 16:
        raise ConfigurationError(
            f"{what} is not a whole sealed value of version 1: it was cut, changed or mistyped.",
            hint="Give the secret again: skyclust credential add --replace.",
        )
    return match[1], content


def _associated_data(*parts: str) -> bytes:
    """Return an encoding in which no two lists of parts are alike: each has its length first."""
    encoded = [part.encode("utf-8") for part in ("skyclust", _VERSION, *parts)]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
