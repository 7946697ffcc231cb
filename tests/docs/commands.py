"""The command line as data, and its reference page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import typer

from skyclust.cli.main import app
from skyclust.cli.nouns import Noun
from tests.docs import defaults


@dataclass(frozen=True)
class Parameter:
    """An argument or an option of a command."""

    names: tuple[str, ...]
    value: str
    help: str
    required: bool
    is_argument: bool
    default: object
    environment: str

    @property
    def row(self) -> str:
        """Return the line of a table about it."""
        names = ", ".join(f"`{name}`" for name in self.names)
        shown = names if self.is_argument or not self.value else f"{names} {self.value}"
        notes = ["Required."] if self.required else []
        if self.default not in (None, False, True, (), [], "") and not self.required:
            notes.append(f"Default: {defaults.shown(self.default)}.")
        if self.environment:
            notes.append(f"Also from `{self.environment}`.")
        text = self.help if not self.help or self.help.endswith((".", "?")) else f"{self.help}."
        return f"| {shown} | {' '.join([text, *notes]).replace('|', chr(92) + '|')} |"


@dataclass(frozen=True)
class Command:
    """One command, by the words one types."""

    words: tuple[str, ...]
    help: str
    parameters: tuple[Parameter, ...]

    @property
    def name(self) -> str:
        """Return the command as one types it."""
        return " ".join(("skyclust", *self.words))

    @property
    def usage(self) -> str:
        """Return the command with its arguments."""
        arguments = [one for one in self.parameters if one.is_argument]
        words = [one.value if one.required else f"[{one.value}]" for one in arguments]
        return " ".join([self.name, *words, "[OPTIONS]"])


def commands() -> list[Command]:
    """Return every command that is not hidden, in the order in which help shows them."""
    return list(_walk(typer.main.get_command(app), ()))


def _walk(command: Any, words: tuple[str, ...]) -> Iterator[Command]:
    if command.hidden:
        return
    if isinstance(command, Noun):
        command = command.whole()
    if not hasattr(command, "list_commands"):
        parameters = tuple(_parameter(one) for one in command.params if not one.hidden)
        yield Command(words, _text(command.help), parameters)
        return
    if words and command.invoke_without_command:
        parameters = tuple(_parameter(one) for one in command.params if not one.hidden)
        yield Command(words, _text(command.help), parameters)
    context = typer.Context(command)
    for name in command.list_commands(context):
        yield from _walk(command.get_command(context, name), (*words, name))


def _parameter(one: Any) -> Parameter:
    is_argument = one.param_type_name == "argument"
    flag = bool(getattr(one, "is_flag", False))
    value = (one.metavar or one.name.upper().replace("_", "-")) + ("..." if one.nargs == -1 else "")
    environment = one.envvar if isinstance(one.envvar, str) else ""
    return Parameter(
        names=(one.name.upper(),) if is_argument else (*one.opts, *one.secondary_opts),
        value="" if flag else value,
        help=_text(one.help),
        required=one.required,
        is_argument=is_argument,
        default=None if callable(one.default) else one.default,
        environment=environment,
    )


def _text(help_text: str | None) -> str:
    """Return a help text on one line."""
    return " ".join((help_text or "").split())


def page() -> str:
    """Return the commands of the reference page, one heading a command."""
    lines: list[str] = []
    group: str | None = None
    for command in commands():
        heading = command.words[0] if len(command.words) > 1 else ""
        if heading != group:
            group = heading
            lines += [f"## `skyclust {heading}`" if heading else "## The installation", ""]
        lines += [f"### `{command.name}`", "", command.help, "", "```", command.usage, "```", ""]
        if command.parameters:
            lines += ["| | |", "| --- | --- |", *(one.row for one in command.parameters), ""]
    return "\n".join(lines)
