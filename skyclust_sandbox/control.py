"""The control API under /_sandbox/, the same for every sandbox cloud.

GET    /_sandbox/health       {"cloud", "pid", "nonce", "seed"}
GET    /_sandbox/faults       the faults in force, with their counts
POST   /_sandbox/faults       add a fault or a list of them; returns them with their ids
DELETE /_sandbox/faults[/ID]  remove one fault, or all
GET    /_sandbox/calls        {"calls": {action: count}}
POST   /_sandbox/pages        {"largest": 1}: limit every page to this size
GET    /_sandbox/billing      {"publication", "sample"}: what is published of the bill
POST   /_sandbox/billing      {"next": true}: publish the late day, then the restated month
POST   /_sandbox/reset        {"seed": "empty" | "estate"}: new state, without faults
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from werkzeug.wrappers import Request, Response

from skyclust_sandbox.billing.state import BillingRequest, BillingState
from skyclust_sandbox.faults import Fault, Faults, StandingFault
from skyclust_sandbox.seeds import Seed

PREFIX: Final = "/_sandbox/"

_FAULTS: Final = TypeAdapter(list[Fault])
_FAULT_ID: Final = TypeAdapter(int)


class ResetRequest(BaseModel):
    """The body of a reset; without a seed the last one is used again."""

    model_config = ConfigDict(extra="forbid")

    seed: Seed | None = None


class PagesRequest(BaseModel):
    """The body that limits the size of pages; None removes the limit."""

    model_config = ConfigDict(extra="forbid")

    largest: int | None = Field(ge=1)


@dataclass
class Conditions:
    """The conditions that the control API sets: faults, the largest page, the published bill.

    A cloud may always return less than the requested page size, and some SDKs refuse to request
    less than five. `largest_page` lets tests read a list with one item per page.
    """

    faults: Faults = field(default_factory=Faults)
    largest_page: int | None = None
    billing: BillingState = field(default_factory=BillingState)

    def clear(self) -> None:
        """Remove all faults and the page limit, and publish the first bill again."""
        self.faults.clear()
        self.largest_page = None
        self.billing.clear()


class Calls:
    """The number of calls that reached the cloud by action, including refused ones."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, action: str) -> None:
        """Count one call."""
        with self._lock:
            self._counts[action] += 1

    def counts(self) -> dict[str, int]:
        """Return the counts since the last reset."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def clear(self) -> None:
        """Reset all counts to zero."""
        with self._lock:
            self._counts.clear()


@dataclass
class Control:
    """The state behind the control API of one cloud. `restart` rebuilds the cloud from a seed."""

    cloud: str
    nonce: str
    seed: Seed
    restart: Callable[[Seed], None]
    conditions: Conditions = field(default_factory=Conditions)
    calls: Calls = field(default_factory=Calls)

    def reset(self, seed: Seed | None) -> None:
        """Remove faults, limits and counts, and restart the cloud from the seed."""
        if seed is not None:
            self.seed = seed
        self.conditions.clear()
        self.restart(self.seed)
        self.calls.clear()


def answer(control: Control, request: Request) -> Response:
    """Return the reply to a request under `/_sandbox/`; 400 with the reason for an invalid body."""
    operation = f"{request.method} {request.path.removeprefix(PREFIX)}"
    try:
        content = _content(control, operation, request.get_data())
    except ValidationError as error:
        return _reply({"error": str(error)}, 400)
    if content is None:
        return _reply({"error": f"There is no {request.method} {request.path} here."}, 404)
    return _reply(content, 200)


def _content(control: Control, operation: str, body: bytes) -> object | None:
    """Carry out an operation and return the content of its reply, None if it is unknown."""
    conditions = control.conditions
    method_and_noun, _, argument = operation.partition("/")
    content: object | None = None
    match method_and_noun:
        case "GET health":
            known_by = {"cloud": control.cloud, "pid": os.getpid(), "nonce": control.nonce}
            content = {**known_by, "seed": control.seed}
        case "GET calls":
            content = {"calls": control.calls.counts()}
        case "GET faults":
            content = _as_json(conditions.faults.standing())
        case "POST faults":
            content = _as_json(conditions.faults.add(_read_faults(body)))
        case "DELETE faults":
            fault_id = _FAULT_ID.validate_strings(argument) if argument else None
            content = {"cleared": conditions.faults.clear(fault_id)}
        case "POST pages":
            conditions.largest_page = PagesRequest.model_validate_json(body).largest
            content = {"largest": conditions.largest_page}
        case "GET billing":
            content = conditions.billing.content()
        case "POST billing":
            content = conditions.billing.change(BillingRequest.model_validate_json(body))
        case "POST reset":
            control.reset(ResetRequest.model_validate_json(body or b"{}").seed)
            content = {"seed": control.seed}
    return content


def _as_json(faults: list[StandingFault]) -> list[dict[str, object]]:
    return [fault.model_dump(mode="json") for fault in faults]


def _read_faults(body: bytes) -> list[Fault]:
    if body.lstrip().startswith(b"["):
        return _FAULTS.validate_json(body)
    return [Fault.model_validate_json(body)]


def _reply(content: object, status: int) -> Response:
    return Response(json.dumps(content), status=status, mimetype="application/json")
