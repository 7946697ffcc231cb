"""A writer that is killed at any step: readers see the old or the new, and a repeat mends it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from skyclust.costs.ledger.storage import open_root
from skyclust.store.engine import open_store
from tests.fixtures.sampling import sampled
from tests.unit.costs.bills import JANUARY, bill, days_of, delivery
from tests.unit.costs.ledger.applying import apply_second
from tests.unit.costs.ledger.ledgers import Ledger

AT_RANDOM = 12


def run(folder: Path, step: int | None) -> tuple[int, list[str]]:
    """Apply the second delivery in a process that dies at a step; return its code and steps."""
    log = folder / "steps.log"
    arguments = [f"sqlite:///{folder / 'skyclust.db'}", str(folder / "costs"), str(log)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.costs.ledger.applying", *arguments]
        + ([] if step is None else [str(step)]),
        cwd=Path(__file__).parents[4],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr.decode()[-2000:]
    return done.returncode, log.read_text().splitlines()


def opened(folder: Path) -> Ledger:
    store = open_store(f"sqlite:///{folder / 'skyclust.db'}")
    return Ledger(store, open_root(str(folder / "costs")))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_writer_killed_at_any_step_leaves_a_whole_ledger(sqlite_url: str, tmp_path: Path) -> None:
    base = tmp_path / "base"
    base.mkdir()
    shutil.copyfile(sqlite_url.split("///", 1)[1], base / "skyclust.db")
    ledger = opened(base)
    ledger.apply(bill(days_of(JANUARY)[:6]), delivery(fingerprint="first"))
    old = (ledger.contents(), ledger.rollups())
    ledger.store.dispose()

    def copied(name: str) -> Path:
        return Path(shutil.copytree(base, tmp_path / name))

    clean = copied("clean")
    code, steps = run(clean, None)
    assert code == 0
    ledger = opened(clean)
    new = (ledger.contents(), ledger.rollups())
    ledger.store.dispose()
    assert old != new
    commits = [number for number, step in enumerate(steps, start=1) if step == "commit"]
    numbers = list(range(1, len(steps) + 1))
    near = {commits[-1] - 1, commits[-1], commits[-1] + 1}
    for number in sampled(numbers, near.__contains__, AT_RANDOM):
        folder = copied(f"killed-{number}")
        code, _ = run(folder, number)
        assert code == -signal.SIGKILL, steps[number - 1]
        ledger = opened(folder)
        after = (ledger.contents(), ledger.rollups())
        assert after in (old, new), f"half a delivery after {steps[number - 1]}, step {number}"
        assert ledger.root.missing(ledger.current_names()) == []
        apply_second(ledger)
        assert (ledger.contents(), ledger.rollups()) == new, steps[number - 1]
        ledger.store.dispose()
        shutil.rmtree(folder)
