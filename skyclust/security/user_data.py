"""Sealing the user data of machines (cloud-init), which holds passwords more often than not.

It is sealed in the process that was given it, travels sealed through Prefect and the journal, and
is opened at the last moment before a cloud is called.
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

# `password: x`, `DB_TOKEN=x`: values that a cloud may repeat without the lines around them.
_SECRET_VALUE: Final = re.compile(
    r"(?i)(?:pass(?:wd|word|phrase)?|secret|token|api_?key)[\w-]*[\"']?\s*[:=]\s*[\"']?([^\s\"']{4,})"
)


def seal_user_data(keyring: Keyring, text: str, workspace_id: str) -> str:
    """Return user data sealed for the machines of a workspace.

    Raises InvalidRequest, which repeats none of it, when it is sealed already, empty or too long.
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
    """Return user data as a cloud takes it, and keep it out of logs.

    Raises ConfigurationError when it does not open in this workspace with these keys, or is not
    sealed at all.
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
    """Keep user data, and what looks like a secret in it, out of what this process writes."""
    register_secret(text)
    register_secret(base64.b64encode(text.encode("utf-8")).decode("ascii"))
    for value in _SECRET_VALUE.findall(text):
        register_secret(value)
