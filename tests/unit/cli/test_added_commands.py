"""Commands of other packages: each is a noun of its own, and a broken one spoils no other."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest
import typer
from typer.testing import CliRunner

from skyclust.cli import added_commands
from skyclust.errors import ConfigurationError

good = typer.Typer(help="Says hello.")


@good.command()
def hello() -> None:
    """Say hello."""
    typer.echo("hello")


@good.command()
def goodbye() -> None:
    """Say goodbye."""


own = typer.Typer()


@own.command()
def mine() -> None:
    """Ours."""
    typer.echo("ours")


@own.command()
def other() -> None:
    """Ours as well."""


def line(*entries: EntryPoint, patch: pytest.MonkeyPatch) -> typer.Typer:
    """Return a command line with a noun `own` and these entry points."""
    app = typer.Typer(cls=added_commands.GroupWithAddedCommands, pretty_exceptions_enable=False)
    app.add_typer(own, name="own")
    patch.setattr(added_commands, "installed_commands", lambda: list(entries))
    return app


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, added_commands.GROUP)


def test_a_noun_is_added(monkeypatch: pytest.MonkeyPatch) -> None:
    app = line(entry("greet", f"{__name__}:good"), patch=monkeypatch)
    assert CliRunner().invoke(app, ["greet", "hello"]).output == "hello\n"


@pytest.mark.parametrize("value", ["skyclust.nowhere:app", "skyclust.errors:Conflict"])
def test_a_broken_noun_says_why_and_spoils_no_other(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    app = line(entry("broken", value), entry("greet", f"{__name__}:good"), patch=monkeypatch)
    for arguments in (["broken"], ["broken", "up", "--fast"]):
        outcome = CliRunner().invoke(app, arguments)
        assert isinstance(outcome.exception, ConfigurationError)
        assert "skyclust broken" in str(outcome.exception)
    assert CliRunner().invoke(app, ["greet", "hello"]).output == "hello\n"


def test_no_package_replaces_a_noun_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    app = line(entry("own", f"{__name__}:good"), patch=monkeypatch)
    assert CliRunner().invoke(app, ["own", "mine"]).output == "ours\n"


def test_help_lists_the_nouns_with_their_help(monkeypatch: pytest.MonkeyPatch) -> None:
    app = line(
        entry("broken", "skyclust.nowhere:app"),
        entry("greet", f"{__name__}:good"),
        patch=monkeypatch,
    )
    shown = CliRunner().invoke(app, ["--help"]).output
    assert "Says hello." in shown
    assert "Cannot be loaded from" in shown


def test_a_mistyped_noun_is_suggested(monkeypatch: pytest.MonkeyPatch) -> None:
    app = line(entry("greet", f"{__name__}:good"), patch=monkeypatch)
    assert "'greet'" in CliRunner().invoke(app, ["gret", "hello"]).output
