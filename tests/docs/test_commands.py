"""Every command that the documentation shows can be typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from skyclust.cli.main import app
from tests.docs import pages
from tests.docs.commands import Command, commands
from tests.house.tree import ROOT, relative

LINES = list(pages.command_lines())
COMMANDS = {command.words: command for command in commands()}
OPTIONS_OF_THE_PROGRAM = {
    option for parameter in get_command(app).params for option in parameter.opts
}
"""Of `skyclust` itself, without a command."""
MAKE_TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
FOREIGN = {
    *("cd", "docker", "echo", "export", "git", "pip", "prefect", "pytest", "python", "shred"),
    *(
        ".",
        "az",
        "azcopy",
        "tar",
        "gcloud",
        "curl",
        "jq",
        "openssl",
        "openstack",
        "pveum",
        "rm",
        "sed",
        "ssh",
        "umask",
    ),
}


def parts(words: list[str]) -> list[list[str]]:
    """Return the commands of a line: between pipes, and without redirections."""
    found: list[list[str]] = [[]]
    for word in words:
        if word in {"|", "&&"}:
            found.append([])
        elif word in {">", "<"}:
            break
        else:
            found[-1].append(word)
    return found


def program(words: list[str]) -> tuple[str, list[str]]:
    """Return the program and its arguments, without variables set before it."""
    if words[:3] == ["docker", "compose", "run"]:
        words = words[words.index("worker") + 1 :]
    while words and re.match(r"[A-Z_]+=", words[0]):
        words = words[1:]
    return (words[0].removeprefix(".venv/bin/"), words[1:]) if words else ("export", [])


def command_of(words: list[str]) -> Command | None:
    for length in (1, 2, 3):
        if tuple(words[:length]) in COMMANDS:
            return COMMANDS[tuple(words[:length])]
    return None


def check_skyclust(arguments: list[str]) -> None:
    if len(arguments) == 1 and arguments[0] in OPTIONS_OF_THE_PROGRAM:
        return
    command = command_of(arguments)
    assert command is not None, f"there is no such command: {' '.join(arguments)}"
    options = {one.partition("=")[0] for one in arguments if re.match(r"--?[a-z]", one)}
    assert options <= {name for one in command.parameters for name in one.names}
    given = len([one for one in arguments if not one.startswith("-")]) - len(command.words)
    required = [one for one in command.parameters if one.is_argument and one.required]
    assert given >= len(required)
    missing = [
        one.names
        for one in command.parameters
        if one.required and not one.is_argument and not options & set(one.names)
    ]
    assert not missing


@pytest.mark.parametrize(
    ("page", "words"), LINES, ids=[f"{relative(page)}:{' '.join(words)}" for page, words in LINES]
)
def test_command_can_be_typed(page: Path, words: list[str]) -> None:
    for name, arguments in map(program, parts(words)):
        if name == "make":
            assert {one for one in arguments if "=" not in one} <= MAKE_TARGETS
        elif name == "skyclust":
            check_skyclust(arguments)
        elif name.startswith("scripts/"):
            assert (ROOT / name).exists()
        else:
            assert name in FOREIGN


def test_the_readme_shows_how_to_start() -> None:
    shown = [program(words) for page, words in LINES if page == ROOT / "README.md"]
    assert shown[:2] == [("make", ["demo"]), ("make", ["test"])]
