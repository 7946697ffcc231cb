"""`skyclust cost import`: what it shows of what was corrected, doubted and refused."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from skyclust.cli.exits import ExitCode
from skyclust.cli.main import main
from tests.unit.costs.focus.samples import ROW


@pytest.fixture(autouse=True)
def home(migrated_home: Path) -> Path:
    """An installation with a store."""
    return migrated_home


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["cost", *arguments])
    return int(ended.value.code or 0)


def a_file(folder: Path, *changes: dict[str, str], name: str = "july.csv") -> str:
    """Write a FOCUS file with a row for each change of an ordinary one; return its path."""
    rows = [{**ROW, **change} for change in changes]
    path = folder / name
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def imported(capsys: pytest.CaptureFixture[str], path: str, *options: str) -> Any:
    """Import a file; return its only delivery as JSON has it."""
    assert run("import", path, *options, "--json") == ExitCode.DONE
    [delivery] = json.loads(capsys.readouterr().out)["deliveries"]
    return delivery


def test_what_was_corrected_is_said_below_the_table_and_in_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = a_file(tmp_path, {}, {"BillingCurrency": "usd"}, {"BillingCurrency": " USD"})
    [remark] = imported(capsys, path)["remarks"]
    assert "BillingCurrency, 2 rows" in remark
    assert "row 2 of july.csv" in remark
    assert run("import", path, "--source", "again") == ExitCode.DONE
    assert remark in capsys.readouterr().err
    assert (
        run("breakdown", "--by", "service", "--from", "2026-07", "--to", "2026-08", "--json") == 0
    )
    [row] = json.loads(capsys.readouterr().out)
    assert (row["currency"], row["billed_cost"]) == ("USD", "4.5")
    assert run("deliveries", "--json") == ExitCode.DONE
    assert remark in json.loads(capsys.readouterr().out)[-1]["remarks"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("BillingCurrency", "EURO"),
        ("ChargeCategory", "Bananas"),
        ("ChargePeriodEnd", "2026-06-30T00:00:00Z"),
        ("BillingPeriodEnd", "2026-06-01T00:00:00Z"),
        ("BillingAccountId", " "),
    ],
)
def test_what_cannot_be_placed_or_added_up_refuses_the_delivery(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str, value: str
) -> None:
    path = a_file(tmp_path, {column: value})
    assert run("import", path) == ExitCode.USAGE
    assert f"row 1, column {column}" in capsys.readouterr().err
    assert run("deliveries", "--json") == ExitCode.DONE
    assert json.loads(capsys.readouterr().out) == []


def test_a_credit_in_small_letters_is_a_credit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    credit = {"ChargeCategory": "credit", "BilledCost": "-4"}
    path = a_file(tmp_path, {"BilledCost": "10"}, credit)
    assert "ChargeCategory, 1 row:" in imported(capsys, path)["remarks"][0]
    assert run("summary", "--from", "2026-07", "--to", "2026-08", "--json") == ExitCode.DONE
    [row] = json.loads(capsys.readouterr().out)
    assert (row["gross"], row["credits"], row["net"]) == ("10", "-4", "6")


def test_tags_that_cannot_be_read_are_said_with_their_number_and_first_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = ('["a"]', "{team:x", '{"team":"a","team":"b"}')
    path = a_file(tmp_path, {"Tags": '{"team":"a"}'}, *({"Tags": tags} for tags in broken))
    no_object, twice = imported(capsys, path)["remarks"]
    assert "Tags, 2 rows: no JSON object" in no_object
    assert "in row 2 of july.csv" in no_object
    assert "Tags, 1 row: a key is there twice" in twice
    assert run("import", path, "--source", "again") == ExitCode.DONE
    said = capsys.readouterr().err
    assert no_object in said
    assert twice in said


@pytest.mark.parametrize("others", [[], [{}]], ids=["nothing imported", "some of it"])
def test_a_reason_is_said_once_with_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], others: list[dict[str, str]]
) -> None:
    wrong = {"BillingAccountId": "9", "ChargeCategory": "Bananas"}
    path = a_file(tmp_path, *others, wrong)
    # In a process of its own, whose logging is as Python begins with it.
    command = [sys.executable, "-m", "skyclust.cli.main", "cost", "import"]
    done = subprocess.run(
        [*command, path], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == (ExitCode.PARTIAL if others else ExitCode.USAGE)
    assert "failed" in done.stdout
    assert (done.stdout + done.stderr).count("'Bananas' is none of the values") == 1
    assert done.stderr.count("They are Usage, Purchase") == 1
    as_json = subprocess.run(
        [*command, path, "--json"], capture_output=True, text=True, timeout=120, check=False
    )
    assert "'Bananas'" in json.loads(as_json.stdout)["deliveries"][0]["reason"]
