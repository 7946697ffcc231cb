"""An event: that something happened, for automations and for other systems to react to."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class Event(BaseModel):
    """An event: one thing that happened, as it is sent to Prefect.

    The id is made once, with the event: whoever receives it twice can tell. `resource` and
    each of `related` are labels of Prefect's, among them `prefect.resource.id`.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    occurred_at: datetime
    resource: dict[str, str]
    related: tuple[dict[str, str], ...] = ()
    payload: dict[str, JsonValue] = Field(default_factory=dict)
