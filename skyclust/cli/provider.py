"""`skyclust provider`: the clouds that this installation can work with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skyclust.cli import completion
from skyclust.cli.columns import list_columns
from skyclust.cli.list_options import ListOptions, with_list_options
from skyclust.cli.options import DEFAULT_WORKSPACE, AnyWorkspace, AsJson
from skyclust.cli.output import show_list, show_record

if TYPE_CHECKING:
    from skyclust.contract import CredentialModel, Provider

COLUMNS: Final = list_columns("name", "title", "problem", "capabilities", wide=("distribution",))

app = typer.Typer(no_args_is_help=True)


@app.command("list")
@with_list_options()
def list_all(options: ListOptions, workspace: AnyWorkspace = DEFAULT_WORKSPACE) -> None:
    """List the installed providers and why one cannot be used."""
    from skyclust.registry import provider_class, providers

    rows: list[dict[str, Any]] = []
    for entry in providers():
        cls = None if entry.problem else provider_class(entry.name)
        rows.append(
            {
                "name": entry.name,
                "title": cls.title if cls else "",
                "capabilities": _capabilities(cls) if cls else [],
                "distribution": entry.distribution,
                "problem": entry.problem,
            }
        )
    show_list(rows, COLUMNS, options, title="Providers")


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="Name of the provider.", autocompletion=completion.providers)
    ],
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Show the fields of a provider's credential; with --json, its JSON schema."""
    from skyclust.registry import provider_class

    cls = provider_class(name)
    if as_json:
        show_record(cls.credential_model.model_json_schema(), as_json=True)
        return
    title = f"Credential of {cls.title} ({', '.join(_capabilities(cls))})"
    columns = ("field", "required", "secret", "description")
    show_list(_fields(cls.credential_model), columns, ListOptions(), title=title)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the provider: lowercase, `nimbus`.")],
    directory: Annotated[
        Path | None, typer.Option(help="A new folder. Default: skyclust-NAME here.")
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="The name people read. Default: NAME, capitalized.")
    ] = None,
    workspace: AnyWorkspace = DEFAULT_WORKSPACE,
    as_json: AsJson = False,
) -> None:
    """Write the package of a provider for another cloud, its conformance test wired."""
    from skyclust.scaffolding.provider_package import write_provider_package

    folder = directory or Path(f"skyclust-{name}")
    written = write_provider_package(name, folder, title=title)
    if as_json:
        files = [str(path.relative_to(folder)) for path in written]
        show_record({"provider": name, "directory": str(folder), "files": files}, as_json=True)
        return
    typer.echo(f"Wrote {len(written)} files to {folder}. Next:")
    typer.echo(f"  cd {folder} && pip install -e '.[dev]' && pytest")


def _capabilities(cls: type[Provider]) -> list[str]:
    """Return what the provider can do, in words: `account inventory`, `compute`."""
    from skyclust.registry import abilities, ability_words

    return [ability_words(one) for one in abilities(cls)]


def _fields(model: type[CredentialModel]) -> list[dict[str, Any]]:
    from skyclust.security.fields import secret_fields

    secret = secret_fields(model)
    return [
        {
            "field": name,
            "required": info.is_required(),
            "secret": name in secret,
            "description": info.description or "",
        }
        for name, info in model.model_fields.items()
    ]
