"""Sealing the user data of instances (cloud-init), which often holds passwords.

The process that receives it seals it. It stays sealed in Prefect and in the journal, and is opened
immediately before the cloud is called.
"""

from __future__ import annotations

import base64
import re
from typing import Final

from skyclust.errors import ConfigurationError, InvalidRequest
from skyclust.model.user_data import LONGEST
from skyclust.redaction import register_secret
from skyclust.security.binding import user_data_binding
from skyclust.security.keyring import Keyring
from skyclust.security.sealing import is_sealed, seal, unseal

# `password: x`, `DB_TOKEN=x`: values that a cloud may repeat in an error, without their lines. What
# follows in the next line may be a key of YAML (`chpasswd:`, then `list:`), which is no secret.
_SECRET_VALUE: Final = re.compile(
    r"(?i)(?:pass(?:wd|word|phrase)?|secret|token|api_?key)[\w-]*[\"']?\s*[:=]\s*[\"']?"
    r"(?![\w-]+:(?:\s|$))([^\s\"']{4,})"
)


def seal_user_data(keyring: Keyring, text: str, workspace_id: str) -> str:
    """Return user data sealed for the instances of a workspace.

    Raises InvalidRequest, which repeats none of it, if it is sealed already, empty or too long.
    """
    if is_sealed(text):
        raise InvalidRequest("The user data is sealed already.", hint="Give the file itself.")
    if not text:
        raise InvalidRequest("The user data is empty.", hint="Leave it out.")
    if len(text) > LONGEST:
        raise InvalidRequest(f"The user data has {len(text)} characters, more than {LONGEST}.")
    register_user_data(text)
    return seal(keyring, text, user_data_binding(workspace_id))


def open_user_data(keyring: Keyring, sealed: str, workspace_id: str) -> str:
    """Return user data in plain text for the cloud, and register it for redaction.

    Raises ConfigurationError when it does not open in this workspace with these keys, or is not
    sealed.
    """
    if not is_sealed(sealed):
        raise ConfigurationError(
            f"The user data for workspace {workspace_id!r} is not sealed.",
            hint="Seal the file: skyclust instance seal-user-data FILE.",
        )
    text = unseal(keyring, sealed, user_data_binding(workspace_id))
    register_user_data(text)
    return text


def register_user_data(text: str) -> None:
    """Register user data, and values in it that look like secrets, for redaction."""
    register_secret(text)
    register_secret(base64.b64encode(text.encode("utf-8")).decode("ascii"))
    for value in _SECRET_VALUE.findall(text):
        register_secret(value)
