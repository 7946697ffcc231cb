"""The metadata keys and the server tag by which SkyClust identifies what it created.

They are metadata of the server, beside the tags of the spec, and a server tag where Nova has them
(2.52): Nova filters its list of servers by tags, and not by metadata.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Final

TOKEN_KEY: Final = "skyclust_token"  # noqa: S105 - the name of a key, no secret
"""Holds the token that SkyClust created the server with."""

REQUEST_KEY: Final = "skyclust_request"
"""Holds a digest of the spec: a token belongs to one spec."""

RESTORED_KEY: Final = "skyclust_restored"
"""Holds the token of the last snapshot restore of the server or volume."""

SNAPSHOT_KEY: Final = "skyclust_snapshot"
"""Holds the token of the instance snapshot that an image or a volume snapshot is a part of."""

OWN_KEYS: Final = frozenset({TOKEN_KEY, REQUEST_KEY, RESTORED_KEY})

TAGS_AT_CREATE: Final = (2, 52)
"""The microversion from which a create request may carry server tags."""

VALUE_LENGTH: Final = 255
"""The maximum length of a metadata value
(https://docs.openstack.org/api-ref/compute/#create-server)."""

_SERVER_TAG: Final = re.compile(r"skyclust-[0-9a-f]{40}")


def to_token_value(token: str) -> str:
    """Return the metadata value for a token: the token itself if Nova accepts it, else a SHA-256.

    Nova accepts values of at most 255 characters; other than printable ASCII is hashed too.
    """
    if token.isascii() and token.isprintable() and 0 < len(token) <= VALUE_LENGTH:
        return token
    return sha256(token.encode()).hexdigest()


def to_server_tag(token_value: str) -> str:
    """Return the server tag for a token value: at most 60 characters, without slash and comma."""
    return f"skyclust-{sha256(token_value.encode()).hexdigest()[:40]}"


def is_server_tag(tag: str) -> bool:
    """Return whether a server tag is one that SkyClust sets."""
    return _SERVER_TAG.fullmatch(tag) is not None
