"""Who may import whom, and what a light command must not pay for."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.house.tree import PACKAGES, ROOT

SDKS: Final = ("boto3", "botocore", "google", "azure", "openstack", "proxmoxer", "kubernetes")


def loaded_by(statement: str) -> set[str]:
    """Return the top-level modules in a new interpreter after a statement."""
    outcome = subprocess.run(
        [sys.executable, "-c", f"import sys; {statement}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        cwd=ROOT,
    )
    return {name.partition(".")[0] for name in outcome.stdout.split()}


@pytest.mark.parametrize(
    "module",
    [
        "skyclust.contract",
        "skyclust.registry",
        "skyclust.store",
        "skyclust.cli.main",
        # One interpreter for all flows: each takes two seconds to load Prefect.
        "flows.sync_inventory, flows.provision_instances, flows.change_instance, "
        "flows.recover_operations",
    ],
)
def test_no_cloud_sdk_is_loaded(module: str) -> None:
    assert not loaded_by(f"import {module}") & set(SDKS)


@pytest.mark.parametrize("module", ["skyclust.cli.main", "skyclust.store", "skyclust.registry"])
def test_prefect_is_not_loaded_for_nothing(module: str) -> None:
    assert "prefect" not in loaded_by(f"import {module}")


@pytest.fixture
def copy_of_the_packages(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def import_rules(folder: Path) -> subprocess.CompletedProcess[str]:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-cache", "--no-logo"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("providers/aws/planted.py", "import prefect"),
        ("providers/aws/planted.py", "import skyclust.store"),
        ("tasks/planted.py", "import providers.aws"),
        ("tasks/planted.py", "import flows.sync_inventory"),
        ("flows/planted.py", "import deployments.bootstrap"),
        ("flows/planted.py", "import boto3"),
        ("skyclust/store/planted.py", "import prefect"),
        ("skyclust/store/planted.py", "import skyclust.security"),
        ("skyclust/cli/planted.py", "import sqlalchemy"),
        ("skyclust/planted.py", ""),
    ],
)
def test_a_planted_import_is_found(copy_of_the_packages: Path, module: str, line: str) -> None:
    (copy_of_the_packages / module).write_text(f'"""Planted."""\n{line}\n')
    outcome = import_rules(copy_of_the_packages)
    assert outcome.returncode == 1, outcome.stdout
    assert "planted" in outcome.stdout


@pytest.mark.parametrize(
    ("module", "line", "folder"),
    [
        (
            "skyclust_sandbox/openstack/volume/planted.py",
            "import skyclust_sandbox.openstack.compute.quotas",
            "skyclust_sandbox.openstack",
        ),
        (
            "skyclust_sandbox/openstack/quotas.py",
            "import skyclust_sandbox.openstack.network.quotas",
            "skyclust_sandbox.openstack",
        ),
    ],
    ids=["between-folders", "of-a-module-and-a-folder"],
)
def test_a_planted_circle_is_found(
    copy_of_the_packages: Path, module: str, line: str, folder: str
) -> None:
    path = copy_of_the_packages / module
    kept = path.read_text() if path.exists() else '"""Planted."""\n'
    path.write_text(f"{kept}\n{line}\n")
    outcome = import_rules(copy_of_the_packages)
    assert outcome.returncode == 1, outcome.stdout
    assert f"No cycles are allowed in {folder}." in outcome.stdout


def test_the_tree_keeps_the_rules() -> None:
    outcome = import_rules(ROOT)
    assert outcome.returncode == 0, outcome.stdout
