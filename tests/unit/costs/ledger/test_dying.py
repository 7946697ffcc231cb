"""A writer that is killed at any step: readers see the old or the new, and a repeat mends it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest
from sqlalchemy import select

from skyclust.costs.ledger.collecting import collect_files
from skyclust.costs.ledger.storage import open_root
from skyclust.store.cost_tables import cost_slices
from skyclust.store.engine import Store
from tests.fixtures.sampling import sampled
from tests.fixtures.store import _empty
from tests.unit.costs.bills import JANUARY, bill, days_of, delivery
from tests.unit.costs.ledger.applying import apply_second, name_tags
from tests.unit.costs.ledger.ledgers import Ledger
from tests.unit.costs.ledger.reading import answers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

AT_RANDOM = 6
REBUILT_AT_RANDOM = 3
HERE = Path(__file__).parents[4]
TWO_DAYS = timedelta(days=2).total_seconds()


def run(ledger: Ledger, folder: Path, step: int | None = None, *, work: str = "apply") -> list[str]:
    """Apply the second delivery, or do other work, in a process that dies at a step.

    Return the steps that it took.
    """
    log = folder / "steps.log"
    log.unlink(missing_ok=True)
    arguments = [work, ledger.store.url, str(folder / "costs"), str(log)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.costs.ledger.applying", *arguments]
        + ([] if step is None else [str(step)]),
        cwd=HERE,
        # Of its own: abandoned folders of other processes would be removed, which is a step too.
        env=os.environ | {"TMPDIR": mkdtemp(dir=folder)},
        capture_output=True,
        check=False,
        timeout=120,
    )
    expected = 0 if step is None else -signal.SIGKILL
    assert done.returncode == expected, done.stderr.decode()[-2000:]
    return log.read_text().splitlines()


def begun(store: Store, folder: Path) -> Ledger:
    """A ledger with the first delivery alone."""
    _empty(store)
    shutil.rmtree(folder / "costs", ignore_errors=True)
    ledger = Ledger(store, open_root(str(folder / "costs")))
    ledger.apply(bill(days_of(JANUARY)[:6]), delivery(fingerprint="first"))
    return ledger


def known_files(ledger: Ledger) -> set[str]:
    """The files of all slices of the catalogue, current or not."""
    with ledger.store.reading() as connection:
        return {*connection.scalars(select(cost_slices.c.file))}


def test_a_writer_killed_at_any_step_leaves_a_whole_ledger(store: Store, tmp_path: Path) -> None:
    ledger = begun(store, tmp_path)
    old = (ledger.contents(), ledger.rollups())
    steps = run(ledger, tmp_path)
    new = (ledger.contents(), ledger.rollups())
    assert old != new
    commits = [number for number, step in enumerate(steps, start=1) if step == "commit"]
    near = {commits[-1] - 1, commits[-1], commits[-1] + 1}
    orphans = 0
    for number in sampled(list(range(1, len(steps) + 1)), near.__contains__, AT_RANDOM):
        where = f"{steps[number - 1]}, step {number} of {len(steps)}"
        ledger = begun(store, tmp_path)
        run(ledger, tmp_path, number)
        after = (ledger.contents(), ledger.rollups())
        assert after in (old, new), f"half a delivery after {where}"
        assert ledger.root.missing(ledger.current_names()) == []
        apply_second(ledger)
        assert (ledger.contents(), ledger.rollups()) == new, where
        orphans += len(_collected(ledger, tmp_path))
        assert {*ledger.files()} == known_files(ledger), where
        assert (ledger.contents(), ledger.rollups()) == new, where
    assert orphans, "a writer that dies before its commit leaves files without a pointer"


def test_a_rebuilding_of_rollups_killed_at_any_step_leaves_whole_ones(
    store: Store, tmp_path: Path
) -> None:
    ledger = begun(store, tmp_path)
    contents, old = ledger.contents(), ledger.rollups()
    steps = run(ledger, tmp_path, work="name tags")
    new = ledger.rollups()
    assert old != new
    commits = [number for number, step in enumerate(steps, start=1) if step == "commit"]
    near = {commits[-1] - 1, commits[-1]}
    for number in sampled(list(range(1, len(steps) + 1)), near.__contains__, REBUILT_AT_RANDOM):
        where = f"{steps[number - 1]}, step {number} of {len(steps)}"
        ledger = begun(store, tmp_path)
        run(ledger, tmp_path, number, work="name tags")
        assert ledger.rollups() in (old, new), f"half a rollup after {where}"
        name_tags(ledger)
        assert (ledger.contents(), ledger.rollups()) == (contents, new), where


def _collected(ledger: Ledger, folder: Path) -> set[str]:
    """Let all files become two days old, collect, and return those that are gone."""
    before = {*ledger.files()}
    for path in (folder / "costs").rglob("*"):
        if path.is_file():
            moment = time.time() - TWO_DAYS
            os.utime(path, (moment, moment))
    collect_files(ledger.store, "default", requested_by="user:1", root=ledger.root)
    return before - {*ledger.files()}


def test_a_reader_in_another_process_never_sees_half_a_delivery(
    store: Store, tmp_path: Path
) -> None:
    ledger = begun(store, tmp_path)
    old = answers(store, ledger.root)
    command = [sys.executable, "-m", "tests.unit.costs.ledger.reading", store.url]
    with subprocess.Popen(
        [*command, str(tmp_path / "costs")],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        assert reader.stdin
        assert reader.stdout
        seen = [json.loads(reader.stdout.readline())]
        run(ledger, tmp_path)
        new = answers(store, ledger.root)
        seen.append(json.loads(reader.stdout.readline()))
        while seen[-1] != new:
            seen.append(json.loads(reader.stdout.readline()))
        reader.stdin.close()
        seen += [json.loads(line) for line in reader.stdout]
    assert reader.returncode == 0
    # One question may be answered before and the next after the delivery, each by a whole ledger.
    for number, (before, after) in enumerate(zip(old, new, strict=True)):
        assert before != after
        assert {answer[number] for answer in seen} == {before, after}
