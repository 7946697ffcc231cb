"""What trivy reports of an image is judged as `trivy image --format json` writes it."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from supply_chain.image_scan import examine, harmless, python_of_the_image, read_report
from supply_chain.lock import Pin
from supply_chain.verdict import Package

PINS = (
    Pin("anyio", "4.16.0", "", ("a" * 64,)),
    Pin("typing-extensions", "4.15.0", "", ("a" * 64,)),
    Pin("pywin32", "312", "sys_platform == 'win32'", ("a" * 64,)),
)


def flaw(name: str, installed: str, number: int, severity: str, fixed: str = "") -> dict[str, Any]:
    found = {
        "VulnerabilityID": f"CVE-2026-{number}",
        "PkgID": f"{name}@{installed}",
        "PkgName": name,
        "InstalledVersion": installed,
        "Status": "fixed" if fixed else "affected",
        "Severity": severity,
    }
    return found | ({"FixedVersion": fixed} if fixed else {})


SCANNED: dict[str, Any] = {
    "SchemaVersion": 2,
    "ArtifactName": "skyclust:0.1.0",
    "ArtifactType": "container_image",
    "Metadata": {"OS": {"Family": "debian", "Name": "12.12"}},
    "Results": [
        {
            "Target": "skyclust:0.1.0 (debian 12.12)",
            "Class": "os-pkgs",
            "Type": "debian",
            "Packages": [
                {"ID": "bash@5.2.15-2", "Name": "bash", "Version": "5.2.15", "Release": "2"},
                {"ID": "login@1:4.13", "Name": "login", "Version": "4.13", "Epoch": 1},
            ],
        },
        {
            "Target": "Python",
            "Class": "lang-pkgs",
            "Type": "python-pkg",
            "Packages": [
                {"Name": "anyio", "Version": "4.16.0"},
                {"Name": "typing_extensions", "Version": "4.15.0"},
                {"Name": "pip", "Version": "24.0"},
            ],
        },
    ],
}


def scanned(*flaws: dict[str, Any]) -> Any:
    report = deepcopy(SCANNED)
    report["Results"][0]["Vulnerabilities"] = list(flaws)
    return report


def test_a_sound_image_has_every_package() -> None:
    found = examine(SCANNED, PINS, "3.11.16")
    assert found.packages == {
        Package("bash", "5.2.15-2"),
        Package("login", "1:4.13"),
        Package("anyio", "4.16.0"),
        Package("typing-extensions", "4.15.0"),
        Package("pip", "24.0"),
    }
    assert (found.place, found.flaws, found.unchecked, found.failures) == ("image", (), {}, ())


@pytest.mark.parametrize(
    ("severity", "fixed", "counts"),
    [
        ("LOW", "5.2.16-1", True),
        ("CRITICAL", "", True),
        ("HIGH", "", True),
        ("UNKNOWN", "", True),
        ("MEDIUM", "", False),
        ("LOW", "", False),
    ],
)
def test_what_can_be_mended_counts_and_what_is_grave(
    severity: str, fixed: str, counts: bool
) -> None:
    report = scanned(flaw("bash", "5.2.15-2", 1, severity, fixed))
    assert bool(examine(report, PINS, "3.11.16").flaws) is counts
    assert harmless(report) == ([] if counts else ["CVE-2026-1"])


def test_a_flaw_is_of_the_package_as_it_is_listed() -> None:
    found = examine(scanned(flaw("login", "1:4.13", 1, "HIGH")), PINS, "3.11.16")
    assert found.flaws[0].package in found.packages


def test_a_locked_package_that_is_not_seen_was_not_checked() -> None:
    report = deepcopy(SCANNED)
    report["Results"][1]["Packages"][0]["Version"] = "4.15.0"
    found = examine(report, PINS, "3.11.16")
    assert found.unchecked.keys() == {Package("anyio", "4.16.0")}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"Metadata": {}}, "does not know the system"),
        ({"Metadata": {"OS": {"Family": "debian", "Name": "10", "EOSL": True}}}, "debian 10 is no"),
        ({"Results": SCANNED["Results"][1:]}, "saw no package of debian"),
        ({"Results": None}, "saw no package of debian"),
    ],
)
def test_a_system_that_is_not_covered_was_not_checked(change: dict[str, Any], said: str) -> None:
    (failure,) = examine(SCANNED | change, PINS, "3.11.16").failures
    assert said in failure


@pytest.mark.parametrize("text", ["", "{", "fatal: out of reach"])
def test_no_report_is_no_check(tmp_path: Path, text: str) -> None:
    file = tmp_path / "report.json"
    file.write_text(text)
    found = examine(read_report(file), PINS, "3.11.16")
    assert found.failures == ("trivy wrote no report",)
    assert found.unchecked.keys() == {
        Package("anyio", "4.16.0"),
        Package("typing-extensions", "4.15.0"),
    }


def test_the_python_of_the_image_is_the_one_of_the_dockerfile() -> None:
    assert python_of_the_image().startswith("3.11.")
