"""The demo: a real Prefect server, a worker and a sandbox cloud on this machine, put to work.

`make demo` runs it. On a terminal it stays until Ctrl-C, so that one can look around; with
CHECK=1 or without a terminal it ends by itself. Either way it checks what it claims, and
leaves nothing running.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from deployments.demo_checks import CREDENTIAL, IMAGE, MACHINES, REGION, TYPE, check
from skyclust.embedded import installation
from skyclust.embedded.environment import without_proxy_on_loopback
from skyclust.embedded.processes import log_tail
from skyclust.embedded.runtime import Runtime
from skyclust.errors import SkyClustError
from skyclust.sandbox.processes import start_sandbox, stop_sandbox

COMMAND_SECONDS: Final = 300.0
"""How long one command may take before the demo gives up on it."""

_OTHER_INSTALLATIONS: Final = ("AWS_", "PREFECT_", "SKYCLUST_")
"""Variables with these prefixes are of somebody's real work, and are left out."""


class DemoFailed(Exception):
    """A command of the demo did not end well."""


def main() -> int:
    """Run the demo; return 0 when everything that it claims happened, else 1."""
    stays = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("CHECK", "0") == "0"
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    began = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="skyclust-demo-")).resolve()
    _use_only(home)
    try:
        with _cleaned_up(home):
            runtime = _start(home)
            _work()
            problems = check(home, runtime.ui_url, say=_say)
            if not problems:
                _say(f"\nAll of it happened, in {time.monotonic() - began:.0f} s.")
                _say(f"The Prefect UI: {runtime.ui_url}")
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
    _show("sandbox", "up")
    cloud = start_sandbox(home)["aws"]
    _say(f"The sandbox AWS: {cloud.endpoint}")
    _show("up", "--detach")
    runtime = installation.start(home, say=_say)
    # Commands find the server by themselves; this process imports Prefect to check.
    os.environ["PREFECT_API_URL"] = runtime.api_url
    return runtime


def _work() -> None:
    credential = _run("sandbox", "credential", captured=True)
    _run("credential", "add", CREDENTIAL, "--provider", "aws", "--from-file", "-", given=credential)
    _run("inventory", "sync")
    place = ["--credential", CREDENTIAL, "--region", REGION]
    machine = [
        "--type",
        TYPE,
        "--image",
        IMAGE,
        "--count",
        str(len(MACHINES)),
        "--tag",
        "team=shop",
    ]
    _run("instance", "create", "web", *place, *machine)
    stopped = next(name for name, state in MACHINES.items() if state == "stopped")
    _run("instance", "stop", stopped)
    _run("inventory", "sync")
    _run("instance", "list", "--region", REGION, "--tag", "team=shop")
    _run("inventory", "scopes", "--region", REGION)
    _run("operation", "list")


def _run(*arguments: str, given: str | None = None, captured: bool = False) -> str:
    """Run one command as people type it; return what it printed, if captured."""
    _show(*arguments)
    command = [sys.executable, "-m", "skyclust.cli.main", *arguments]
    with subprocess.Popen(  # noqa: S603 - our own command line
        command,
        stdin=subprocess.DEVNULL if given is None else subprocess.PIPE,
        stdout=subprocess.PIPE if captured else None,
        text=True,
    ) as process:
        try:
            printed, _ = process.communicate(given, timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise DemoFailed(f"skyclust {shlex.join(arguments)} did not end.") from None
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise DemoFailed(f"skyclust {shlex.join(arguments)} ended with {process.returncode}.")
    return printed or ""


def _stay(home: Path, runtime: Runtime) -> None:
    _say(f"Look around with: export SKYCLUST_HOME={home} PATH={Path(sys.executable).parent}:$PATH")
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
            stop_sandbox(home)


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


def _show(*arguments: str) -> None:
    _say(f"\n$ skyclust {shlex.join(arguments)}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the demo's own output


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
