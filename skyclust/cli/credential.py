"""`skyclust credential`: the cloud accounts of a workspace."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skyclust.cli import completion
from skyclust.cli.allowed_endpoints import with_permission
from skyclust.cli.columns import list_columns
from skyclust.cli.exits import ExitCode
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AsJson, Workspace, Yes
from skyclust.cli.output import say, show_list, show_record
from skyclust.cli.server import require_server
from skyclust.errors import InvalidRequest, SkyClustError
from skyclust.model.operation import OperationState
from skyclust.redaction import redact

if TYPE_CHECKING:
    from skyclust.model.identity import Identity
    from skyclust.model.workspace import CredentialRecord
    from skyclust.store.engine import Store

app = typer.Typer(no_args_is_help=True)

COLUMNS = ("name", "provider", "account", "principal", "verified_at", "block_name", "created_at")

Name = Annotated[
    str, typer.Argument(help="Name of the credential.", autocompletion=completion.credentials)
]


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Lowercase letters, digits and dashes.")],
    *,
    provider: Annotated[
        str,
        typer.Option(
            "--provider",
            "-p",
            help="See `provider list`.",
            autocompletion=completion.providers,
        ),
    ],
    from_file: Annotated[
        str,
        typer.Option(help="JSON or YAML file with the provider's fields; - reads standard input."),
    ],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put new values in the place of its own.")
    ] = False,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Save it without asking the cloud about it.")
    ] = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Verify a credential at its cloud and add it; its secrets are sealed before they are sent.

    One that the cloud refuses is not saved. One whose cloud does not answer now is saved, with
    exit code 3.
    """
    values = _read_object(from_file)
    require_server()
    if no_verify:
        record, problem = _saved(workspace, name, provider, values, replace=replace), None
    else:
        record, problem = _verified(workspace, name, provider, values, replace=replace)
    shown = record.model_dump(mode="json", include=set(COLUMNS))
    if problem is not None:
        shown["problem"] = redact(problem.message)
    show_record(shown, as_json=as_json)
    where = "" if workspace == DEFAULT_WORKSPACE else f" -w {workspace}"
    if problem is not None:
        say(f"Saved, but not verified: {redact(str(problem))}", style="yellow")
        raise typer.Exit(ExitCode.PARTIAL)
    if no_verify:
        say(f"It is not verified; `skyclust credential verify {name}{where}` does that.")
    say(f"Next: skyclust inventory sync -c {name}{where}")


def _saved(
    workspace: str, name: str, provider: str, values: Mapping[str, object], *, replace: bool
) -> CredentialRecord:
    """Save a credential without asking its cloud about it, and return its record."""
    from skyclust.orchestration.credentials import save_credential
    from skyclust.store.engine import open_store

    store = open_store()
    return with_permission(
        lambda: save_credential(store, workspace, name, provider, values, replace=replace)
    )


def _verified(
    workspace: str, name: str, provider: str, values: Mapping[str, object], *, replace: bool
) -> tuple[CredentialRecord, SkyClustError | None]:
    """Save a credential that its cloud does not refuse; return what kept it from being verified."""
    from skyclust.orchestration.credential_verification import VERIFY_SECONDS, add_verified
    from skyclust.store.engine import open_store

    store = open_store()
    say(f"Verifying {name!r} at {provider}; this takes at most {VERIFY_SECONDS:.0f} s.")
    added = with_permission(
        lambda: add_verified(store, workspace, name, provider, values, replace=replace)
    )
    return added.record, added.problem


@app.command("list")
@with_list_options()
def list_all(options: ListOptions, workspace: Workspace = DEFAULT_WORKSPACE) -> None:
    """List the credentials; secrets are never shown."""
    from skyclust.store import credentials, workspaces
    from skyclust.store.engine import open_store

    with open_store().reading() as connection:
        workspaces.get(connection, workspace)
        found = credentials.list_all(connection, workspace)
    rows = [record.model_dump(include=set(COLUMNS)) for record in found]
    columns = list_columns(*COLUMNS[:5], wide=COLUMNS[5:])
    show_list(rows, columns, options, title="Credentials")


@app.command()
def verify(name: Name, workspace: Workspace = DEFAULT_WORKSPACE, as_json: AsJson = False) -> None:
    """Ask the cloud who the credential is and which needed permissions it lacks."""
    require_server()
    from skyclust.cli.steps import Steps
    from skyclust.orchestration.credential_verification import verify_credential
    from skyclust.store.engine import open_store

    store = open_store()

    def verify() -> Identity:
        # The question of `with_permission` must not appear while a spinner turns.
        with Steps() as steps:
            steps(f"Verifying the credential {name}")
            return verify_credential(store, workspace, name)

    identity = with_permission(verify)
    show_record(identity.model_dump(mode="json"), as_json=as_json)


@app.command()
def remove(
    name: Name,
    yes: Yes = False,
    workspace: Workspace = DEFAULT_WORKSPACE,
) -> None:
    """Remove a credential and what inventory found by it; the cloud is not touched.

    It is refused while operations of the credential are open. Those that wait for a person do
    not keep it: what they may have left at the cloud is said, and they can be abandoned.
    """
    if not yes:
        typer.confirm(f"Remove credential {name!r} of workspace {workspace!r}?", abort=True)
    require_server()
    from skyclust.orchestration.credentials import remove_credential
    from skyclust.store.engine import open_store

    store = open_store()
    remove_credential(store, workspace, name)
    _tell_what_waits(store, workspace, name)


def _tell_what_waits(store: Store, workspace: str, name: str) -> None:
    """Say which operations of a credential that is gone wait for a person, and for what."""
    from skyclust.operations.queries import what_may_be_left
    from skyclust.store import operations

    with store.reading() as connection:
        waiting = operations.list_all(
            connection, workspace, credential=name, states=[OperationState.NEEDS_ATTENTION]
        )
    for operation in waiting:
        say(f"Operation {operation.id} can only be abandoned now. {what_may_be_left(operation)}")


def _read_object(source: str) -> dict[str, Any]:
    """Return the JSON or YAML object in a file; errors do not repeat what it holds."""
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidRequest(f"{source} cannot be read: {reason}.") from None
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        if text.lstrip().startswith(("{", "[")):
            place = f"line {error.lineno}, column {error.colno}"
            raise InvalidRequest(f"{source} is not JSON: {error.msg} at {place}.") from None
        values = _read_yaml(source, text)
    if not isinstance(values, dict):
        raise InvalidRequest(
            f"{source} holds neither a JSON object nor one of YAML.",
            hint="`skyclust provider show PROVIDER` lists the fields of one.",
        )
    return {str(key): value for key, value in values.items()}


def _read_yaml(source: str, text: str) -> object:
    import yaml  # a tenth of a second, and most files are JSON

    from skyclust.plain_yaml import load_plain_yaml

    try:
        return load_plain_yaml(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InvalidRequest(f"{source} is neither JSON nor YAML{place}.") from None
    except yaml.YAMLError:  # its message would repeat the content
        raise InvalidRequest(f"{source} is neither JSON nor YAML.") from None
