"""Tells a Prefect server all it has to know about SkyClust: `python -m deployments.bootstrap`.

It reads the environment alone (PREFECT_API_URL, SKYCLUST_DATABASE_URL ...), and may be run
again at any time: what nobody changed becomes as it is declared, what somebody changed at the
server stays, and is named. `--reset` puts all of it back.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol

from deployments.apply_automations import apply_automations
from deployments.apply_deployments import apply_deployments
from deployments.bootstrap_result import Applied
from deployments.limits import apply_limits
from deployments.prefect_yaml import prefect_file, read_declared
from deployments.sealing import seal_all
from deployments.work_pools import apply_work_pool
from skyclust.errors import SkyClustError
from skyclust.file_modes import keep_files_private
from skyclust.orchestration.blocks import block_class, register_block_types
from skyclust.orchestration.choices import read_choices, update_choices
from skyclust.orchestration.client import prefect_client
from skyclust.orchestration.superseded_runs import supersede_backlog
from skyclust.registry import providers
from skyclust.start_signal import WAIT_OPTION, may_begin
from skyclust.store.engine import open_store


class Step(Protocol):
    """One kind of thing that is applied."""

    def __call__(self, *, reset: bool) -> Applied:
        """Apply it and return what was done."""


def apply_forms(*, reset: bool) -> Applied:
    """Apply the deployments of prefect.yaml; their forms offer what the store has."""
    store = open_store()
    offered = read_choices(store)
    applied = apply_deployments(read_declared(prefect_file()), reset=reset, offered=offered)
    if read_choices(store) != offered:
        update_choices(store)  # a credential came or went meanwhile
    return applied


STEPS: Final[dict[str, Step]] = {
    "block types": lambda *, reset: Applied(register_block_types()),
    "work pool": apply_work_pool,
    "deployments": apply_forms,
    "concurrency limits": lambda *, reset: apply_limits(open_store(), reset=reset),
    "automations": apply_automations,
}
"""What is applied, in this order: a deployment needs its pool, an automation its deployment."""


def apply_all(
    say: Callable[[str], None], *, reset: bool = False, steps: Mapping[str, Step] = STEPS
) -> None:
    """Apply everything; `say` gets each step, what it applied, and what people had changed."""
    with prefect_client() as client:
        client.hello()  # that it cannot be reached is said before anything is changed
    changed: list[str] = []
    closed: list[str] = []
    for title, step in steps.items():
        applied = step(reset=reset)
        say(f"{title}: {', '.join(applied.names) or 'none'}")
        changed += applied.changed
        closed += applied.closed
    for line in closed:
        say(f"closed: {line}")
    for line in changed:
        say(f"{'reset' if reset else 'kept'}: {line}")
    # What piled up while the server or its workers were away, before a worker takes it.
    dropped = supersede_backlog()
    if dropped:
        say(f"dropped: {dropped} runs of housekeeping that waited; one stands for all of a kind")


def load_all() -> None:
    """Load the code that the steps need; reads and changes nothing but modules."""
    for declared in read_declared(prefect_file()):
        importlib.import_module(declared.entrypoint.rpartition(".")[0])
    for entry in providers():
        if entry.problem is None:
            block_class(entry.name)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - its output


def main(arguments: Sequence[str] | None = None) -> int:
    """Apply everything; return 0, or 1 after an error that is printed."""
    parser = argparse.ArgumentParser(
        prog="python -m deployments.bootstrap", description="Apply what SkyClust declares."
    )
    parser.add_argument(
        "--reset",
        action="store_true",
        help="put everything back as it is declared, whatever somebody changed at the server",
    )
    parser.add_argument(
        WAIT_OPTION,
        action="store_true",
        help="load the code at once, and begin with the first line of standard input",
    )
    given = parser.parse_args(arguments)
    keep_files_private()
    if given.wait_for_start:
        load_all()
        if not may_begin():
            return 1
    try:
        apply_all(_say, reset=given.reset)
        for line in seal_all():
            _say(line)
    except SkyClustError as error:
        sys.stderr.write(f"bootstrap: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
