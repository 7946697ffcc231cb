"""What a person decided about a piece of advice."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict


class AdviceVerdict(StrEnum):
    """What was decided: to leave things as they are for a while, or to carry the advice out."""

    DISMISSED = "dismissed"
    APPLIED = "applied"


class AdviceDecision(BaseModel):
    """A decision about one piece of advice, by whom and why.

    Dismissed advice is not shown before `until`; None: never again. `run_id` is the flow run that
    carries applied advice out, None until it was started.
    """

    model_config = ConfigDict(frozen=True)

    advice_id: str
    verdict: AdviceVerdict
    reason: str
    decided_by: str
    decided_at: AwareDatetime
    until: AwareDatetime | None = None
    run_id: str | None = None
