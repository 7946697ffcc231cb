"""The commands of what people decide about costs: what they save, show, and refuse."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from skyclust.cli.exits import ExitCode
from skyclust.cli.main import main
from skyclust.costs.ledger.delivering import DeliveryOptions, apply_delivery
from skyclust.costs.ledger.storage import open_root
from skyclust.model.cost_settings import CostSettings
from skyclust.store import audit, cost_settings
from skyclust.store.engine import open_store
from tests.unit.costs.bills import bill, delivery
from tests.unit.costs.daily_bills import charge, delivered
from tests.unit.costs.ledger.ledgers import Ledger

BOOK = """
name: datacentre
currency: EUR
covers: {providers: [proxmox]}
prices:
  - {unit: core-hour, price: 0.0120, from: 2026-01-01}
  - {unit: memory-gib-hour, price: 0.0045, from: 2026-01-01}
  - {unit: storage-gib-month, class: ssd, price: 0.73, from: 2026-01-01}
"""


@pytest.fixture(autouse=True)
def home(migrated_home: Path) -> Path:
    """An installation with a store."""
    return migrated_home


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["cost", *arguments])
    return int(ended.value.code or 0)


def read(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert run(*arguments, "--json") == ExitCode.DONE
    return json.loads(capsys.readouterr().out)


def fill() -> None:
    """Apply the bill of ten days of January, in USD."""
    options = DeliveryOptions(requested_by="user:1")
    apply_delivery(open_store(), "default", delivery(), [bill()], options)


def actions() -> list[str]:
    with open_store().reading() as connection:
        return [line.action for line in audit.list_all(connection, "default")]


def test_a_budget_is_set_shown_changed_and_removed(capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ("web", "--amount", "100.50", "--currency", "eur", "--where", "tag:team=web")
    assert read(capsys, "budget", "set", *wanted, "--actual", "80.5")["new"]
    shown = read(capsys, "budget", "show", "web")
    assert (shown["amount"], shown["thresholds"]) == ("100.5", ["80.5 % actual"])
    assert (shown["filters"], shown["actual"]) == ({"tag:team": ["web"]}, None)
    assert "not known" in shown["remarks"][0]
    assert not read(capsys, "budget", "set", *wanted)["new"]
    assert len(read(capsys, "budget", "list")[0]["thresholds"]) == 3
    assert read(capsys, "budget", "alerts") == []
    assert run("budget", "remove", "web") == ExitCode.USAGE, "nobody is there to confirm it"
    assert run("budget", "remove", "web", "--yes") == ExitCode.DONE
    assert run("budget", "show", "web") == ExitCode.NOT_FOUND
    assert actions() == ["budget.set", "budget.set", "budget.removed"]


def test_a_budget_in_a_currency_without_a_rate_warns_and_its_cost_is_unknown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    today = datetime.now(UTC).date()
    ledger = Ledger(open_store(), open_root())
    delivered(ledger, [charge(today, "7")], today, today + timedelta(days=1))
    wanted = ("--amount", "100", "--where", "service=Compute")
    assert run("budget", "set", "web", *wanted, "--currency", "EUR") == ExitCode.DONE
    assert "does not count costs in USD" in capsys.readouterr().err
    [listed] = read(capsys, "budget", "list")
    assert (listed["actual"], listed["used_percent"], listed["forecast"]) == (None, None, None)
    assert run("budget", "list") == ExitCode.DONE
    table = capsys.readouterr()
    assert "unknown" in table.out
    assert "web: Not counted, without a rate to EUR: 7.00 USD." in table.err
    assert run("budget", "set", "web", *wanted, "--currency", "USD") == ExitCode.DONE
    assert "does not count" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        ("--amount", "-5", "--currency", "EUR"),
        ("--amount", "many", "--currency", "EUR"),
        ("--amount", "5", "--currency", "EURO"),
        ("--amount", "5", "--currency", "EUR", "--where", "month=2026-01"),
        ("--amount", "5", "--currency", "EUR", "--where", "colour=red"),
        ("--amount", "5", "--currency", "EUR", "--actual", "80", "--actual", "80.0"),
        ("--amount", "5", "--currency", "EUR", "--forecast", "0"),
    ],
)
def test_what_makes_no_budget_is_refused(wrong: tuple[str, ...]) -> None:
    assert run("budget", "set", "web", *wrong) == ExitCode.USAGE
    assert actions() == []


def test_amounts_are_converted_by_the_rates_of_their_days(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    fill()
    days = ("--from", "2026-01-01", "--to", "2026-02-01")
    [billed] = read(capsys, "summary", *days)
    rates = tmp_path / "rates.csv"
    rates.write_text("Date,USD,\n2026-01-01,2,\n")
    written = read(capsys, "rates", "import", str(rates), "--from", "2026-01-01")
    assert written == {"read": 1, "written": 1}
    [converted] = read(capsys, "summary", *days, "--currency", "eur")
    assert (billed["currency"], converted["currency"]) == ("USD", "EUR")
    assert abs(Decimal(converted["gross"]) * 2 - Decimal(billed["gross"])) < Decimal("1e-9")
    assert run("settings", "set", "--currency", "EUR") == ExitCode.DONE
    for view in (["breakdown", "--by", "service"], ["trend", "--monthly"], ["compare"]):
        rows = read(capsys, *view, *days)
        assert {row["currency"] for row in rows} == {"EUR"}, view
    assert read(capsys, "summary", *days, "--currency", "none") == [billed]
    assert run("summary", *days, "--currency", "GBP") == ExitCode.DONE
    assert "Not converted to GBP" in capsys.readouterr().err
    assert [row["rate"] for row in read(capsys, "rates", "list", "--currency", "USD")] == ["2"]


@pytest.mark.parametrize(
    "view",
    [
        ("summary",),
        ("breakdown", "--by", "service"),
        ("trend",),
        ("compare",),
        ("showback", "--by", "tag:team"),
        ("rates", "list"),
    ],
)
@pytest.mark.parametrize("code", ["zz", "EURO", ""])
def test_what_is_no_currency_is_refused_by_every_view(
    capsys: pytest.CaptureFixture[str], view: tuple[str, ...], code: str
) -> None:
    assert run(*view, "--currency", code) == ExitCode.USAGE
    assert "not a currency code" in capsys.readouterr().err


def test_showback_adds_up_and_allocation_shows_what_has_tags(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill()
    days = ("--from", "2026-01-01", "--to", "2026-02-01")
    assert run("allocation", *days) == ExitCode.USAGE, "no tags are chosen"
    given = ("--allocation-tag", "team", "--shared", "platform", "--share-untagged")
    saved = read(capsys, "settings", "set", *given, "--split", "even")
    assert saved["periods_rebuilt"] == 1
    assert saved["shared_costs"]["shared"] == ["platform", None]
    [summary] = read(capsys, "summary", *days)
    [shop] = read(capsys, "showback", "--by", "tag:team", *days)
    assert (shop["tag:team"], shop["total"]) == ("shop", summary["effective_cost"])
    assert Decimal(shop["direct"]) + Decimal(shop["shared"]) == Decimal(shop["total"])
    [team] = read(capsys, "allocation", *days)
    allocated = Decimal(team["allocated"]) + Decimal(team["unallocated"])
    assert (team["tag"], allocated) == ("team", Decimal(summary["effective_cost"]))
    assert run("settings", "set", "--split", "weighted") == ExitCode.USAGE
    assert run("settings", "set", "--shared", "none", "--allocation-tag", "none") == ExitCode.DONE
    assert read(capsys, "settings", "show")["allocation_tags"] == []


def test_settings_that_are_not_named_stay(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("settings", "set", "--currency", "eur") == ExitCode.DONE
    assert run("settings", "set", "--allocation-tag", "team") == ExitCode.DONE
    assert run("settings", "set", "--currency", "euro") == ExitCode.USAGE
    with open_store().reading() as connection:
        kept = cost_settings.get(connection, "default")
    assert kept == CostSettings(allocation_tags=("team",), currency="EUR")
    assert actions() == ["cost_settings.saved"] * 2


def test_price_books_are_saved_in_versions_and_quoted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "book.yaml"
    file.write_text(BOOK)
    assert read(capsys, "price-book", "save", str(file))["new"]
    assert not read(capsys, "price-book", "save", str(file))["new"]
    size = ("--cores", "2", "--memory-gib", "4", "--disk-gib", "ssd=100", "--on", "2026-02-01")
    assert read(capsys, "price-book", "quote", "datacentre", *size) == {
        "price_book": "datacentre@1",
        "day": "2026-02-01",
        "hourly": "0.142",
        "monthly": "103.66",
        "currency": "EUR",
    }
    assert run("price-book", "quote", "datacentre", "--type", "huge") == ExitCode.NOT_FOUND
    assert run("price-book", "quote", "datacentre", "--cores", "2") == ExitCode.USAGE
    file.write_text(BOOK.replace("0.0120", "0.0130"))
    assert read(capsys, "price-book", "save", str(file))["version"] == 2
    assert "0.0120" in read(capsys, "price-book", "show", "datacentre", "--version", "1")["content"]
    assert [one["version"] for one in read(capsys, "price-book", "list")] == [2]
    assert run("price-book", "remove", "datacentre", "--yes") == ExitCode.DONE
    assert read(capsys, "price-book", "list") == []
    assert len(read(capsys, "price-book", "history", "datacentre")) == 2
    assert run("price-book", "history", "nothing") == ExitCode.NOT_FOUND


SHARED = ("--shared", "platform")
WEIGHTED = ("--split", "weighted")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((*SHARED, *WEIGHTED), "there is none"),
        ((*SHARED, *WEIGHTED, "--weight", "a=0", "--weight", "b=0"), "all are zero"),
        ((*SHARED, *WEIGHTED, "--weight", "a=-1", "--weight", "b=2"), "'a' is less than zero"),
        ((*SHARED, "--split", "even", "--weight", "a=1"), "'even' has no weights"),
        ((*SHARED, "--weight", "a=1"), "'proportional' has no weights"),
        ((*SHARED, "--split", "odd"), "One of: even, weighted, proportional"),
        ((*SHARED, *WEIGHTED, "--weight", "a"), "--weight: 'a' is not KEY=VALUE"),
        ((*SHARED, *WEIGHTED, "--weight", "a=much"), "--weight: 'much' is no number"),
        (WEIGHTED, "nothing is shared"),
        (("--weight", "a=1"), "nothing is shared"),
        (("--shared", "none", "--split", "even"), "nothing is shared"),
    ],
)
def test_a_split_that_no_showback_could_make_is_not_saved(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    fill()
    assert run("settings", "set", *options) == ExitCode.USAGE
    assert message in capsys.readouterr().err
    assert read(capsys, "settings", "show")["shared_costs"] is None
    assert actions().count("cost_settings.saved") == 0
    assert run("showback", "--by", "tag:team", "--from", "2026-01-01", "--to", "2026-02-01") == 0


@pytest.mark.parametrize(
    "options",
    [
        SHARED,
        (*SHARED, "--split", "even"),
        ("--share-untagged", *WEIGHTED, "--weight", "a=0", "--weight", "shop=0.5"),
    ],
)
def test_a_split_that_is_saved_can_be_shown(
    capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    fill()
    assert run("settings", "set", *options) == ExitCode.DONE
    assert run("showback", "--by", "tag:team", "--from", "2026-01-01", "--to", "2026-02-01") == 0
    assert run("settings", "set", *WEIGHTED, "--weight", "a=0") == ExitCode.USAGE
