"""Every way in which the project installs something checks what it gets by hash."""

from __future__ import annotations

import re
import shlex
from typing import Final

import pytest

from tests.docs.pages import command_lines
from tests.house.tree import ROOT

CODE: Final = sorted(
    ["Dockerfile", "Makefile", ".ci/run"]
    + [f"scripts/{path.name}" for path in (ROOT / "scripts").iterdir()]
)
INSTALLERS: Final = {"Dockerfile": 3, "scripts/setup": 4, "scripts/test-newest": 2}
"""What installs packages, and in how many commands. A new one is added here, and checked."""


def installs(path: str) -> list[list[str]]:
    """Return the arguments of every `pip install` of a script, with its arrays written out."""
    text = re.sub(r"^\s*#.*$", "", (ROOT / path).read_text(), flags=re.MULTILINE)
    for name, words in re.findall(r"\b(\w+)=\(([^()]*)\)", text):
        text = text.replace(f'"${{{name}[@]}}"', words)
    lines = re.sub(r"\\\n", " ", text)
    commands = re.split(r"\n|&&|\|\|", lines)
    found = re.compile(r"\bpip install\b(.*)")
    calls = [match[1] for one in commands if (match := found.search(one)) and "=(" not in one]
    return [shlex.split(one) for one in calls]


def is_checked(arguments: list[str]) -> bool:
    """Return whether hashes are required, or nothing but the project itself is installed."""
    by_hash = {"--require-hashes", "--no-deps"} <= set(arguments)
    alone = "--no-deps" in arguments and {"--no-build-isolation", "--no-index"} & set(arguments)
    return by_hash or bool(alone)


@pytest.mark.parametrize("path", CODE)
def test_every_install_checks_hashes(path: str) -> None:
    found = installs(path)
    assert len(found) == INSTALLERS.get(path, 0)
    assert not [one for one in found if not is_checked(one)]


def test_no_other_installer_is_used() -> None:
    """Neither a script from the network nor a tool that resolves by itself."""
    other = re.compile(
        r"\b(curl|wget|pipx|uvx|easy_install|npm|conda)\b"
        r"|\b(uv (sync|run|add|tool)|pip (download|wheel))\b"
    )
    assert not [path for path in CODE if other.search((ROOT / path).read_text())]


def test_the_documented_install_of_what_was_tested_checks_hashes() -> None:
    page = ROOT / "docs/how-to/install.md"
    found = [words[2:] for path, words in command_lines() if path == page and words[0] == "pip"]
    *tested, newest = found
    assert len(tested) == 2
    assert all(is_checked(one) for one in tested)
    assert newest == [".[aws,openstack]"]
