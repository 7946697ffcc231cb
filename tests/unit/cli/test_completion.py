"""Completion in the shell: the real protocol of bash, zsh and fish, with names of the store."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from skyclust.cli import completion
from skyclust.store import credentials, resources, workspaces
from skyclust.store.completion import MOST, read_names
from skyclust.store.engine import Store, open_store
from tests.unit.store.inventory import machine
from tests.unit.store.operations import journal_one

HOSTILE = (
    "$(touch PWNED)",
    "`touch PWNED`",
    "a;touch PWNED",
    "-rf",
    "*",
    "a b",
    "'",
    '"',
    "~",
    "\x1b",
)
"""Names that a cloud may hold; a shell that inserts one must not execute or expand it."""

SCRIPT = """
source /dev/stdin <<< "$COMPLETION"
COMP_WORDS=($LINE "")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_skyclust_completion skyclust
printf '%s\\n' "${COMPREPLY[@]}"
for value in "${COMPREPLY[@]}"; do eval "true instance show $value"; done
"""


def fill(store: Store) -> None:
    with store.writing() as connection:
        workspaces.add(connection, "acme")
    with store.writing() as connection:
        credentials.add(connection, "acme", name="theirs", provider="aws", block_name="b")
    with store.writing() as connection:
        credentials.add(connection, "default", name="prod", provider="aws", block_name="b")
        for number, name in enumerate(("web-1", "web-2", "twin", "twin", *HOSTILE)):
            resources.record(
                connection, "default", "prod", machine(str(number), name=name), run_id=None
            )
        gone = machine("gone", name="web-3", state="deleted")
        resources.record(connection, "default", "prod", gone, run_id=None)


@pytest.fixture
def home(migrated_home: Path) -> Path:
    store = open_store(f"sqlite:///{migrated_home / 'skyclust.db'}")
    fill(store)
    store.dispose()
    return migrated_home


def skyclust(home: Path, *arguments: str, **variables: str) -> str:
    done = subprocess.run(
        [Path(sys.executable).with_name("skyclust"), *arguments],
        env={**os.environ, "SKYCLUST_HOME": str(home), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def by_fish(home: Path, line: str) -> list[str]:
    output = skyclust(
        home,
        _SKYCLUST_COMPLETE="complete_fish",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
        _TYPER_COMPLETE_ARGS=line,
    )
    return output.split()


def test_bash_inserts_nothing_that_it_would_execute(home: Path, tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    # Named here: typer would look at the processes above this one for the shell.
    script = skyclust(
        home, "--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1"
    )
    folder = tmp_path / "empty"
    folder.mkdir()
    done = subprocess.run(
        [bash, "--norc", "--noprofile", "-c", SCRIPT],
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(folder),
            "SKYCLUST_HOME": str(home),
            "COMPLETION": script,
            "LINE": "skyclust instance show",
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    values = done.stdout.split("\n")[:-1]
    ids_of_hostile = [f"i-{number}" for number in range(4, 4 + len(HOSTILE))]
    assert sorted(values) == sorted(["web-1", "web-2", "i-2", "i-3", *ids_of_hostile])
    assert list(folder.iterdir()) == []


def test_zsh_gets_quoted_values(home: Path) -> None:
    line = "skyclust instance show web"
    output = skyclust(home, _SKYCLUST_COMPLETE="complete_zsh", _TYPER_COMPLETE_ARGS=line)
    assert output == '_arguments \'*: :(("web-1"\n"web-2"))\'\n'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("skyclust credential add x --provider ", ["aws", "azure", "gcp", "openstack", "proxmox"]),
        ("skyclust instance list --workspace acme --credential ", ["theirs"]),
        ("skyclust inventory list --kind lo", ["load_balancer"]),
        ("skyclust workspace remove ", ["acme", "default"]),
    ],
)
def test_fish_completes_options_and_arguments(home: Path, line: str, expected: list[str]) -> None:
    assert by_fish(home, line) == expected


@pytest.mark.parametrize("missing", ["store", "table"])
def test_a_store_that_cannot_be_read_completes_nothing_and_is_not_made(
    skyclust_home: Path, missing: str
) -> None:
    file = skyclust_home / "skyclust.db"
    if missing == "table":
        file.touch()
    before = sorted(skyclust_home.iterdir())
    assert by_fish(skyclust_home, "skyclust instance show ") == []
    assert sorted(skyclust_home.iterdir()) == before


def test_names_are_read_by_workspace_and_prefix_on_each_engine(
    store: Store, store_url: str
) -> None:
    fill(store)
    operation = journal_one(store, run_id=None)
    with store.writing() as connection:
        for number in range(MOST + 1):
            many = machine(f"m{number}", name=f"many-{number:04}")
            resources.record(connection, "default", "prod", many, run_id=None)

    def names(what: str, prefix: str = "", workspace: str | None = "default") -> list[str]:
        return [row[0] for row in read_names(store_url, what, prefix, workspace)]

    assert names("workspaces", "a", None) == ["acme"]
    assert names("credentials") == ["prod"]
    assert names("credentials", workspace="acme") == ["theirs"]
    assert names("instances", "web") == ["web-1", "web-2"]
    assert names("instance ids", "i-1") == ["i-1", "i-10", "i-11", "i-12", "i-13"]
    assert names("operations") == names("open operations") == [operation.id]
    assert names("states", "run") == ["running"]
    assert names("regions") == names("places") == []
    assert len(names("instances", "many")) == MOST


def test_at_most_so_many_values_are_offered() -> None:
    values = [f"web-{number}" for number in range(2 * completion.MOST)]
    assert completion._fit(values, "web") == values[: completion.MOST]
