"""A wrong option is named as its user wrote it, with what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from skyclust.cli.exits import ExitCode
from tests.flows.commands import Commands
from tests.unit.core.test_field_problems import WORDS_OF_PYDANTIC

BUDGET = ("cost", "budget", "set", "web", "--amount", "5", "--currency", "EUR")
BOOK = """\
name: lab
currency: EUR
covers: {providers: [proxmox]}
prices: cheap
"""


@pytest.fixture
def commands(
    migrated_home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Commands:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.yaml").write_text(BOOK)
    return Commands(capsys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*BUDGET, "--actual", "much"), "--actual: 'much' is no number"),
        ((*BUDGET, "--actual", "0"), "--actual: '0' is no percentage of a budget"),
        ((*BUDGET, "--forecast", "1001"), "--forecast: '1001' is no percentage of a budget"),
        ((*BUDGET, "--actual", "1.234"), "at most 2 digits behind the point"),
        ((*BUDGET, "--actual", "8", "--actual", "8"), "two thresholds are the same"),
        ((*BUDGET, "--where", "provider="), "--where provider=VALUE"),
        (("cost", "budget", "set", "W b", *BUDGET[4:]), "NAME: "),
        ((*BUDGET[:5], "0", *BUDGET[6:]), "--amount: must be more than 0"),
        ((*BUDGET[:7], "EURO"), "--currency: does not have the form ^[A-Z]{3}$"),
        (("cost", "settings", "set", "--currency", "zz1"), "--currency: does not have the form"),
        (
            ("cost", "collect", "--from", "2026-02-01", "--to", "2026-01-01"),
            "--from must be before --to, which is exclusive",
        ),
        (("cost", "collect", "--credential", "no name"), "--credential: "),
        (("inventory", "sync", "--credential", "no name"), "--credential: "),
        (("cost", "price-book", "save", "book.yaml"), "prices: must be a list"),
        (
            ("instance", "start", "$ref", "--wait", "5", "-c", "Aws", "--region", "r"),
            "--credential: does not have the form",
        ),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(
    commands: Commands, arguments: tuple[str, ...], message: str
) -> None:
    commands.run(*arguments, code=ExitCode.USAGE)
    assert message in commands.said
    assert not WORDS_OF_PYDANTIC.search(commands.said)
