"""What a sealed text is bound to: the associated data that is needed to open it.

A sealed text that was copied elsewhere, or whose surrounding fields were changed, does not open. A
secret of a credential is bound to the credential, to the field, and to every field that says where
the secret is sent and how the other side proves who it is; user data is bound to the workspace.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue


@dataclass(frozen=True)
class Binding:
    """The binding of a sealed text.

    `what` names the text in errors, `remedy` says how to replace it.
    `parts` are its associated data. `parts_v1` are those of the first format; None for a kind of
    text that was never sealed in that format.
    """

    what: str
    remedy: str
    parts: tuple[str, ...]
    parts_v1: tuple[str, ...] | None = None

    def associated_data(self, version: str) -> bytes | None:
        """Return the associated data of a version; None if it never sealed such a text."""
        parts = self.parts_v1 if version == "v1" else self.parts
        return None if parts is None else encode("skyclust", version, *parts)


def credential_binding(
    *,
    provider: str,
    workspace_id: str,
    name: str,
    field: str,
    destination: Mapping[str, JsonValue],
) -> Binding:
    """Return the binding of a secret field of a credential."""
    return Binding(
        what=f"Field {field!r} of credential {name!r} in workspace {workspace_id!r}",
        remedy="Give the secret again: skyclust credential add --replace.",
        parts=("credential", provider, workspace_id, name, field, canonical(dict(destination))),
        parts_v1=(workspace_id, name, field),
    )


def user_data_binding(workspace_id: str) -> Binding:
    """Return the binding of the user data of an instance."""
    return Binding(
        what=f"The user data for workspace {workspace_id!r}",
        remedy="Seal the file again: skyclust instance seal-user-data FILE.",
        parts=("user-data", workspace_id),
    )


def canonical(value: JsonValue) -> str:
    """Return the canonical text of a JSON value: keys sorted, no spaces, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def encode(*parts: str) -> bytes:
    """Return an unambiguous encoding of a list of parts: the length of each stands before it."""
    encoded = [part.encode("utf-8") for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
