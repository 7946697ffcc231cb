"""How the tree is laid out: small files, whole packages, nothing left for later."""

from __future__ import annotations

import re
import tomllib
from typing import Final

from tests.house.tree import PACKAGES, ROOT, files, python_files, relative

LINES: Final = 300


def test_a_file_is_one_idea() -> None:
    lengths = {
        relative(path): len(path.read_text().splitlines())
        for path in python_files(*PACKAGES, "tests", "benchmarks", "supply_chain")
    }
    too_long = {name: lines for name, lines in lengths.items() if lines > LINES}
    assert not too_long


def test_packages_of_tests_are_whole() -> None:
    """A folder without `__init__.py` would make `tests/providers/kubernetes` the SDK's name.

    Those under `tests/plugins` are projects that a test installs.
    """
    folders = {
        parent
        for path in python_files("tests", *PACKAGES)
        if not path.is_relative_to(ROOT / "tests" / "plugins")
        for parent in path.parents
        if parent.is_relative_to(ROOT) and parent != ROOT
    }
    bare = [folder for folder in folders if not (folder / "__init__.py").exists()]
    assert not [relative(one) for one in bare]


def test_nothing_is_left_for_later() -> None:
    mark = re.compile(r"\b(TO[D]O|FIX[M]E|X[X]X)\b")
    found = [
        f"{relative(path)}:{number}"
        for path in files(".py", ".md", ".yml", ".yaml", ".toml", ".sh", "")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if mark.search(line)
    ]
    assert not found


def test_no_path_of_one_machine() -> None:
    path_of_a_person = re.compile(r"(?<![\w.])/(?:root|home/\w+|Users/\w+)/")
    found = [
        f"{relative(path)}:{number}"
        for path in files(".py", ".md", ".yml", ".yaml", ".toml", ".sh", "")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if path_of_a_person.search(line)
    ]
    assert not found


def test_every_ignored_type_error_says_why() -> None:
    bare = re.compile(r"#\s*type:\s*ignore(\[[\w, -]+\])?\s*$")
    found = [
        f"{relative(path)}:{number}"
        for path in python_files(*PACKAGES, "tests", "benchmarks", "supply_chain")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if bare.search(line)
    ]
    assert not found


def test_every_gap_is_a_strict_expectation() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["pytest"]["ini_options"]["xfail_strict"] is True
    found = [
        relative(path)
        for path in python_files("tests")
        if re.search(r"xfail\((?!.*reason)", path.read_text())
        and not re.search(r"xfail\([^)]*reason", path.read_text(), re.DOTALL)
    ]
    assert not found
