"""`skyclust ui`: where the Prefect UI is, and what it asks for."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from skyclust.cli.options import DEFAULT_WORKSPACE, AnyWorkspace, AsJson
from skyclust.cli.output import say, show_record
from skyclust.cli.server import START_ONE, given_api_url
from skyclust.errors import InvalidRequest, NotFound, Unavailable
from skyclust.security import auth_string

VARIABLE = "PREFECT_API_AUTH_STRING"


def ui(
    print_auth_string: Annotated[
        bool,
        typer.Option("--print-auth-string", help="Print what the UI asks for, and nothing else."),
    ] = False,
    copy: Annotated[
        bool,
        typer.Option(
            "--copy", help="Put it into the clipboard, by way of a terminal that can (OSC 52)."
        ),
    ] = False,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Show the address of the Prefect UI, and where the auth string is that it asks for once.

    Whoever has the auth string runs code as you: it is for nobody else.
    """
    from skyclust.embedded.runtime import read_runtime
    from skyclust.orchestration.run_views import runs_url

    home = _home()
    runtime = read_runtime(home)
    own = runtime is not None and runtime.server is not None
    api_url = runtime.api_url if runtime is not None else given_api_url()
    if api_url is None:
        raise Unavailable("No Prefect server is running.", hint=START_ONE)
    if print_auth_string or copy:
        _hand_out(_auth_string(home, own=own), copy=copy)
        return
    if own:
        _auth_string(home, own=own)  # a file that is not there is not named
    where = str(auth_string.path_in(home)) if own else VARIABLE
    address = api_url.removesuffix("/api")
    record = {"address": address, "runs": runs_url(address), "auth_string": where}
    show_record(record, as_json=as_json, title="Prefect UI")
    if not as_json:
        say("`skyclust ui --copy` copies the auth string, `--print-auth-string` prints it.")


def where_auth_string_is(home: Path) -> str:
    """Return the sentence that tells what the UI asks for."""
    return (
        f"The UI asks once for the auth string: it is in {auth_string.path_in(home)};"
        " `skyclust ui --copy` copies it, `skyclust ui --print-auth-string` prints it."
    )


def _auth_string(home: Path, *, own: bool) -> str:
    found = auth_string.read(home) if own else os.environ.get(VARIABLE)
    if not found:
        where = auth_string.path_in(home) if own else VARIABLE
        raise NotFound(
            f"There is no auth string in {where}.",
            hint="`skyclust up --detach` makes one for the embedded server; of another one its"
            " operator knows it.",
        )
    return found


def _hand_out(found: str, *, copy: bool) -> None:
    if not copy:
        sys.stdout.write(f"{found}\n")
        return
    if not sys.stdout.isatty():
        raise InvalidRequest(
            "There is no terminal to copy with.", hint="Use --print-auth-string for a pipe."
        )
    # https://invisible-island.net/xterm/ctlseqs/ctlseqs.html, Operating System Commands, 52
    sys.stdout.write(f"\033]52;c;{base64.b64encode(found.encode()).decode('ascii')}\a")
    sys.stdout.flush()
    say("The auth string is in the clipboard, where the terminal allows it.")


def _home() -> Path:
    from skyclust.settings import load_settings

    return load_settings().home.absolute()
