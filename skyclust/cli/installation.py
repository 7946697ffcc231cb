"""`skyclust up`, `down` and `status`: the embedded installation."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skyclust.cli.columns import list_columns
from skyclust.cli.exits import ExitCode
from skyclust.cli.list_options import without_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AnyWorkspace, AsJson
from skyclust.cli.output import say, show_list
from skyclust.cli.server import given_api_url
from skyclust.cli.ui import where_auth_string_is
from skyclust.errors import SkyClustError

if TYPE_CHECKING:
    from types import FrameType

    from skyclust.embedded.runtime import Runtime


def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once all is up, and leave it running.")
    ] = False,
    reset: Annotated[
        bool,
        typer.Option(
            "--reset", help="Put back what people changed at the server: all as it is declared."
        ),
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=65535,
            help="Port of the Prefect server. Default: where it listened last, at first 4200, and"
            " a free one where that is taken.",
        ),
    ] = None,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
) -> None:
    """Start the Prefect server, a worker and the recovery loop, apply the deployments, and stay.

    Ctrl-C stops all. What runs already is left alone. With PREFECT_API_URL set no server is
    started: deployments are applied to that one.
    """
    from skyclust.cli.steps import Steps
    from skyclust.embedded import installation

    home = _home()
    # A service manager ends a service with SIGTERM: the same way out as Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    was_up = _is_up(home)
    try:
        with Steps() as steps:
            runtime = installation.start(
                home, api_url=given_api_url(), reset=reset, port=port, say=steps
            )
        _welcome(home, runtime, steps.seconds)
        if detach:
            return
        say("Ctrl-C stops it.")
        ended = installation.watch(home, runtime)
    except KeyboardInterrupt:
        if not (detach and was_up):
            _stop(home)
        raise typer.Exit(ExitCode.INTERRUPTED if detach else ExitCode.DONE) from None
    except SkyClustError:
        if not was_up:
            _stop(home)
        raise
    if ended != "stopped":
        say(ended, style="red")
        _stop(home)
        raise typer.Exit(ExitCode.FAILED)


def down(workspace: AnyWorkspace = DEFAULT_WORKSPACE) -> None:
    """Stop what `skyclust up` started: the Prefect server, the worker, the recovery loop."""
    if not _stop(_home()):
        say("Nothing was running.")


def status(workspace: AnyWorkspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """Show what runs, and whether what must happen by itself does; exit code 7 when not.

    That is: each schedule has its next run planned, no run is late, every run that was taken has
    begun, events are stored and automations react to them, nothing is paused, a worker listens,
    the encryption key is there, and recovery works. What cannot be checked is not healthy.
    Operations that are open are counted, and those that need attention named; they change no exit
    code.
    """
    from dataclasses import asdict

    from skyclust.embedded.status import status as status_of

    rows = status_of(_home(), api_url=given_api_url())
    columns = list_columns(
        "part", "state", "address", "detail", "pid", priorities={"detail": 2, "address": 3}
    )
    show_list(
        [asdict(row) for row in rows],
        columns,
        without_options(as_json=as_json),
        title="Installation",
    )
    if all(row.healthy for row in rows):
        return
    for row in rows:
        if row.detail and not row.healthy and not as_json:
            # In full: a table cuts it where the terminal is narrow.
            say(f"{row.part}: {row.detail}", style="yellow")
    if any(row.state in {"stopped", "dead", "silent", "stranger"} for row in rows):
        say("Start what does not run: `skyclust up --detach`.", style="yellow")
    raise typer.Exit(ExitCode.UNREACHABLE)


def _stop(home: Path) -> bool:
    from skyclust.embedded import installation

    ended = installation.stop(home)
    if ended:
        say(f"Stopped: {', '.join(ended)}.")
    return bool(ended)


def _is_up(home: Path) -> bool:
    from skyclust.embedded.processes import is_alive
    from skyclust.embedded.runtime import read_runtime

    runtime = read_runtime(home)
    return runtime is not None and all(is_alive(one) for one in runtime.processes.values())


def _welcome(home: Path, runtime: Runtime, seconds: float) -> None:
    from skyclust.embedded.auth import auth_of
    from skyclust.embedded.prefect_api import authorised
    from skyclust.embedded.run_obstacles import paused_anywhere
    from skyclust.embedded.worker import WORK_POOL

    say(f"SkyClust is up: {runtime.ui_url} ({seconds:.0f} s)", style="green")
    auth = auth_of(home, runtime)
    if auth is not None:
        say(where_auth_string_is(home))
    say(f"Home folder: {home}   logs: {home / 'logs'}")
    with authorised(auth):
        waiting = paused_anywhere(runtime.api_url, WORK_POOL)
    for sentence in waiting:
        say(f"Runs will wait. {sentence}", style="yellow")
    _say_next()


def _say_next() -> None:
    """Say the next step of an installation that is new; one in use needs none."""
    from skyclust.store.engine import open_store
    from skyclust.store.first_use import first_use

    with open_store().reading() as connection:
        use = first_use(connection)
    if not use.has_credentials:
        say(
            "Next: add a cloud account with `skyclust credential add`. To try it without one:"
            " `skyclust sandbox up`, then `skyclust sandbox connect`."
        )
    elif not use.has_scopes:
        say("Next: `skyclust inventory sync` reads what exists.")


def _home() -> Path:
    from skyclust.settings import load_settings

    return load_settings().home.absolute()


def _interrupt(number: int, frame: FrameType | None) -> None:
    # One signal is enough: a second one must not break off the stopping.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt
