"""What a plain import costs: no cloud SDK and no Prefect before someone needs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.machine_speed import least_cpu_seconds

HEAVY = {
    "alembic",
    "azure",
    "boto3",
    "botocore",
    "google",
    "kubernetes",
    "moto",
    "openstack",
    "pandas",
    "prefect",
    "proxmoxer",
    "pytest",
    "sqlalchemy",
}
SDKS = HEAVY - {"alembic", "prefect", "sqlalchemy"}

HELP_AT_MOST = 5
"""CPU time that `--help` may take, in times of what the libraries that it needs take to load."""


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules in a fresh interpreter after it ran the code."""
    script = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import skyclust",
        "import skyclust.contract, skyclust.registry, skyclust.settings",
        "import skyclust.operations.waiting",
        "from skyclust.registry import provider_names; provider_names()",
        "import skyclust.cli.main",
    ],
)
def test_the_core_imports_nothing_heavy(code: str) -> None:
    assert loaded_by(code) & HEAVY == set()


def test_what_runs_on_prefect_imports_no_sdk() -> None:
    """One interpreter for all: each takes two seconds to load Prefect."""
    modules = [
        "deployments.bootstrap",
        "flows.change_instance",
        "flows.provision_instances",
        "flows.recover_operations",
        "flows.sync_inventory",
        "skyclust.orchestration.credentials",
    ]
    assert loaded_by(f"import {', '.join(modules)}") & SDKS == set()


def test_help_is_quick() -> None:
    command = Path(sys.executable).parent / "skyclust"
    libraries = least_cpu_seconds(sys.executable, "-c", "import typer, rich.table, pydantic")
    assert least_cpu_seconds(command, "--help") < HELP_AT_MOST * libraries
