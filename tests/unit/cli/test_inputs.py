"""What people type is understood, or refused with a clear error."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from skyclust.cli.inputs import confirm, parse_place, parse_tags, parse_time, read_text
from skyclust.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-23", datetime(2026, 1, 23, tzinfo=UTC)),
        ("2026-01-23T14:30", datetime(2026, 1, 23, 14, 30, tzinfo=UTC)),
        ("2026-01-23T14:30:05Z", datetime(2026, 1, 23, 14, 30, 5, tzinfo=UTC)),
        ("2026-01-23T14:30:05+02:00", datetime(2026, 1, 23, 12, 30, 5, tzinfo=UTC)),
        (" 2026-01-23 14:30 ", datetime(2026, 1, 23, 14, 30, tzinfo=UTC)),
    ],
)
def test_a_time_is_utc_unless_it_says_otherwise(text: str, moment: datetime) -> None:
    assert parse_time(text, "--as-of") == moment


@pytest.mark.parametrize("text", ["yesterday", "", "2026-13-01", "23.11.2026", "1e9"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"--as-of: .* is no time") as refused:
        parse_time(text, "--as-of")
    assert "2026-11-23" in refused.value.hint


def test_the_future_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="lies in the future"):
        parse_time("9999-01-01", "--as-of")


def test_tags() -> None:
    assert parse_tags(["env=prod", "url=http://a?b=c", "empty="]) == {
        "env": "prod",
        "url": "http://a?b=c",
        "empty": "",
    }
    assert parse_tags(None) == {}


@pytest.mark.parametrize("pairs", [["env"], ["=prod"], ["env=prod", "env=test"]])
def test_what_is_no_tag_is_refused(pairs: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="--tag"):
        parse_tags(pairs)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "data"
    binary.write_bytes(b"\xff\xfe\x00")

    assert read_text(None, "--user-data") is None
    with pytest.raises(InvalidRequest, match="--user-data"):
        read_text(binary, "--user-data")
    with pytest.raises(InvalidRequest, match="--user-data"):
        read_text(tmp_path / "missing", "--user-data")


def test_without_a_terminal_nothing_is_confirmed_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)

    confirm("Delete it?", yes=True)
    with pytest.raises(InvalidRequest, match="nobody to ask") as refused:
        confirm("Delete it?", yes=False)
    assert "--yes" in refused.value.hint


@pytest.mark.parametrize(
    ("text", "region", "network"),
    [
        ("work", None, None),
        ("work/eu-central-1", "eu-central-1", None),
        ("work/eu-central-1/private", "eu-central-1", "private"),
        ("work/westeurope//subscriptions/1/subnets/a", "westeurope", "/subscriptions/1/subnets/a"),
    ],
)
def test_a_place_is_a_credential_and_maybe_region_and_network(
    text: str, region: str | None, network: str | None
) -> None:
    expected = {"credential": "work", "region": region, "network": network}
    assert parse_place(text) == expected
