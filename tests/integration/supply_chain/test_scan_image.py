"""scripts/scan-image fails when it cannot do what it is for."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from supply_chain.image_scan import python_of_the_image
from supply_chain.lock import FOLDER, image_environment, read_lock
from tests.house.tree import ROOT

TOOLS = ("bash", "dirname", "mktemp", "rm", "timeout", "cp")
"""What the script itself and the stand-ins use: no trivy and no docker of this machine."""


def scan(programs: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    for tool in TOOLS:
        path = shutil.which(tool)
        assert path is not None, tool
        (programs / tool).symlink_to(path)
    return subprocess.run(
        ["bash", ROOT / "scripts/scan-image", *arguments],
        env={"PATH": str(programs), "HOME": str(programs)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def program(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/usr/bin/env bash\n{script}\n")
    (folder / name).chmod(0o755)


def report() -> str:
    """Return what trivy says of the image that the Dockerfile builds, if it has no flaw."""
    environment = image_environment(python_of_the_image())
    pins = [one for one in read_lock(FOLDER / "production.txt") if one.applies(environment)]
    libraries = [{"Name": one.name, "Version": one.version} for one in pins]
    system = [{"Name": "bash", "Version": "5.2.15", "Release": "2"}]
    return json.dumps(
        {
            "Metadata": {"OS": {"Family": "debian", "Name": "12.12"}},
            "Results": [
                {"Class": "os-pkgs", "Type": "debian", "Packages": system},
                {"Class": "lang-pkgs", "Type": "python-pkg", "Packages": libraries},
            ],
        }
    )


WRITES_THE_REPORT = """
while [[ $1 != --output ]]; do shift; done
cp "$HOME/scanned.json" "$2"
"""


def test_without_trivy_nothing_was_checked(tmp_path: Path) -> None:
    outcome = scan(tmp_path, "skyclust:0.1.0")
    assert outcome.returncode == 3
    assert "NOT checked: trivy is not installed" in outcome.stderr


def test_without_docker_no_image_is_built(tmp_path: Path) -> None:
    program(tmp_path, "trivy", "exit 0")
    program(tmp_path, "docker", "exit 1")
    outcome = scan(tmp_path)
    assert outcome.returncode == 3
    assert "NOT checked: no docker daemon answers" in outcome.stderr


def test_a_scan_that_fails_was_none(tmp_path: Path) -> None:
    program(tmp_path, "trivy", "exit 1")
    outcome = scan(tmp_path, "skyclust:0.1.0")
    assert outcome.returncode == 3
    assert "trivy could not scan skyclust:0.1.0" in outcome.stderr


def test_a_report_that_is_none_was_no_scan(tmp_path: Path) -> None:
    program(tmp_path, "trivy", "exit 0")
    outcome = scan(tmp_path, "skyclust:0.1.0")
    assert outcome.returncode == 3
    assert "trivy wrote no report" in outcome.stdout


@pytest.mark.parametrize(("severity", "code"), [("LOW", 0), ("CRITICAL", 1)])
def test_a_built_image_is_judged(tmp_path: Path, severity: str, code: int) -> None:
    scanned = json.loads(report())
    flaw = {"VulnerabilityID": "CVE-2026-1", "PkgName": "bash", "InstalledVersion": "5.2.15-2"}
    scanned["Results"][0]["Vulnerabilities"] = [flaw | {"Severity": severity}]
    (tmp_path / "scanned.json").write_text(json.dumps(scanned))
    program(tmp_path, "trivy", WRITES_THE_REPORT)
    program(tmp_path, "docker", 'echo "$*" >> "$HOME/docker.log"')
    outcome = scan(tmp_path)
    assert outcome.returncode == code, outcome.stdout + outcome.stderr
    assert "build --pull --tag skyclust:0.1.0 ." in (tmp_path / "docker.log").read_text()
