"""make and the CI script offer what they say."""

from __future__ import annotations

import re
import subprocess
from typing import Final

from tests.house.tree import ROOT

ASKED_FOR: Final = frozenset(
    {"setup", "demo", "check", "fmt", "lint", "security", "build", "bench", "up", "down"}
    | {"test", "test-unit", "test-integration", "test-slow", "test-coverage", "test-benchmark"}
)


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text()
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))


def test_help_explains_every_target() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    explained = dict(re.findall(r"^make (\S+)\s+(\S.*)$", shown, re.MULTILINE))
    assert set(explained) == targets()
    assert set(explained) >= ASKED_FOR


def test_recipes_are_short() -> None:
    makefile = (ROOT / "Makefile").read_text()
    recipes = re.findall(r"^[a-z$(][^\n]*:[^\n=]*\n((?:\t[^\n]*\n)+)", makefile, re.MULTILINE)
    assert len(recipes) >= len(ASKED_FOR)
    assert not [recipe for recipe in recipes if recipe.count("\n") > 1]


def test_ci_runs_targets_that_exist() -> None:
    script = (ROOT / ".ci/run").read_text()
    used = set(re.findall(r"^step .*? make ([a-z-]+)$", script, re.MULTILINE))
    assert {"check", "test", "test-slow", "demo", "build"} <= used <= targets()


def test_scripts_are_sound() -> None:
    scripts = [ROOT / ".ci/run", *(ROOT / "scripts").iterdir()]
    for script in scripts:
        interpreter = script.read_text().splitlines()[0]
        assert interpreter in {"#!/usr/bin/env bash", "#!/bin/sh"}, script
        assert script.stat().st_mode & 0o111, f"{script} cannot be run"
        shell = interpreter.rpartition("/")[2].split()[-1]
        subprocess.run([shell, "-n", str(script)], check=True, timeout=30)
