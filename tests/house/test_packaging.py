"""What is built is what runs: the wheel, its entry points, and the pins it needs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement

from tests.house.tree import PACKAGES, ROOT, files

PROVIDERS: Final = {"aws", "azure", "gcp", "openstack", "proxmox"}
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def python(*arguments: str, cwd: Path, path: Path | None = None) -> str:
    outcome = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={"PYTHONPATH": str(path or ""), "HOME": str(cwd), "SKYCLUST_HOME": str(cwd / "home")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    python("-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder), cwd=ROOT)
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_has_every_module_and_data_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    tracked = {
        path.relative_to(ROOT).as_posix()
        for path in files(".py", ".typed", ".mako", ".json", ".yaml")
        if path.relative_to(ROOT).parts[0] in PACKAGES
    }
    assert tracked <= inside
    assert "deployments/prefect.yaml" in inside
    assert "skyclust/py.typed" in inside
    assert not [name for name in inside if name.startswith("tests/")]


def test_installed_wheel_runs_away_from_its_source(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    shown = python(
        "-c",
        "import skyclust.cli.main as m, deployments.bootstrap, sys; print(m.__file__); "
        "sys.argv = ['skyclust', 'provider', 'list', '--json']; m.main()",
        cwd=tmp_path,
        path=target,
    )
    assert str(target) in shown
    for provider in PROVIDERS:
        assert f'"{provider}"' in shown


def test_each_provider_has_an_extra_of_its_name_and_dev_has_them_all() -> None:
    extras = PROJECT["optional-dependencies"]
    assert set(PROJECT["entry-points"]["skyclust.providers"]) == PROVIDERS
    assert extras.keys() >= PROVIDERS
    [dev] = [one for one in map(Requirement, extras["dev"]) if one.name == "skyclust"]
    # `bigquery` is beside `gcp`: it reads costs alone, and brings another library of Google.
    assert dev.extras == PROVIDERS | {"bigquery", "sandbox", "site"}


def test_fastapi_stays_where_the_server_of_prefect_can_start() -> None:
    """From 0.155 on, `import prefect.server.api.server` raises a TypeError (Prefect 3.8)."""
    (pin,) = (one for one in map(Requirement, PROJECT["dependencies"]) if one.name == "fastapi")
    assert not pin.specifier.contains("0.151.0")
    assert pin.specifier.contains(version("fastapi"))
    import prefect.server.api.server as server  # noqa: PLC0415 - the import is what is tested

    assert server.create_api_app().routes


def declared() -> list[Requirement]:
    """Return every requirement of pyproject.toml, those of the build among them."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    extras = PROJECT["optional-dependencies"].values()
    texts = [*build, *PROJECT["dependencies"], *(one for extra in extras for one in extra)]
    return [one for one in map(Requirement, texts) if one.name != "skyclust"]


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_every_dependency_is_bounded_on_both_sides(requirement: Requirement) -> None:
    """A release that nobody here has seen, the next major above all, comes in by decision only."""
    operators = {one.operator for one in requirement.specifier}
    assert operators == {">=", "<"}, requirement
    assert requirement.url is None


def test_one_dependency_has_one_upper_bound() -> None:
    """What core and an extra both name is held to the same end."""
    ends: dict[str, set[str]] = {}
    for requirement in declared():
        (end,) = (one.version for one in requirement.specifier if one.operator == "<")
        ends.setdefault(requirement.name, set()).add(end)
    assert not {name: found for name, found in ends.items() if len(found) > 1}
