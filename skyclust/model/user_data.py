"""User data of instances as it is stored: sealed while it is needed, a digest afterwards."""

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
    """Return the form of user data that may be shown: the digest of the sealed text.

    Of user data that was journalled in plain text not even a digest is shown: a short password
    could be guessed from it.
    """
    if is_digest(value):
        return value
    if value.startswith("sealed:"):
        return _DIGEST + hashlib.sha256(value.encode("utf-8")).hexdigest()
    return "********"


def is_digest(value: str) -> bool:
    """Return whether a value is only the digest of user data."""
    return re.fullmatch(r"sha256:[0-9a-f]{64}|\*{8}", value) is not None


def map_user_data(
    request: Mapping[str, JsonValue], change: Callable[[str], str]
) -> dict[str, JsonValue]:
    """Return the request of an operation with each user data changed: that of its spec, and that
    of each fallback spec.
    """
    changed = dict(request)
    if isinstance(spec := changed.get("spec"), dict):
        changed["spec"] = _with_changed(spec, change)
    if isinstance(fallbacks := changed.get("fallbacks"), list):
        changed["fallbacks"] = [
            {**fallback, "spec": _with_changed(fallback["spec"], change)}
            if isinstance(fallback, dict) and isinstance(fallback.get("spec"), dict)
            else fallback
            for fallback in fallbacks
        ]
    return changed


def user_data_of(request: Mapping[str, JsonValue]) -> list[str]:
    """Return each user data in the request of an operation."""
    values: list[str] = []

    def collect(value: str) -> str:
        values.append(value)
        return value

    map_user_data(request, collect)
    return values


def without_user_data(request: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return the request of an operation with each user data replaced by its digest."""
    return map_user_data(request, shown)


def _with_changed(spec: JsonValue, change: Callable[[str], str]) -> JsonValue:
    if isinstance(spec, dict) and isinstance(value := spec.get(FIELD), str):
        return {**spec, FIELD: change(value)}
    return spec
