"""Judges what trivy found in the container image.

`scripts/scan-image` runs trivy and then this: `python -m supply_chain.image_scan REPORT`. It ends
with 0, or with 1, 2 or 3 as `supply_chain.verdict` says.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from supply_chain.lock import FOLDER, ROOT, LockError, Pin, image_environment, read_lock
from supply_chain.review import ReviewError, read_review
from supply_chain.verdict import LIST_IS_WRONG, Examination, Flaw, Package, judge

GRAVE: Final = frozenset({"CRITICAL", "HIGH", "UNKNOWN"})
"""Severities of trivy that count even when nothing mends the flaw yet."""

SYSTEM: Final = "os-pkgs"
PYTHON: Final = "python-pkg"


def main(arguments: Sequence[str]) -> int:
    """Judge the report in the named file, print what was found, and return the exit code."""
    try:
        reviewed = read_review()
        pins = read_lock(FOLDER / "production.txt")
    except (LockError, ReviewError) as error:
        sys.stderr.write(f"scan-image: {error}\n")
        return LIST_IS_WRONG
    report = read_report(Path(arguments[0]))
    examination = examine(report, pins, python_of_the_image())
    verdict = judge(examination, reviewed, datetime.now(UTC).date())
    for line in verdict.lines():
        sys.stdout.write(f"scan-image: {line}\n")
    sys.stdout.write(
        f"scan-image: {len(examination.packages)} packages seen, {verdict.accepted} findings"
        f" reviewed, {len(harmless(report))} slight flaws that nothing mends yet\n"
    )
    return verdict.exit_code


def read_report(path: Path) -> Any:
    """Return a report of `trivy image --format json --list-all-pkgs`, or None when it is none."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def python_of_the_image() -> str:
    """Return the version of Python that the Dockerfile names, like "3.11.16"."""
    (version,) = re.findall(
        r"^ARG PYTHON_IMAGE=python:(\d+\.\d+\.\d+)-", (ROOT / "Dockerfile").read_text(), re.M
    )
    return str(version)


def examine(report: Any, pins: Sequence[Pin], python: str) -> Examination:
    """Return what a report says of the image that was built from these pins with this Python.

    Unchecked is an image whose system trivy does not know, or has no advisories for any longer
    (`EOSL`), one without packages of a system, and each pin that is not seen in it.
    """
    results = _results(report)
    system = _packages(results, SYSTEM, "Class")
    libraries = frozenset(
        Package(canonicalize_name(one.name), one.version)
        for one in _packages(results, PYTHON, "Type")
    )
    environment = image_environment(python)
    expected = {Package(one.name, one.version) for one in pins if one.applies(environment)}
    unchecked = dict.fromkeys(expected - libraries, "is locked and was not seen in the image")
    return Examination(
        place="image",
        packages=system | libraries | expected,
        flaws=tuple(_flaw(one) for one in _found(results) if _counts(one)),
        unchecked=unchecked,
        failures=tuple(_failures(report, system)),
    )


def harmless(report: Any) -> list[str]:
    """Return the ids of the flaws that are slight and that nothing mends yet."""
    found = _found(_results(report))
    return [str(one.get("VulnerabilityID")) for one in found if not _counts(one)]


def _failures(report: Any, system: frozenset[Package]) -> list[str]:
    if not isinstance(report, dict):
        return ["trivy wrote no report"]
    found = report.get("Metadata", {}).get("OS", {})
    if not found.get("Family"):
        return ["trivy does not know the system of the image"]
    name = f"{found['Family']} {found.get('Name', '')}".strip()
    if found.get("EOSL"):
        return [f"{name} is no longer supported: nobody publishes its flaws"]
    return [] if system else [f"trivy saw no package of {name}"]


def _results(report: Any) -> list[dict[str, Any]]:
    return list(report.get("Results") or ()) if isinstance(report, dict) else []


def _packages(results: Sequence[dict[str, Any]], kind: str, field: str) -> frozenset[Package]:
    found = (one for result in results if result.get(field) == kind for one in _listed(result))
    return frozenset(Package(str(one["Name"]), _version(one)) for one in found)


def _listed(result: dict[str, Any]) -> list[dict[str, Any]]:
    return list(result.get("Packages") or ())


def _version(package: dict[str, Any]) -> str:
    """Return the version as `InstalledVersion` of a flaw writes it: EPOCH:VERSION-RELEASE."""
    epoch, release = package.get("Epoch"), package.get("Release")
    start = f"{epoch}:" if epoch else ""
    return f"{start}{package['Version']}{f'-{release}' if release else ''}"


def _found(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for result in results for one in result.get("Vulnerabilities") or ()]


def _counts(found: dict[str, Any]) -> bool:
    return bool(found.get("FixedVersion")) or found.get("Severity", "UNKNOWN") in GRAVE


def _flaw(found: dict[str, Any]) -> Flaw:
    package = Package(str(found["PkgName"]), str(found["InstalledVersion"]))
    return Flaw(package, (str(found["VulnerabilityID"]),), str(found.get("FixedVersion", "")))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
