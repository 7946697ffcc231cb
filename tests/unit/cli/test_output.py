"""What commands print is safe for a terminal and pure for a program."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from skyclust.cli.list_options import ListOptions, without_options
from skyclust.cli.output import printable, report_error, show_list, show_record
from skyclust.errors import NotFound
from skyclust.model.resource import ResourceKind
from skyclust.redaction import register_secret

HOSTILE = "web\x1b[2J\x1b]0;owned\x07\u202etxt\x9b31m[red]x[/red]"


def test_a_hostile_name_reaches_the_terminal_as_plain_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_list([{"name": HOSTILE}], ["name"], ListOptions(), title="Machines")

    printed = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(printed)
    assert "\\x1b[2J" in printed
    assert "[red]x[/red]" in printed


def test_names_of_any_language_stay_as_they_are() -> None:
    assert printable("größe-東京-naïve 🚀") == "größe-東京-naïve 🚀"


def test_a_lone_surrogate_can_be_printed() -> None:
    assert printable("a\ud800b").encode() == b"a\\ud800b"


def test_json_is_all_that_stdout_holds_and_has_every_field(
    capsys: pytest.CaptureFixture[str],
) -> None:
    moment = datetime(2026, 11, 23, 12, 0, 0, 250, tzinfo=UTC)
    row = {"name": HOSTILE, "kind": ResourceKind.DISK, "at": moment, "more": {"a": [1, None]}}

    show_list([row], ["name"], without_options(as_json=True), title="Machines")

    printed = capsys.readouterr()
    assert json.loads(printed.out) == [
        {
            "name": HOSTILE,
            "kind": "disk",
            "at": "2026-11-23T12:00:00.000250Z",
            "more": {"a": [1, None]},
        }
    ]
    assert printed.out.isascii()
    assert printed.err == ""


def test_an_empty_list_is_an_empty_array(capsys: pytest.CaptureFixture[str]) -> None:
    show_list([], ["name"], without_options(as_json=True))
    assert json.loads(capsys.readouterr().out) == []

    show_list([], ["name"], ListOptions(), title="Machines")
    assert capsys.readouterr().err == "Machines: none.\n"


def test_a_cut_table_says_how_much_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": f"machine-{number}"} for number in range(5)]

    show_list(rows, ["name"], ListOptions(limit=2))

    printed = capsys.readouterr()
    assert "machine-1" in printed.out
    assert "machine-2" not in printed.out
    assert printed.err == "2 of 5 shown.\n"


def test_nothing_is_cut_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    long = "arn:" + "x" * 400

    show_record({"id": long}, as_json=False)

    assert long in capsys.readouterr().out


def test_values_are_shown_as_people_read_them(capsys: pytest.CaptureFixture[str]) -> None:
    show_record(
        {
            "ready": True,
            "gone": None,
            "tags": {"b": "2", "a": "1"},
            "at": datetime(2026, 11, 23, 12, 0, 0, 999, tzinfo=UTC),
        },
        as_json=False,
    )

    printed = capsys.readouterr().out
    assert "yes" in printed
    assert "None" not in printed
    assert "a=1, b=2" in printed
    assert "2026-11-23 12:00:00Z" in printed


def test_an_error_says_what_happened_and_what_to_do_without_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    register_secret("s3cr3t-of-the-error")

    report_error(NotFound("No machine s3cr3t-of-the-error \x1b[1m.", hint="Sync first."))

    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == "Error: No machine ******** \\x1b[1m.\nSync first.\n"
