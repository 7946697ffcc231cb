"""Running bootstrap against the shared server, as often as a test likes."""

from __future__ import annotations

from typing import Any

import httpx

from deployments.bootstrap import STEPS, apply_all

# Nobody changes block types, and to register them takes as long as all the rest.
MERGED = {title: step for title, step in STEPS.items() if title != "block types"}


def bootstrap(*, reset: bool = False) -> list[str]:
    """Apply everything that is merged and return what it says about things people changed."""
    said: list[str] = []
    apply_all(said.append, reset=reset, steps=MERGED)
    return [line for line in said if line.startswith(("kept:", "reset:", "closed:"))]


def ok(answer: httpx.Response) -> Any:
    """Return what the server answers when it does as asked."""
    answer.raise_for_status()
    return answer.json() if answer.content else None
