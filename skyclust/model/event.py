"""An event, to which automations and other systems can react."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Event(BaseModel):
    """An event as it is sent to Prefect.

    The id is assigned once, with the event, so that a receiver recognizes a repeated delivery.
    `resource` and each of `related` are Prefect's labels, among them `prefect.resource.id`.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    occurred_at: datetime
    resource: dict[str, str]
    related: tuple[dict[str, str], ...] = ()
    payload: dict[str, JsonValue] = Field(default_factory=dict)
