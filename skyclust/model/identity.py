"""The identity of a credential, and the permissions that it lacks."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Identity(BaseModel):
    """The result of `Provider.verify()`.

    `missing_permissions` is None where the cloud has no way to check permissions, and empty where
    every required permission is granted.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    account: str
    principal: str
    missing_permissions: tuple[str, ...] | None = None
