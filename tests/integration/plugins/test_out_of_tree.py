"""A provider from outside: written by command, built, installed with pip, and used as it is.

The interpreter of the test gets a virtual environment on top, so that what is installed there
is seen beside all that is installed here, and nothing of it stays.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.fixtures.loopback import LOOPBACK

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(600)]

BROKEN = Path(__file__).parents[2] / "plugins" / "skyclust-broken"
PROBLEMS = {
    "import-error": "no_such_sdk is not installed",
    "old-contract": "written for contract 1",
    "missing-method": "lacks regions",
}


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the plugins, and a home for an installation."""

    python: Path
    plugin: Path
    home: Path

    def run(self, *command: str, cwd: Path | None = None, stdin: str = "") -> str:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PREFECT_", "SKYCLUST_", "PYTHON"))
        }
        ended = subprocess.run(
            [self.python, *command],
            env=inherited
            | {"SKYCLUST_HOME": str(self.home), "SKYCLUST_ALLOWED_NETWORKS": LOOPBACK},
            cwd=cwd or self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert ended.returncode == 0, f"{command}: {ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def skyclust(self, *arguments: str, stdin: str = "") -> str:
        return self.run("-m", "skyclust.cli.main", *arguments, stdin=stdin)

    def told(self, *arguments: str) -> Any:
        return json.loads(self.skyclust(*arguments, "--json"))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("plugins")
    home = folder / "home"
    home.mkdir(mode=0o700)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    # `addsitedir` reads the .pth files there too: the one of an editable SkyClust above all.
    line = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (Path(site) / "beneath.pth").write_text(line)
    made = Environment(python, folder / "skyclust-nimbus", home)
    made.skyclust("provider", "new", "nimbus", "--directory", str(made.plugin))
    for project in (made.plugin, shutil.copytree(BROKEN, folder / "broken")):
        _install(python, project)
    return made


def _install(python: Path, project: Path) -> None:
    """Build a project and install it, with what is here already and no index."""
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    arguments = ["--no-index", "--no-deps", "--no-build-isolation", str(project)]
    subprocess.run([*pip, *arguments], check=True)


def test_the_skeleton_passes_its_own_conformance_test(environment: Environment) -> None:
    printed = environment.run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=environment.plugin
    )
    assert " passed" in printed


def test_a_plugin_is_listed_and_broken_ones_say_what_is_wrong(environment: Environment) -> None:
    listed = {one["name"]: one for one in environment.told("provider", "list")}
    assert listed["nimbus"]["problem"] is None
    assert listed["nimbus"]["distribution"] == "skyclust-nimbus"
    assert listed["aws"]["problem"] is None
    for name, problem in PROBLEMS.items():
        assert problem in listed[name]["problem"]
        assert name in listed[name]["problem"]


def test_the_form_of_a_plugins_credential_is_its_own(environment: Environment) -> None:
    schema = environment.told("provider", "show", "nimbus")
    assert set(schema["properties"]) == {"endpoint", "token"}


@pytest.fixture
def cloud(environment: Environment) -> Iterator[Any]:
    """Serve the skeleton's own cloud, with three servers."""
    spec = importlib.util.spec_from_file_location(
        "nimbus_cloud", environment.plugin / "tests" / "cloud.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with module.Cloud() as served:
        for _ in range(3):
            served.add("east")
        yield served


def test_a_plugin_is_synced_by_the_flows(environment: Environment, cloud: Any) -> None:
    values = json.dumps({"endpoint": cloud.endpoint, "token": "the-token"})
    add = ("credential", "add", "lab", "--provider", "nimbus", "--from-file", "-")
    environment.skyclust("up", "--detach")
    try:
        environment.skyclust(*add, stdin=values)
        environment.skyclust("inventory", "sync")
        found = environment.told("inventory", "list", "--kind", "instance")
    finally:
        environment.skyclust("down")
    assert sorted(one["name"] for one in found) == ["server-1", "server-2", "server-3"]
    assert {one["provider"] for one in found} == {"nimbus"}
