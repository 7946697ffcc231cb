"""Asking for a machine by its needs, and what came of it in each account."""

from __future__ import annotations

from typing import Any

from skyclust.orchestration.runs import RunOutcome, run_here
from tests.flows.memory import REGION, MemoryAccount


def provision(*accounts: MemoryAccount, **changes: Any) -> RunOutcome:
    """Ask for a machine by its needs, in any of these accounts."""
    needs = {
        "name": "web",
        "cores": 2,
        "memory_gib": 3,
        "image_family": "debian-13",
        "places": [{"credential": one.credential, "region": REGION} for one in accounts],
        **changes.pop("needs", {}),
    }
    return run_here("place-instances", {**needs, **changes})


def machines(account: MemoryAccount) -> list[str]:
    """The types of the machines that an account has."""
    return [item.details["type"] for item in account.cloud.existing(REGION, "server")]


def die(*_: object) -> Any:
    """Stand for whatever ends the process."""
    raise RuntimeError("the process is killed here")
