"""Reports of pip-audit are understood as pip-audit itself writes them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from packaging.version import Version
from pip_audit._format.json import JsonFormat
from pip_audit._service.interface import (
    Dependency,
    ResolvedDependency,
    SkippedDependency,
    VulnerabilityResult,
)

from supply_chain.audit import NO_WORD, examine, installed_packages, layers, locked_packages
from supply_chain.verdict import Package

SOUND = Package("sound", "1.0")
FLAWED = Package("jinja2", "3.1.2")
SKIPPED = Package("skipped-one", "2.0")
ALL = frozenset({SOUND, FLAWED, SKIPPED})
REASON = "Dependency not found on PyPI and could not be audited: skipped_one (2.0)"


def report(result: dict[Dependency, list[VulnerabilityResult]]) -> Any:
    """Return what `pip-audit --format json --aliases on --desc off` writes."""
    return json.loads(JsonFormat(output_desc=False, output_aliases=True).format(result, []))


def flaw() -> VulnerabilityResult:
    return VulnerabilityResult(
        id="PYSEC-2024-1",
        description="Not shown.",
        fix_versions=[Version("3.1.3"), Version("4.0")],
        aliases={"CVE-2024-1", "GHSA-1"},
    )


FULL = report(
    {
        ResolvedDependency("sound", Version("1.0")): [],
        ResolvedDependency("Jinja2", Version("3.1.2")): [flaw()],
        SkippedDependency("skipped_one", REASON): [],
    }
)


def test_each_package_is_checked_flawed_or_skipped() -> None:
    found = examine(ALL, [FULL])
    assert list(map(str, found.flaws)) == [
        "jinja2 3.1.2: PYSEC-2024-1 = CVE-2024-1 = GHSA-1; mended in 3.1.3, 4.0"
    ]
    assert found.unchecked == {SKIPPED: REASON}
    assert found.failures == ()


def test_a_package_that_no_report_names_was_not_checked() -> None:
    missing = Package("missing", "1.0")
    assert examine(ALL | {missing}, [FULL]).unchecked[missing] == NO_WORD


def test_another_version_of_a_package_was_not_checked() -> None:
    other = Package("sound", "1.1")
    assert examine(frozenset({SOUND, other}), [FULL]).unchecked == {other: NO_WORD}


def test_reports_add_up() -> None:
    second = report({ResolvedDependency("sound", Version("1.1")): []})
    found = examine(frozenset({SOUND, Package("sound", "1.1")}), [FULL, second])
    assert found.unchecked == {}


@pytest.mark.parametrize("shape", [None, [], {}, {"dependencies": None}, {"dependencies": [1]}, 7])
def test_no_report_means_nothing_was_checked(shape: Any) -> None:
    found = examine(ALL, [shape], ["pip-audit wrote no report"])
    assert found.unchecked.keys() == ALL
    assert found.failures == ("pip-audit wrote no report",)


def test_two_versions_of_a_package_are_looked_up_apart() -> None:
    old, new = Package("networkx", "3.6"), Package("networkx", "3.7")
    assert layers([new, SOUND, old]) == [[old, SOUND], [new]]
    assert layers([]) == []


def test_locks_of_every_python_and_the_environment_are_looked_up() -> None:
    locked, installed = locked_packages(), installed_packages()
    names = {package.name for package in locked}
    assert {"boto3", "pytest", "hatchling", "pywin32"} <= names
    assert len([one for one in locked if one.name == "networkx"]) == 2
    assert "skyclust" not in {one.name for one in installed | locked}
    assert {"pytest", "boto3"} <= {one.name for one in installed}
