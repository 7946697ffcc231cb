"""`skyclust`: one command group a noun, and the one place where errors become exit codes.

A command module imports only what its help needs. What a command itself needs (the store,
Prefect, a cloud's SDK) it imports when it runs, so that help and lists answer at once.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from skyclust import __version__
from skyclust.cli import installation, ui
from skyclust.cli.exits import ExitCode, exit_code
from skyclust.cli.nouns import Program
from skyclust.cli.output import printable, report_error
from skyclust.cli.server import close_home_folder, use_embedded_server
from skyclust.errors import InvalidRequest, SkyClustError
from skyclust.file_modes import keep_files_private
from skyclust.redaction import redact

app = typer.Typer(
    name="skyclust",
    cls=Program,
    help="Manage virtual machines and their inventory over many clouds.",
    no_args_is_help=True,
    # Help as plain text: the boxes of `rich` take longer to draw than a list takes to read.
    rich_markup_mode=None,
    # Its tracebacks show local variables, and those may hold secrets.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("up")(installation.up)
app.command("down")(installation.down)
app.command("status")(installation.status)
app.command("ui")(ui.ui)

INSTALLATION_COMMANDS: Final = frozenset({"up", "down", "status", "ui"})
"""They manage the embedded server; every other command uses it."""


OBJECTS_BEFORE_COLLECTION: Final = 50_000

HELP: Final = frozenset({"--help", "-h"})
"""Help looks at no home, so that a home that is refused leaves it to read."""


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Manage virtual machines and their inventory over many clouds."""
    if not HELP & set(sys.argv):
        close_home_folder()
    if context.invoked_subcommand not in INSTALLATION_COMMANDS:
        use_embedded_server()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code; `arguments` are the process's own by default."""
    # Modules are most of what a command makes, and none of it is garbage: by default (700) a
    # list spends a tenth of its time looking for some.
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)
    keep_files_private()
    _open_closed_streams()
    try:
        _refuse_undecodable(sys.argv[1:] if arguments is None else arguments)
        app(args=arguments)
    except SkyClustError as error:
        report_error(error)
        sys.exit(exit_code(error))
    except Exception:  # a bug: shown in full, but for secrets and for what steers a terminal
        _report_bug(traceback.format_exc())
        sys.exit(ExitCode.FAILED)


def _open_closed_streams() -> None:
    """Let what is written into a stream that the shell has closed (`>&-`) go nowhere."""
    # Python leaves None in place of such a stream.
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  open for as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  likewise


def _refuse_undecodable(arguments: Sequence[str]) -> None:
    """Raise InvalidRequest for an argument that is no text in the locale's encoding (PEP 383)."""
    for argument in arguments:
        if not argument.isascii() and any("\ud800" <= each <= "\udfff" for each in argument):
            shown = argument.encode("utf-8", "backslashreplace").decode()
            raise InvalidRequest(
                f"{shown!r} is no text in the encoding of this locale.",
                hint="Write it in UTF-8, and set a locale of UTF-8 (LC_ALL=C.UTF-8).",
            )


def _report_bug(trace: str) -> None:
    sys.stderr.write(printable(redact(trace), keep="\n"))


if __name__ == "__main__":
    main()
