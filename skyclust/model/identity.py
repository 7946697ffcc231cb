"""Who a credential is, and what it may do."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Identity(BaseModel):
    """The answer of `Provider.verify()`.

    `missing_permissions` is None where the cloud gives no way to know, and empty where
    everything needed was found to be allowed.
    """

    model_config = ConfigDict(frozen=True)

    provider: str
    account: str
    principal: str
    missing_permissions: tuple[str, ...] | None = None
