"""SSH keys as people give them: a key pair's name, or a public key. Never a private one."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

# PEM and OpenSSH say PRIVATE KEY, PuTTY names its file; without these lines an OpenSSH key begins
# with its magic word in base64 (PROTOCOL.key of OpenSSH: "openssh-key-v1").
_PRIVATE: Final = r"PRIVATE KEY|PuTTY-User-Key-File|b3BlbnNzaC1rZXktdjE"
_FORM: Final = rf"^(?![\s\S]*({_PRIVATE}))[^\r\n]*\s*$"


def _public(value: str) -> str:
    if re.search(_PRIVATE, value):
        raise ValueError("holds a private key: give the public one (the file ending in .pub)")
    if "\n" in value.strip() or "\r" in value.strip():
        raise ValueError("has several lines: an SSH key is the name of a key pair or one line")
    return value


# The pattern is for the form alone, which the Prefect server checks before it stores anything:
# pydantic's own engine knows no lookahead.
_SCHEMA: Final[dict[str, Any]] = {"pattern": _FORM}

SshKey = Annotated[str, AfterValidator(_public), Field(json_schema_extra=_SCHEMA)]
"""A key pair's name or a public key. A private key is refused without being repeated."""
