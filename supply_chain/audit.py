"""Looks up every package of the locks, and of the environment, with pip-audit.

`make security` runs it. It ends with 0, or with 1, 2 or 3 as `supply_chain.verdict` says.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from supply_chain.lock import FOLDER, LOCKS, LockError, read_lock
from supply_chain.review import ReviewError, read_review
from supply_chain.verdict import LIST_IS_WRONG, Examination, Flaw, Package, judge

LONGEST_SECONDS: Final = 900.0
"""For some 250 requests of at most 20 s each, nearly all of them quick."""

NO_WORD: Final = "pip-audit has no word of it"

OURS: Final = "skyclust"


def main() -> int:
    """Look everything up, print what was found, and return the exit code."""
    try:
        reviewed = read_review()
        packages = locked_packages() | installed_packages()
    except (LockError, ReviewError) as error:
        sys.stderr.write(f"security: {error}\n")
        return LIST_IS_WRONG
    outcomes = [run_pip_audit(layer) for layer in layers(packages)]
    reports, failures = [report for report, _ in outcomes], [failure for _, failure in outcomes]
    examination = examine(packages, reports, failures)
    verdict = judge(examination, reviewed, datetime.now(UTC).date())
    for line in verdict.lines():
        sys.stdout.write(f"security: {line}\n")
    if not examination.packages - examination.unchecked.keys():
        sys.stdout.write(
            "security: NOTHING was checked: the vulnerability service cannot be reached from here\n"
        )
    elif not verdict.exit_code:
        sys.stdout.write(
            f"security: {len(packages)} packages checked, {verdict.accepted} findings reviewed\n"
        )
    return verdict.exit_code


def locked_packages() -> frozenset[Package]:
    """Return what the locks name for any system and any Python.

    Raises LockError when a line has no exact version or no hash.
    """
    pins = (pin for name in LOCKS for pin in read_lock(FOLDER / f"{name}.txt"))
    return frozenset(Package(pin.name, pin.version) for pin in pins)


def installed_packages() -> frozenset[Package]:
    """Return what is installed beside this module: pip, too, and whatever came by hand."""
    names = ((canonicalize_name(one.name), one.version) for one in distributions())
    return frozenset(Package(name, version) for name, version in names if name != OURS)


def layers(packages: Iterable[Package]) -> list[list[Package]]:
    """Return the packages in lists, none of which has two versions of one package.

    pip-audit refuses to look up both at once; a lock has both, for several Pythons.
    """
    versions: defaultdict[str, list[Package]] = defaultdict(list)
    for package in sorted(packages):
        versions[package.name].append(package)
    deepest = max(map(len, versions.values()), default=0)
    return [
        [found[depth] for found in versions.values() if len(found) > depth]
        for depth in range(deepest)
    ]


def run_pip_audit(packages: Iterable[Package]) -> tuple[Any, str]:
    """Return the report of pip-audit, or None, and why there is none, or "".

    PIP_AUDIT_VULNERABILITY_SERVICE=osv asks OSV instead of PyPI; pip-audit itself reads it.
    """
    with tempfile.TemporaryDirectory(prefix="skyclust-audit-") as name:
        report, requirements = Path(name, "report.json"), Path(name, "requirements.txt")
        requirements.write_text("".join(f"{one.name}=={one.version}\n" for one in packages))
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements)]
        command += ["--no-deps", "--disable-pip", "--progress-spinner", "off", "--timeout", "20"]
        command += ["--format", "json", "--aliases", "on", "--desc", "off"]
        command += ["--output", str(report)]
        try:
            outcome = subprocess.run(  # noqa: S603 - our own interpreter, names of the lock
                command, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS
            )
        except subprocess.TimeoutExpired:
            return None, f"pip-audit did not end within {LONGEST_SECONDS:.0f} s"
        try:
            return json.loads(report.read_text()), ""
        except (OSError, ValueError):
            said = [line for line in outcome.stderr.splitlines() if line.startswith("ERROR")]
            why = said[0] if said else f"exit code {outcome.returncode}"
            return None, f"pip-audit wrote no report: {why}"


def examine(
    packages: frozenset[Package], reports: Iterable[Any], failures: Iterable[str] = ()
) -> Examination:
    """Return what reports of pip-audit say of the packages.

    A package that no report names with its version is unchecked. A report is what
    `pip_audit._format.json` writes; None, or another shape, says nothing of any package.
    """
    looked_up: set[Package] = set()
    skipped: dict[str, str] = {}
    flaws: list[Flaw] = []
    for entry in (entry for report in reports for entry in _entries(report)):
        name = canonicalize_name(str(entry.get("name", "")))
        if isinstance(entry.get("vulns"), list):
            package = Package(name, str(entry.get("version")))
            looked_up.add(package)
            flaws += [_flaw(package, one) for one in entry["vulns"]]
        else:
            skipped[name] = str(entry.get("skip_reason", "no reason is given"))
    unchecked = {one: skipped.get(one.name, NO_WORD) for one in packages - looked_up}
    return Examination(
        "lock", packages, tuple(flaws), unchecked, tuple(one for one in failures if one)
    )


def _entries(report: Any) -> Sequence[dict[str, Any]]:
    found = report.get("dependencies") if isinstance(report, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _flaw(package: Package, found: dict[str, Any]) -> Flaw:
    ids = (str(found.get("id")), *sorted(map(str, found.get("aliases") or ())))
    return Flaw(package, ids, ", ".join(map(str, found.get("fix_versions") or ())))


if __name__ == "__main__":
    sys.exit(main())
