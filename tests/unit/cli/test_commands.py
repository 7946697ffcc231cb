"""What holds for every command."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.docs.commands import Command, commands


def _options(command: Command) -> set[str]:
    return {name for parameter in command.parameters for name in parameter.names}


def test_every_command_takes_a_workspace() -> None:
    without = [one.name for one in commands() if "--workspace" not in _options(one)]
    assert without == []


def test_every_list_and_every_status_can_be_json() -> None:
    lists = {"list", "changes", "scopes", "status", "show", "verify", "types", "images"}
    without = [
        one.name for one in commands() if one.words[-1] in lists and "--json" not in _options(one)
    ]
    assert without == []


def test_every_command_says_what_it_does() -> None:
    silent = [
        one.name
        for one in commands()
        if not one.help.endswith(".") or not all(each.help for each in one.parameters)
    ]
    assert silent == []


def test_the_commands_that_are_promised_are_there() -> None:
    promised = {
        "up", "down", "status",
        "sandbox up", "sandbox down",
        "provider list", "provider show",
        "credential add", "credential list", "credential verify", "credential remove",
        "inventory sync", "inventory list", "inventory changes", "inventory scopes",
        "inventory prune",
        "instance create", "instance list", "instance show", "instance start", "instance stop",
        "instance reboot", "instance resize", "instance delete",
        "instance tag", "instance console",
        "snapshot create", "snapshot list", "snapshot restore", "snapshot delete",
        "disk attach", "disk detach",
        "catalog types", "catalog images",
        "operation list", "operation show", "operation recover",
        "audit list", "audit verify",
        "key rotate",
        "workspace add", "workspace list",
    }  # fmt: skip
    assert promised <= {" ".join(one.words) for one in commands()}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["inventory", "list", "--kind", "spaceship"], "'spaceship' is not one of"),
        (["inventory", "list", "--as-of", "tomorrow"], "--as-of: 'tomorrow' is no time."),
        (["inventory", "list", "--tag", "env"], "--tag: 'env' is not KEY=VALUE."),
        (["inventory", "list", "-w", "Not A Slug"], "is no workspace id"),
        (["instance", "delete", "web"], "Confirm it with --yes."),
        (["instance", "tag", "web", "env"], "tag: 'env' is not KEY=VALUE."),
        (["instance", "tag", "web"], "set-tags needs tags to set or to remove"),
        (["snapshot", "restore", "web", "good"], "Confirm it with --yes."),
        (["snapshot", "delete", "web", "good"], "Confirm it with --yes."),
        (["inventory", "list", "--nonsense"], "No such option"),
    ],
)
def test_wrong_input_ends_with_2_and_says_what_is_wrong(
    skyclust_home: object, arguments: list[str], said: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "skyclust.cli.main", *arguments],
        env=os.environ | {"COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stdout == ""
