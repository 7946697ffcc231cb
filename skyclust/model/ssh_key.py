"""The SSH keys of a spec: the name of a key pair, or a public key; never a private key."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

# PEM and OpenSSH files contain PRIVATE KEY, those of PuTTY their file type; without its first line
# an OpenSSH key begins with its magic string in base64 (PROTOCOL.key of OpenSSH: "openssh-key-v1").
_PRIVATE: Final = r"PRIVATE KEY|PuTTY-User-Key-File|b3BlbnNzaC1rZXktdjE"
_FORM: Final = rf"^(?![\s\S]*({_PRIVATE}))[^\r\n]*\s*$"


def _public(value: str) -> str:
    if re.search(_PRIVATE, value):
        raise ValueError("is a private key: give the public key (the file ending in .pub)")
    if "\n" in value.strip() or "\r" in value.strip():
        raise ValueError("has several lines: an SSH key is the name of a key pair or one line")
    return value


# The pattern is for the form only, which the Prefect server checks before it stores anything:
# pydantic's own engine has no lookahead.
_SCHEMA: Final[dict[str, Any]] = {"pattern": _FORM}

SshKey = Annotated[str, AfterValidator(_public), Field(json_schema_extra=_SCHEMA)]
"""The name of a key pair, or a public key. The error for a private key does not repeat it."""
