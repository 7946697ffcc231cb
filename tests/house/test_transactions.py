"""How the product writes to the store: repeatably, and with nothing else in between."""

from __future__ import annotations

import ast

from tests.house.tree import PACKAGES, python_files, relative


def test_every_write_is_given_to_the_store_so_that_it_can_be_repeated() -> None:
    """`writing` cannot repeat the block under it; `write` repeats the function that it is given."""
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in python_files(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "writing"
    ]
    assert not found
