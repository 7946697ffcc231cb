"""Tells a Prefect server all it has to know about SkyClust: `python -m deployments.bootstrap`.

It reads the environment alone (PREFECT_API_URL, SKYCLUST_DATABASE_URL ...), and may be run
again at any time: what is as it should be stays, what an operator set (pauses, limits)
stays, what prefect.yaml no longer has goes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final

from deployments.automations import apply_automations
from deployments.declared import apply_deployments, prefect_file, read_declared
from deployments.limits import apply_limits
from deployments.work_pools import apply_work_pool
from skyclust.errors import SkyClustError
from skyclust.orchestration.blocks import register_block_types
from skyclust.orchestration.client import prefect_client
from skyclust.store.engine import open_store

Step = Callable[[], Sequence[str]]

STEPS: Final[dict[str, Step]] = {
    "block types": register_block_types,
    "work pool": lambda: [apply_work_pool()],
    "deployments": lambda: apply_deployments(read_declared(prefect_file())),
    "concurrency limits": lambda: apply_limits(open_store()),
    "automations": apply_automations,
}
"""What is applied, in this order: a deployment needs its pool, an automation its deployment."""


def apply_all(say: Callable[[str], None]) -> None:
    """Apply everything; `say` is told each step and what it applied."""
    with prefect_client() as client:
        client.hello()  # that it cannot be reached is said before anything is changed
    for title, step in STEPS.items():
        applied = step()
        say(f"{title}: {', '.join(applied) or 'none'}")


def main() -> int:
    """Apply everything; return 0, or 1 after an error that is printed."""
    try:
        apply_all(lambda line: print(line, flush=True))  # noqa: T201 - a command's own output
    except SkyClustError as error:
        sys.stderr.write(f"bootstrap: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
