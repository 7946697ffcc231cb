"""Run the demo: a Prefect server, a worker and five sandbox clouds on this computer.

`make demo` runs it. On a terminal it stays until Ctrl-C, so that people can look around. Without a
terminal, and with CHECK=1, it ends by itself. Either way it leaves no process running, unless
KEEP=1 asks for that. It checks its results.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Final

from skyclust.embedded import installation
from skyclust.embedded.auth import auth_of
from skyclust.embedded.environment import without_proxy_on_loopback
from skyclust.embedded.processes import log_tail
from skyclust.embedded.runtime import Runtime
from skyclust.errors import SkyClustError
from skyclust.file_modes import keep_files_private
from skyclust.security.auth_string import path_in
from skyclust_sandbox.demo.checks import CloudResources, check, cloud_resources
from skyclust_sandbox.demo.command_runner import DemoFailed, run, run_in_parallel, show
from skyclust_sandbox.demo.costs import collect_command, report_command, show_costs
from skyclust_sandbox.demo.instances import (
    EXACT,
    FULL,
    NO_CAPACITY,
    TAG,
    create_placed_command,
    delete_commands,
)
from skyclust_sandbox.demo.options import Ending, ending_of
from skyclust_sandbox.demo.tables import show_counts, show_instances, show_journal, show_placement
from skyclust_sandbox.processes import CLOUDS, stop_sandbox

_OTHER_INSTALLATIONS: Final = ("AWS_", "PREFECT_", "SKYCLUST_")
"""Prefixes of variables that configure real installations; the demo removes these variables."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns 0 when all checks pass, else 1."""
    ending = ending_of(arguments, os.environ, on_terminal=_on_terminal())
    keep_files_private()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    home = Path(tempfile.mkdtemp(prefix="skyclust-demo-")).resolve()
    _use_only(home)
    try:
        with ExitStack() as stack:
            stack.callback(_clean_up, home)
            problems = _run(home, ending)
            if ending is Ending.KEEP and not problems:
                stack.pop_all()
                return 0
    except KeyboardInterrupt:
        return 130
    except (DemoFailed, SkyClustError) as error:
        problems = [str(error)]
    if problems:
        _report(home, problems)
        return 1
    shutil.rmtree(home, ignore_errors=True)
    if ending is Ending.LEAVE:
        _say("To keep the Prefect UI and the clouds for a look around: KEEP=1 make demo")
    return 0


def _run(home: Path, ending: Ending) -> list[str]:
    """Run the commands and the checks, and show how to look around; returns the problems."""
    began = time.monotonic()
    runtime = _start(home)
    before = _work(home)
    problems = check(home, runtime.ui_url, before, say=_say)
    if problems:
        return problems
    _say(f"\nAll checks passed, in {time.monotonic() - began:.0f} s.")
    _say(f"The Prefect UI: {runtime.ui_url}")
    _say(f"It asks once for the auth string: it is in {path_in(home)}")
    if ending is Ending.STAY:
        _stay(home, runtime)
    elif ending is Ending.KEEP:
        _keep(home)
    return []


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _start(home: Path) -> Runtime:
    _say("Five clouds on this computer, a Prefect server and a worker; it takes some minutes")
    run("sandbox", "up", say=_say)
    show(["up", "--detach"], say=_say)
    runtime = installation.start(home, say=_say)
    _say(f"The Prefect UI: {runtime.ui_url}, with the auth string in {path_in(home)}")
    # Commands find the server by themselves; this process calls Prefect in its checks.
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["PREFECT_API_URL"] = runtime.api_url
    os.environ["PREFECT_API_AUTH_STRING"] = auth_of(home, runtime) or ""
    return runtime


def _work(home: Path) -> Mapping[str, CloudResources]:
    """Run the commands of the demo.

    Returns the resources of the clouds before the first creation.
    """
    logs = home / "logs"
    _say("\nAll resources in one inventory")
    run_in_parallel([("sandbox", "connect")], logs, say=_say)
    run_in_parallel([("inventory", "sync")], logs, say=_say)
    before = cloud_resources(home)
    show_counts()

    _say(f"\nAn instance on each cloud, one of them placed: {' '.join(FULL)} has no capacity")
    run_in_parallel([("sandbox", "fault", "add", *NO_CAPACITY)], logs, say=_say)
    run_in_parallel(
        [*(instance.create_command() for instance in EXACT), create_placed_command()],
        logs,
        say=_say,
    )
    show_placement()
    show_instances(TAG)

    _say("\nDelete them again")
    run_in_parallel(delete_commands(), logs, say=_say)
    show_journal()

    _say("\nWhat all of it costs, from the bill of each cloud")
    run_in_parallel([collect_command()], logs, say=_say)
    show_costs()
    run(*report_command(home), say=_say)
    return before


def _stay(home: Path, runtime: Runtime) -> None:
    _look_around(home)
    _say("Ctrl-C ends the demo and removes all of it.")
    try:
        ended = installation.watch(home, runtime)
    except KeyboardInterrupt:
        return
    if ended != "stopped":
        raise DemoFailed(ended)


def _keep(home: Path) -> None:
    _look_around(home)
    _say("All of it keeps running. To end it and to remove it, in that shell:")
    _say(f"  skyclust down; skyclust sandbox down; rm -r {shlex.quote(str(home))}")


def _look_around(home: Path) -> None:
    folder = Path(sys.executable).parent
    _say(f"Look around with: export SKYCLUST_HOME={home} PATH={folder}:$PATH")
    _say("There `skyclust ui --print-auth-string` prints what the UI asks for.")


def _clean_up(home: Path) -> None:
    # A second Ctrl-C must not interrupt it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _say("\nStopping the worker, the server and the sandbox")
    try:
        installation.stop(home)
    finally:
        stop_sandbox(home, list(CLOUDS))


def _use_only(home: Path) -> None:
    """Remove everything from the environment that could lead the demo to a real installation."""
    for name in list(os.environ):
        if name.startswith(_OTHER_INSTALLATIONS):
            del os.environ[name]
    os.environ["SKYCLUST_HOME"] = str(home)
    os.environ.update(without_proxy_on_loopback(os.environ))


def _report(home: Path, problems: list[str]) -> None:
    sys.stdout.flush()
    for problem in problems:
        sys.stderr.write(f"demo: {problem}\n")
    for log in sorted((home / "logs").glob("*.log")):
        sys.stderr.write(f"\nThe end of {log}:\n{log_tail(log)}\n")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the demo's own output


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
