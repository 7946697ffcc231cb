"""An export that another installation imports is the same ledger."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from skyclust.costs.ledger.storage import open_root
from skyclust.store.engine import open_store
from tests.flows.commands import Commands
from tests.unit.cli.costs import GAP, RANGE, fill_home
from tests.unit.costs.ledger.ledgers import Ledger


@pytest.fixture
def commands(migrated_home: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(capsys)


@pytest.fixture
def second_home(tmp_path: Path, _migrated_sqlite: Path) -> Path:
    home = tmp_path / "second"
    home.mkdir(mode=0o700)
    shutil.copyfile(_migrated_sqlite, home / "skyclust.db")
    (home / "skyclust.db").chmod(0o600)
    return home


@pytest.mark.parametrize(
    ("file_format", "version"), [("focus-csv", "1.2"), ("focus-parquet", "1.4")]
)
def test_import_of_an_export_changes_nothing(
    commands: Commands,
    tmp_path: Path,
    second_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    file_format: str,
    version: str,
) -> None:
    fill_home()
    # What the file's version demands is filled in by the first export, and stays.
    path = tmp_path / ("costs.csv" if file_format == "focus-csv" else "costs.parquet")
    once = _moved(commands, path, second_home, monkeypatch, file_format, version)
    again = path.with_name(f"again-{path.name}")
    arguments = ("--format", file_format, "--focus-version", version, *RANGE)
    commands.run("cost", "export", str(again), *arguments)
    before = once.contents()
    commands.run("cost", "import", str(again), "--source", "costs")
    assert once.contents() == before
    assert again.read_bytes() == path.read_bytes() or file_format == "focus-parquet"
    assert len(before) == 4
    assert {day for *_, day in before}.isdisjoint({GAP})


def _moved(
    commands: Commands,
    path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    file_format: str,
    version: str,
) -> Ledger:
    """Export the ledger of the first home into the second, and return that."""
    arguments = ("--format", file_format, "--focus-version", version, *RANGE)
    result = commands.json("cost", "export", str(path), *arguments)
    assert (result["rows"], result["focus_version"]) == (5, version)
    assert path.stat().st_mode & 0o077 == 0
    sums = commands.json("cost", "breakdown", "--by", "service", *RANGE)
    first = Ledger(open_store(), open_root()).rows_by_day()
    monkeypatch.setenv("SKYCLUST_HOME", str(home))
    commands.run("cost", "import", str(path), "--source", "costs")
    assert commands.json("cost", "breakdown", "--by", "service", *RANGE) == sums
    second = Ledger(open_store(), open_root())
    assert sorted(map(str, second.rows_by_day().values())) == sorted(map(str, first.values()))
    return second


def test_an_export_replaces_no_file_and_leaves_none_without_rows(
    commands: Commands, tmp_path: Path
) -> None:
    fill_home()
    path = tmp_path / "costs.csv"
    path.write_text("mine")
    csv = ("cost", "export", str(path), "--format", "focus-csv")
    commands.run(*csv, *RANGE, code=2)
    assert "--force" in commands.said
    commands.run(*csv, "--from", "2020-01", "--to", "2020-02", "--force", code=4)
    assert path.read_text() == "mine"
    commands.run(*csv, *RANGE, "--force")
    assert "'=Storage" in path.read_text()
    commands.run(*csv, *RANGE, "--force", "--no-formula-escapes")
    assert '"=Storage"' in path.read_text()
    assert [one.name for one in tmp_path.glob("*costs.csv*")] == ["costs.csv"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("-",), "An export is a file"),
        (("x.parquet", "--where", "service=Compute"), "cannot be filtered by service"),
        (("no/such/folder/x.parquet",), "cannot be written"),
    ],
)
def test_what_cannot_be_exported_is_refused(
    commands: Commands,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    fill_home()
    commands.run("cost", "export", *arguments, *RANGE, code=2)
    assert message in commands.said


def test_one_account_can_be_exported(commands: Commands, tmp_path: Path) -> None:
    fill_home()
    path = str(tmp_path / "x.parquet")
    commands.run("cost", "export", path, *RANGE, "--where", "billing_account=other", code=4)
    assert commands.json("cost", "export", path, *RANGE, "--where", "provider=aws")["rows"] == 5
