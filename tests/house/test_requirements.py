"""What is installed is what was tested: requirements/ fits pyproject.toml, by version and hash."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT

FOLDER: Final = ROOT / "requirements"
FILES: Final = ("build", "development", "production")
PYTHONS: Final = ("3.11", "3.12", "3.13")
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS: Final = PROJECT["project"]["optional-dependencies"]


def environment(python: str) -> dict[str, str]:
    """Return the markers of CPython on Linux."""
    return {
        "implementation_name": "cpython",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_system": "Linux",
        "python_full_version": f"{python}.9",
        "python_version": python,
        "sys_platform": "linux",
    }


def pins(name: str, python: str) -> dict[str, str]:
    """Return the versions that a file names for one Python, by package."""
    found: dict[str, str] = {}
    for line in (FOLDER / f"{name}.txt").read_text().splitlines():
        if not line.startswith((" ", "#")):
            requirement = Requirement(line.removesuffix("\\").strip())
            (pin,) = requirement.specifier
            if applies(requirement.marker, python):
                assert requirement.name not in found, f"{requirement.name} is pinned twice"
                found[requirement.name] = pin.version
    return found


def applies(marker: Marker | None, python: str) -> bool:
    return marker is None or marker.evaluate(environment(python))


def declared(*extras: str) -> list[Requirement]:
    """Return what pyproject.toml asks for, without SkyClust itself."""
    texts = [
        *PROJECT["project"]["dependencies"],
        *(one for extra in extras for one in EXTRAS[extra]),
    ]
    return [one for one in map(Requirement, texts) if one.name != "skyclust"]


@pytest.mark.parametrize("name", FILES)
def test_every_package_has_a_version_and_hashes_and_no_source(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text()
    entries = re.split(r"\n(?=\S)", text.partition("make upgrade\n")[2].strip())
    assert entries
    for entry in entries:
        assert re.fullmatch(
            r"[a-z0-9-]+==[\w.!+]+( ; [^\\]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\\n)?)+", entry
        ), entry
    assert "://" not in text, "a registry is whatever the machine has"


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("development", declared(*EXTRAS)),
        ("production", declared("aws", "azure", "gcp", "openstack", "proxmox")),
        ("build", [*map(Requirement, PROJECT["build-system"]["requires"])]),
    ],
    ids=["development", "production", "build"],
)
def test_files_hold_what_the_project_declares(
    name: str, wanted: list[Requirement], python: str
) -> None:
    pinned = pins(name, python)
    for one in wanted:
        if applies(one.marker, python):
            version = pinned.get(canonicalize_name(one.name))
            assert version is not None, f"{one.name} is missing: make upgrade"
            assert one.specifier.contains(version, prereleases=True), f"{one}, but {version}"


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("name", ["build", "production"])
def test_production_has_what_was_tested(name: str, python: str) -> None:
    tested = pins("development", python)
    assert pins(name, python).items() <= tested.items()


def test_image_has_no_tool_of_development() -> None:
    image = pins("production", "3.11")
    assert not image.keys() & {"pytest", "mypy", "ruff", "moto", "fakepve", "uv", "sphinx"}


def test_a_new_file_makes_setup_run_again() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (needed,) = re.findall(r"^\$\(INSTALLED\): (.+)$", makefile, re.MULTILINE)
    assert "requirements/development.txt" in needed.split()
    assert all(Path(ROOT / one).exists() for one in needed.split())
