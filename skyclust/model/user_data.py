"""User data of machines as it may be stored: sealed while it is needed, a digest afterwards."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final

from pydantic import Field, JsonValue

FIELD: Final = "user_data"
LONGEST: Final = 16384
"""Characters of user data before it is sealed; EC2 takes 16 KB
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html)."""

SEALED_FORM: Final = r"^sealed:v[0-9]+:[0-9a-f]{12}:[A-Za-z0-9_-]+={0,2}$"

# Four bytes a character at most (RFC 3629), a nonce and a tag, in base64, behind a prefix.
_LONGEST_SEALED: Final = 4 * ((4 * LONGEST + 28 + 2) // 3) + 64

SealedUserData = Annotated[str, Field(pattern=SEALED_FORM, max_length=_LONGEST_SEALED)]
"""User data that was sealed. Plain text is refused: by its pattern in the deployment's form, so
that the Prefect server does not store it, and by the flow."""

DESCRIPTION: Final = (
    "cloud-init data, sealed: the text that `skyclust instance seal-user-data FILE` prints."
    " Plain text is refused, for what is entered here is stored."
)

_DIGEST: Final = "sha256:"


def shown(value: str) -> str:
    """Return what may be shown of user data: the digest of the sealed text, which tells nothing.

    Of user data that was journalled in the clear not even a digest is shown, for a short
    password could be guessed from it.
    """
    if is_digest(value):
        return value
    if value.startswith("sealed:"):
        return _DIGEST + hashlib.sha256(value.encode("utf-8")).hexdigest()
    return "********"


def is_digest(value: str) -> bool:
    """Return whether nothing but the digest of user data is left."""
    return re.fullmatch(r"sha256:[0-9a-f]{64}|\*{8}", value) is not None


def map_user_data(
    request: Mapping[str, JsonValue], change: Callable[[str], str]
) -> dict[str, JsonValue]:
    """Return the request of an operation with each user data changed: the spec's own, and that
    of each place to fall back on.
    """
    changed = dict(request)
    if isinstance(spec := changed.get("spec"), dict):
        changed["spec"] = _with_changed(spec, change)
    if isinstance(fallbacks := changed.get("fallbacks"), list):
        changed["fallbacks"] = [
            {**one, "spec": _with_changed(one["spec"], change)}
            if isinstance(one, dict) and isinstance(one.get("spec"), dict)
            else one
            for one in fallbacks
        ]
    return changed


def user_data_of(request: Mapping[str, JsonValue]) -> list[str]:
    """Return each user data in the request of an operation."""
    found: list[str] = []

    def take(value: str) -> str:
        found.append(value)
        return value

    map_user_data(request, take)
    return found


def without_user_data(request: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the request of an operation with a digest in the place of each user data."""
    return map_user_data(request, shown)


def _with_changed(spec: JsonValue, change: Callable[[str], str]) -> JsonValue:
    if isinstance(spec, dict) and isinstance(value := spec.get(FIELD), str):
        return {**spec, FIELD: change(value)}
    return spec
