"""Whether Prefect's events arrive: one is sent and looked for, for nothing else can tell.

The server takes events in whether or not anything consumes them, and answers every health check.
So a probe is sent. It is found again when the consumer that stores events is alive; the
automation of this name answers it with an event of its own when the consumer that feeds
automations and the one that acts for them are alive.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from skyclust.embedded import prefect_api

EVENT: Final = "skyclust.probe"
RESOURCE: Final = "skyclust.probe"
AUTOMATION: Final = "skyclust: answer probes"

ANSWERED: Final = "prefect.automation.action.executed"
"""What Prefect's service of actions emits, with the event that triggered the action beside it."""

ALLOWED_SECONDS: Final = 20.0
"""Events are stored in batches of a second; a busy computer takes some seconds."""

LATELY: Final = timedelta(minutes=5)

_POLL_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Answers:
    """The outcome of a probe: whether it was stored, and whether the automation answered."""

    stored: bool
    answered: bool


def send(api_url: str) -> str:
    """Send a probe and return its id."""
    probe = str(uuid4())
    event = {
        "id": probe,
        "event": EVENT,
        "occurred": datetime.now(UTC).isoformat(),
        "resource": {"prefect.resource.id": f"{RESOURCE}.{probe}"},
    }
    prefect_api.ask(api_url, "/events", [event])
    return probe


def look(api_url: str, probe: str, *, seconds: float = ALLOWED_SECONDS) -> Answers:
    """Return the outcome of a probe: at once when it is good, else after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answers = Answers(
            stored=_is_stored(api_url, {"id": {"id": [probe]}}),
            answered=_is_stored(
                api_url,
                {"event": {"name": [ANSWERED]}, "related": {"id": [f"prefect.event.{probe}"]}},
            ),
        )
        if (answers.stored and answers.answered) or time.monotonic() > deadline:
            return answers
        time.sleep(_POLL_SECONDS)


def answered_lately(api_url: str) -> bool:
    """Return whether an automation acted within the last minutes, so that no probe is needed."""
    since = (datetime.now(UTC) - LATELY).isoformat()
    return _is_stored(api_url, {"event": {"name": [ANSWERED]}, "occurred": {"since": since}})


def _is_stored(api_url: str, wanted: dict[str, Any]) -> bool:
    found = prefect_api.ask(api_url, "/events/filter", {"filter": wanted, "limit": 1})
    return bool(found["events"])
