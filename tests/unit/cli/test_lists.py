"""The options of lists: which rows, which columns, in which order and format."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from skyclust.cli.columns import list_columns
from skyclust.cli.cost_advice import COLUMNS as ADVICE
from skyclust.cli.list_options import Format, ListOptions, with_list_options
from skyclust.cli.output import show_list
from skyclust.cli.scope_groups import group_scopes
from skyclust.cli.table import Drawing, draw
from skyclust.errors import InvalidRequest
from tests.docs.commands import commands
from tests.unit.cli import pictured_rows

COLUMNS = list_columns("name", "state", "cores", wide=("zone",))
ROWS: list[dict[str, object]] = [
    {"name": "web-10", "state": "running", "cores": 4, "zone": "b", "tags": {"a": "1"}},
    {"name": "Web-2", "state": "stopped", "cores": 16, "zone": None, "tags": {}},
    {"name": "=1+1", "state": "running", "cores": None, "zone": "a", "tags": {}},
]


def _shown(capsys: pytest.CaptureFixture[str], **options: Any) -> tuple[list[str], str]:
    show_list(ROWS, COLUMNS, ListOptions(offered=True, **options), title="Instances")
    printed = capsys.readouterr()
    return printed.out.splitlines(), printed.err


def test_columns_are_picked_in_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    table, _ = _shown(capsys, columns=("zone", "NAME", "tags"))

    assert table[1].split() == ["zone", "name", "tags"]
    assert table[2].split() == ["b", "web-10", "a=1"]


def test_an_unknown_column_is_answered_with_the_known_ones() -> None:
    for options in (ListOptions(columns=("nonsense",)), ListOptions(sort="-nonsense")):
        with pytest.raises(InvalidRequest, match="no column 'nonsense'") as refused:
            show_list(ROWS, COLUMNS, options)
        assert refused.value.hint == "Columns: name, state, cores, zone, tags."


def test_advice_shows_its_place_and_the_unit_of_its_saving_where_there_is_room() -> None:
    row = dict.fromkeys(("resource", "evidence"), "long text " * 4) | {
        "id": "a1b2c3d4",
        "saving": "1,362.88",
        "currency": "USD",
        "rule": "idle-instance",
        "credential": "aws-prod",
        "region": "eu-central-1",
    }
    shown = [column for column in ADVICE if not column.only_wide]
    wide, narrow = (draw([row], shown, Drawing(width=width)) for width in (160, 90))
    assert "saving in 30 days" in wide.lines[0]
    assert "saving in" not in narrow.lines[0]
    for table in (wide, narrow):
        assert all(text in table.lines[1] for text in ("1,362.88", "aws-prod", "eu-central-1"))


def test_wide_has_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert _shown(capsys)[0][1].split() == ["name", "state", "cores"]
    assert _shown(capsys, wide=True)[0][1].split() == ["name", "state", "cores", "zone"]


def test_rows_are_sorted_by_value_and_cut_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    names = ("name",)

    assert _shown(capsys, columns=names, sort="cores")[0][2:] == ["web-10", "Web-2", "=1+1"]
    assert _shown(capsys, columns=names, sort="-cores")[0][2:] == ["Web-2", "web-10", "=1+1"]
    assert _shown(capsys, columns=names, sort="name")[0][2:] == ["=1+1", "web-10", "Web-2"]
    table, said = _shown(capsys, columns=names, sort="-cores", limit=1)
    assert table[2:] == ["Web-2"]
    assert said == "1 of 3 shown. All of them: --limit 3.\n"


def test_the_count_is_that_of_the_whole_list(capsys: pytest.CaptureFixture[str]) -> None:
    options = ListOptions(limit=3, format=Format.JSONL, offered=True)

    show_list(ROWS, COLUMNS, options, total=2710, next_cursor="abc")

    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 3
    assert printed.err == (
        "3 of 2,710 shown. All of them: --limit 2710. The next ones: --cursor abc\n"
    )


def test_programs_get_whole_values(capsys: pytest.CaptureFixture[str]) -> None:
    lines, said = _shown(capsys, format=Format.JSONL)
    assert [json.loads(line) for line in lines] == ROWS
    lines, said = _shown(capsys, format=Format.JSON, columns=("name",))
    assert json.loads("\n".join(lines)) == [{"name": row["name"]} for row in ROWS]
    assert said == ""


def test_csv_has_all_columns_and_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime(2026, 1, 2, tzinfo=UTC)
    row = {"name": '=HYPERLINK("x")', "state": "a\x1b[2Jb", "cores": -4, "zone": ["b", "a"]}

    show_list([*ROWS[:1], row, {"name": at}], COLUMNS, ListOptions(format=Format.CSV))

    heading, first, second, third = csv.reader(io.StringIO(capsys.readouterr().out))
    assert heading == ["name", "state", "cores", "zone"]
    assert first == ["web-10", "running", "4", "b"]
    assert second == ['\'=HYPERLINK("x")', "a\\x1b[2Jb", "-4", '["b", "a"]']
    assert third == ["2026-01-02T00:00:00Z", "", "", ""]


def test_a_command_gets_the_options_from_one_place() -> None:
    app = typer.Typer()
    got: list[ListOptions] = []

    @app.command()
    @with_list_options(limit=7)
    def list_all(name: str, options: ListOptions) -> None:
        got.append(options)

    given = ["x", "--columns", "a, b", "--sort", "-a", "--jsonl"]
    assert CliRunner().invoke(app, given).exit_code == 0
    assert got == [
        ListOptions(format=Format.JSONL, columns=("a", "b"), limit=7, sort="-a", offered=True)
    ]
    assert got[0].query_limit is None, "what is sorted is read to its end"
    refused = CliRunner().invoke(app, ["x", "--csv", "--json"])
    assert isinstance(refused.exception, InvalidRequest)


def test_every_list_takes_the_same_options() -> None:
    wanted = {"--columns", "--wide", "--limit", "--sort", "--json", "--jsonl", "--csv"}
    lists = [one for one in commands() if one.words[-1] in {"list", "changes", "scopes", "images"}]
    lacking = [
        one.name
        for one in lists
        if not wanted <= {name for parameter in one.parameters for name in parameter.names}
    ]
    assert len(lists) > 10
    assert lacking == []


def test_scopes_of_one_reason_are_one_line() -> None:
    scopes = pictured_rows.scopes()

    groups = group_scopes(scopes)

    assert groups.grouped
    assert [row["scopes"] for row in groups.rows] == [1, 6, 1, 1]
    assert groups.rows[1]["region"] == "3 regions"
    assert sum(row["resources"] for row in groups.rows) == sum(one.resources for one in scopes)
    assert not group_scopes(scopes[:2]).grouped


@pytest.mark.parametrize(
    ("settings", "paged"),
    [
        ({}, True),
        ({"SKYCLUST_PAGER": "off"}, False),
        ({"TERM": "dumb"}, False),
        ({"PAGER": "no-such-program"}, False),
        ({"PAGER": "cat", "SKYCLUST_PAGER": "{pager}"}, True),
    ],
)
def test_a_long_table_is_paged_on_a_terminal(
    tmp_path: Path, settings: dict[str, str], paged: bool
) -> None:
    pager, noted = tmp_path / "pager", tmp_path / "noted"
    pager.write_text(f"#!/bin/sh\nwc -l > {noted}\n")
    pager.chmod(0o700)
    given = {name: value.format(pager=pager) for name, value in settings.items()}
    script = (
        "from skyclust.cli.list_options import ListOptions;"
        "from skyclust.cli.output import show_list;"
        "show_list([{'name': str(n)} for n in range(200)], ['name'], ListOptions())"
    )
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=os.environ | {"TERM": "xterm", "PAGER": str(pager)} | given,
        stdin=theirs,
        stdout=theirs,
    ) as process:
        os.close(theirs)
        while True:
            try:
                if not os.read(ours, 65536):
                    break
            except OSError:  # the terminal's other end is closed
                break
        assert process.wait(timeout=60) == 0
    os.close(ours)
    assert noted.exists() is paged
    if paged:
        assert noted.read_text().strip() == "201"


def test_a_reader_that_goes_away_ends_a_list_quietly() -> None:
    script = (
        "from skyclust.cli.list_options import ListOptions;"
        "from skyclust.cli.output import show_list;"
        "input();"
        "show_list([{'name': 'x' * 100}] * 50_000, ['name'], ListOptions())"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, said = process.communicate(b"go\n", timeout=60)
    assert (process.returncode, said) == (1, b"")
