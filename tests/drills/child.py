"""A process that forks for each run of a flow: `python -m tests.drills.child`.

Loading Prefect and the SDKs takes longer than most runs of a drill: it is done once. An order is
a line of JSON on standard input; the answers are lines on standard output: the number of the
process that runs the flow, "stopped" when a signal stops it, and its exit code at last, negative
for the signal that ended it.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import tempfile
import traceback
from typing import Any

import pytest

from skyclust.orchestration.runs import ENTRYPOINTS, run_here
from tests.drills.crossings import Crossings, watch
from tests.flows.memory import quick_polls

POLL_SECONDS = 0.2
"""Between two looks at a sandbox cloud, whose machines take as long to change."""

LOADED = (
    "boto3",
    "google.cloud.compute_v1",
    "azure.identity",
    "azure.mgmt.compute",
    "azure.mgmt.network",
    "openstack",
    "proxmoxer",
)


def main() -> None:
    for entrypoint in ENTRYPOINTS.values():
        importlib.import_module(entrypoint.rpartition(".")[0])
    for sdk in LOADED:
        importlib.import_module(sdk)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            run(json.loads(line))
        say(pid)
        say_end(pid)


def say(what: object) -> None:
    print(what, flush=True)


def say_end(pid: int) -> None:
    """Wait until the process ends, and say so; say too when it is stopped."""
    while True:
        _, status = os.waitpid(pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            say(os.waitstatus_to_exitcode(status))
            return
        say("stopped")


def run(order: dict[str, Any]) -> None:
    """Run the flow of an order, and end this process with 0 where it succeeded."""
    code = 2
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for target, source in enumerate((nothing, output, output)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(order["environment"])
        tempfile.tempdir = None  # that of the parent, which has another TMPDIR
        quick_polls(pytest.MonkeyPatch(), seconds=POLL_SECONDS)
        kill = signal.Signals[order["signal"]]
        watch(order["crossings_at"], Crossings(order["log"], order["kill_at"], kill))
        outcome = run_here(order["flow"], order["parameters"])
        print(outcome.state_name, outcome.message)
        code = 0 if outcome.succeeded else 1
    except Exception:
        traceback.print_exc()
    sys.exit(code)


if __name__ == "__main__":
    main()
