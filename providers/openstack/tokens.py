"""The marks by which SkyClust finds again what it made for a token.

They are metadata of the server, beside the tags that somebody asked for, and a server tag where
Nova has them (2.52): Nova filters by tags, and not by metadata.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

TOKEN_KEY: Final = "skyclust_token"  # noqa: S105 - the name of a mark, no secret
"""Holds the token with which SkyClust made the machine."""

REQUEST_KEY: Final = "skyclust_request"
"""Holds a digest of what was asked for: a token belongs to one request."""

RESTORED_KEY: Final = "skyclust_restored"
"""Holds the token of the last restore of the machine."""

SNAPSHOT_KEY: Final = "skyclust_snapshot"
OWN_KEYS: Final = frozenset({TOKEN_KEY, REQUEST_KEY, RESTORED_KEY})

TAGS_AT_CREATE: Final = (2, 52)
VALUE_LENGTH: Final = 255
"""The most characters of a value of metadata
(https://docs.openstack.org/api-ref/compute/#create-server)."""


_SERVER_TAG: Final = re.compile(r"skyclust-[0-9a-f]{40}")


def to_mark(token: str) -> str:
    """Return the token as metadata takes it: as it is where that is possible, else its SHA-256."""
    if token.isascii() and token.isprintable() and 0 < len(token) <= VALUE_LENGTH:
        return token
    return sha256(token.encode()).hexdigest()


def to_server_tag(mark: str) -> str:
    """Return the server tag of a mark: at most 60 characters, without slash and comma."""
    return f"skyclust-{sha256(mark.encode()).hexdigest()[:40]}"


def is_server_tag(tag: str) -> bool:
    """Return whether a server tag is one that marks a server of ours."""
    return _SERVER_TAG.fullmatch(tag) is not None
