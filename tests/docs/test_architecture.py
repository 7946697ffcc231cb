"""The page on architecture names every room, and only rooms and modules that exist."""

from __future__ import annotations

import re

from tests.docs import pages
from tests.house.tree import PACKAGES, ROOT

PAGE = ROOT / "docs" / "explanation" / "architecture.md"


def test_every_room_is_named() -> None:
    rooms = pages.section(PAGE, "Rooms")
    listed = set(re.findall(r"^ *([\w.]+/?)(?: |$)", rooms, re.MULTILINE))
    inside = {
        f"{path.name}/" if path.is_dir() else path.name
        for path in (ROOT / "skyclust").iterdir()
        if (path.is_dir() and (path / "__init__.py").exists())
        or (path.suffix == ".py" and path.name != "__init__.py")
    }
    assert inside <= listed, sorted(inside - listed)
    assert {f"{package}/" for package in PACKAGES} <= listed


def test_the_ways_pass_modules_that_exist_and_not_too_many() -> None:
    for heading, most in (
        ("The way of a spec to its cloud", 10),
        ("The way of a scope to the store", 7),
        ("The way of a delivery to the store", 8),
    ):
        modules = re.findall(r"^\| `([\w/]+\.py)` \|", pages.section(PAGE, heading), re.MULTILINE)
        assert 1 < len(modules) <= most, heading
        assert [module for module in modules if not (ROOT / module).is_file()] == []
