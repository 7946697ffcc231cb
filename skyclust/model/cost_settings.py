"""What a workspace decided about its costs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from skyclust.model.budget import Currency


class CostSettings(BaseModel):
    """The allocation tags, the currency and the shared costs of a workspace.

    `allocation_tags` are the keys of the tags that rollups keep, in order. `currency` is what
    amounts are converted to where a rate is known. `shared_costs` is how showback splits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    allocation_tags: tuple[str, ...] = Field(default=(), max_length=10)
    currency: Currency | None = None
    shared_costs: dict[str, JsonValue] | None = None
