"""No circle among modules, nor among the folders of a package, also not for types alone.

The import rules in pyproject.toml leave out imports for type checkers, since layers may name each
other's types; a circle is none the less a circle for whoever reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import grimp
import pytest

from tests.house.tree import PACKAGES


@pytest.fixture(scope="module")
def imports() -> dict[str, set[str]]:
    """The modules that each module imports, those for type checkers included."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=False, cache_dir=None)
    return {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}


def circles(imports: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the sets of nodes that reach each other, each sorted, by repeated trimming."""
    left = {node: set(others) & imports.keys() - {node} for node, others in imports.items()}
    while True:
        used = {other for others in left.values() for other in others}
        ends = {node for node, others in left.items() if not others or node not in used}
        if not ends:
            break
        left = {node: others - ends for node, others in left.items() if node not in ends}
    reached = {node: _reached(left, node) for node in left}
    groups = {
        tuple(sorted(other for other in reached[node] if node in reached[other])) for node in left
    }
    return [list(group) for group in sorted(groups) if len(group) > 1]


def _reached(imports: Mapping[str, set[str]], start: str) -> set[str]:
    found, left = {start}, [start]
    while left:
        new = imports[left.pop()] - found
        found |= new
        left += new
    return found


def test_no_circle_among_modules(imports: dict[str, set[str]]) -> None:
    assert circles(imports) == []


def test_no_circle_among_the_folders_of_a_package(imports: dict[str, set[str]]) -> None:
    packages = {module.rpartition(".")[0] for module in imports} - {""}
    for package in sorted(packages):
        prefix = f"{package}."
        children: dict[str, set[str]] = {}
        for module, others in imports.items():
            if module.startswith(prefix):
                child = module.removeprefix(prefix).partition(".")[0]
                inside = {
                    other.removeprefix(prefix).partition(".")[0]
                    for other in others
                    if other.startswith(prefix)
                }
                children.setdefault(child, set()).update(inside - {child})
        assert circles(children) == [], package


def test_a_circle_is_found() -> None:
    assert circles({"a": ["b"], "b": ["c"], "c": ["b"], "d": ["a"]}) == [["b", "c"]]
