"""The demo: a real Prefect server, a worker and five sandbox clouds on this machine at work.

`make demo` runs it. On a terminal it stays until Ctrl-C, so that one can look around; with
CHECK=1 or without a terminal it ends by itself. Either way it checks what it claims, and
leaves nothing running.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
from skyclust_sandbox.demo.checks import Belongings, belongings, check
from skyclust_sandbox.demo.command_runner import DemoFailed, run, show, side_by_side
from skyclust_sandbox.demo.instances import EXACT, FULL, NO_ROOM, TAG, create_placed, deletions
from skyclust_sandbox.demo.tables import show_counts, show_journal, show_machines, show_placement
from skyclust_sandbox.processes import CLOUDS, stop_sandbox

_OTHER_INSTALLATIONS: Final = ("AWS_", "PREFECT_", "SKYCLUST_")
"""Variables with these prefixes are of somebody's real work, and are left out."""


def main() -> int:
    """Run the demo; return 0 when everything that it claims happened, else 1."""
    keep_files_private()
    stays = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("CHECK", "0") == "0"
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    began = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="skyclust-demo-")).resolve()
    _use_only(home)
    try:
        with _cleaned_up(home):
            runtime = _start(home)
            before = _work(home)
            problems = check(home, runtime.ui_url, before, say=_say)
            if not problems:
                _say(f"\nAll of it happened, in {time.monotonic() - began:.0f} s.")
                _say(f"The Prefect UI: {runtime.ui_url}")
                _say(f"It asks once for the auth string: it is in {path_in(home)}")
                if stays:
                    _stay(home, runtime)
    except KeyboardInterrupt:
        return 130
    except (DemoFailed, SkyClustError) as error:
        problems = [str(error)]
    if problems:
        _report(home, problems)
        return 1
    shutil.rmtree(home, ignore_errors=True)
    return 0


def _start(home: Path) -> Runtime:
    _say("Five clouds on this machine, a Prefect server and a worker")
    run("sandbox", "up", say=_say)
    show(["up", "--detach"], say=_say)
    runtime = installation.start(home, say=_say)
    _say(f"The Prefect UI: {runtime.ui_url}, with the auth string in {path_in(home)}")
    # Commands find the server by themselves; this process imports Prefect to check.
    os.environ["PREFECT_API_URL"] = runtime.api_url
    os.environ["PREFECT_API_AUTH_STRING"] = auth_of(home, runtime) or ""
    return runtime


def _work(home: Path) -> Mapping[str, Belongings]:
    """Do what the demo shows; return what the clouds had before the first machine was made."""
    logs = home / "logs"
    _say("\nAll of it in one inventory")
    side_by_side([("sandbox", "connect")], logs, say=_say)
    side_by_side([("inventory", "sync")], logs, say=_say)
    before = belongings(home)
    show_counts()

    _say(
        f"\nA machine on each cloud, one of them wherever there is room: {' '.join(FULL)} has none"
    )
    side_by_side([("sandbox", "fault", "add", *NO_ROOM)], logs, say=_say)
    side_by_side([*(one.create() for one in EXACT), create_placed()], logs, say=_say)
    show_placement()
    show_machines(TAG)

    _say("\nAnd gone again")
    side_by_side(deletions(), logs, say=_say)
    show_journal()
    return before


def _stay(home: Path, runtime: Runtime) -> None:
    _say(f"Look around with: export SKYCLUST_HOME={home} PATH={Path(sys.executable).parent}:$PATH")
    _say("There `skyclust ui --print-auth-string` prints what the UI asks for.")
    _say("Ctrl-C ends the demo and removes all of it.")
    try:
        ended = installation.watch(home, runtime)
    except KeyboardInterrupt:
        return
    if ended != "stopped":
        raise DemoFailed(ended)


@contextmanager
def _cleaned_up(home: Path) -> Iterator[None]:
    try:
        yield
    finally:
        # A second Ctrl-C must not leave half of it running.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _say("\nStopping the worker, the server and the sandbox")
        try:
            installation.stop(home)
        finally:
            stop_sandbox(home, list(CLOUDS))


def _use_only(home: Path) -> None:
    """Leave nothing in the environment that could lead the demo to a real installation."""
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
