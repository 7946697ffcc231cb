"""What a plain import costs: no cloud SDK and no Prefect before someone needs them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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

HELP_SECONDS = 0.5
"""CPU time that `--help` may take; with byte code it takes 0.25 on a machine of 2024."""


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
        "import skyclust.contract, skyclust.registry, skyclust.waiting, skyclust.settings",
        "from skyclust.registry import provider_names; provider_names()",
        "import skyclust.cli.main",
    ],
)
def test_the_core_imports_nothing_heavy(code: str) -> None:
    assert loaded_by(code) & HEAVY == set()


@pytest.mark.parametrize(
    "code",
    [
        "import flows.sync_inventory, flows.provision_instances, flows.change_instance",
        "import flows.recover_operations",
        "import deployments.bootstrap",
        "import skyclust.orchestration.credentials",
    ],
)
def test_what_runs_on_prefect_imports_no_sdk(code: str) -> None:
    assert loaded_by(code) & SDKS == set()


def test_help_is_quick() -> None:
    # The least of three: other processes of a busy machine only ever add.
    assert min(help_seconds() for _ in range(3)) < HELP_SECONDS


def help_seconds() -> float:
    """Return the CPU time of one `skyclust --help` in its own process."""
    command = Path(sys.executable).parent / "skyclust"
    before = os.times()
    done = subprocess.run([command, "--help"], capture_output=True, timeout=60, check=True)
    after = os.times()
    assert b"Usage" in done.stdout
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system
