"""Commands of other packages: each entry point of the group `skyclust.commands` is a noun.

The sandbox adds its commands so, and any distribution may. The command line works on when one of
them cannot be loaded: that noun alone says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

from skyclust.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

GROUP: Final = "skyclust.commands"


class GroupWithAddedCommands(TyperGroup):
    """A command line that looks for added nouns when help or no command of its own is wanted.

    An entry point whose name the command line has already adds nothing: an installed package
    must not replace a command of ours.
    """

    _looked = False

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command; None when neither we nor an installed package has it."""
        if cmd_name not in self.commands:
            self._add_commands()
        return super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of ours, then those of installed packages, sorted."""
        self._add_commands()
        return super().list_commands(ctx)

    def _add_commands(self) -> None:
        if self._looked:
            return
        self._looked = True
        for entry in sorted(installed_commands(), key=lambda entry: entry.name):
            if entry.name not in self.commands:
                self.add_command(_command(entry), entry.name)


def installed_commands() -> Iterable[EntryPoint]:
    """Return the entry points of the group."""
    # Not above: it takes a while to import, and a command of ours does without.
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def _command(entry: EntryPoint) -> Any:
    """Return the noun of an entry point; in place of a broken one a command that says why."""
    try:
        return as_group(_loaded(entry), entry.name)
    except Exception as error:  # another package's module may fail in any way
        return _broken(entry, f"{type(error).__name__}: {error}")


def as_group(app: typer.Typer, name: str, **options: Any) -> Any:
    """Return the commands of an app as a noun of this name; `options` as `add_typer` takes them.

    Their help is plain text: the boxes of `rich` take longer to draw than a list takes to read.
    """
    line = typer.Typer(rich_markup_mode=None, add_completion=False)
    line.add_typer(app, name=name, **options)
    return get_group(line).commands[name]


def _loaded(entry: EntryPoint) -> typer.Typer:
    loaded = entry.load()
    if not isinstance(loaded, typer.Typer):
        raise TypeError(f"{entry.value} is not a typer.Typer")
    return loaded


def _broken(entry: EntryPoint, problem: str) -> Any:
    """Return a command in place of the noun, whose every use raises ConfigurationError."""
    owner = entry.dist.name if entry.dist else "an unknown distribution"
    app = typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False)

    @app.command(
        entry.name,
        help=f"Cannot be loaded from {owner}.",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )
    def refuse() -> None:
        raise ConfigurationError(
            f"The commands of `skyclust {entry.name}` cannot be loaded from {owner}: {problem}",
            hint=f"Install or remove {owner}.",
        )

    return get_command(app)
