"""Commands of other packages: each entry point of the group `skyclust.commands` is a noun.

The sandbox adds its commands so, and any distribution may. The command line works on when one of
them cannot be loaded: that noun alone says why.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Final

import typer

from skyclust.errors import ConfigurationError

GROUP: Final = "skyclust.commands"


def add_installed_commands(app: typer.Typer) -> None:
    """Add the noun of every entry point of the group, sorted by name.

    An entry point whose name the command line has already adds nothing: an installed package
    must not replace a command of ours.
    """
    own = {group.name for group in app.registered_groups}
    own |= {command.name for command in app.registered_commands}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        if entry.name not in own:
            own.add(entry.name)
            app.add_typer(_loaded(entry), name=entry.name)


def _loaded(entry: EntryPoint) -> typer.Typer:
    try:
        loaded = entry.load()
    except Exception as error:  # another package's module may fail in any way
        return _broken(entry, f"{type(error).__name__}: {error}")
    if not isinstance(loaded, typer.Typer):
        return _broken(entry, "it is no typer.Typer")
    return loaded


def _broken(entry: EntryPoint, problem: str) -> typer.Typer:
    """Return a noun whose every use raises ConfigurationError with the problem."""
    owner = entry.dist.name if entry.dist else "an unknown distribution"
    broken = typer.Typer(
        help=f"Cannot be loaded from {owner}.",
        invoke_without_command=True,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )

    @broken.callback()
    def refuse() -> None:
        raise ConfigurationError(
            f"The commands of `skyclust {entry.name}` cannot be loaded from {owner}: {problem}",
            hint=f"Install or remove {owner}.",
        )

    return broken
