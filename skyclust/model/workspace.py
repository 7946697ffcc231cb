"""A workspace owns everything; a credential is one cloud account in it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Also the alphabet of Prefect block document names, which carry both.
Slug = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class Workspace(BaseModel):
    """A tenant. Its id is a slug that never changes."""

    model_config = ConfigDict(frozen=True)

    id: Slug
    title: str = ""
    created_at: datetime


class CredentialRecord(BaseModel):
    """The part of a credential that the store keeps: names, never a secret."""

    model_config = ConfigDict(frozen=True)

    workspace_id: str
    name: Slug
    provider: str
    block_name: str
    account: str | None = None
    principal: str | None = None
    verified_at: datetime | None = None
    created_at: datetime
