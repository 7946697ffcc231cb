"""Fixtures shared by all tests, one module a part of the product."""

from pathlib import Path

import pytest

DRILLS = Path(__file__).parent / "drills"

pytest_plugins = [
    "tests.fixtures.store",
    "tests.fixtures.sandbox",
    "tests.fixtures.azure",
    "tests.fixtures.gcp",
    "tests.fixtures.openstack",
    "tests.fixtures.proxmox",
    "tests.fixtures.prefect",
]


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker run the slow tests of whole installations, and another one the drills.

    Two installations at once, each with five clouds and servers of its own, would measure how
    they share two cores.
    """
    for item in items:
        if item.get_closest_marker("slow"):
            group = "drills" if item.path.is_relative_to(DRILLS) else "installations"
            item.add_marker(pytest.mark.xdist_group(group))
