"""A delivery that fails fails alone, and what a collection did not read is reported."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import ValidationError

from skyclust.contract import (
    BillingPeriod,
    CostDelivery,
    CostMetric,
    CostProvider,
    CostTotal,
    CostTotalsProvider,
    FocusRow,
)
from skyclust.costs.collection.account import AccountCosts, collect_account
from skyclust.costs.collection.deliveries import CollectionOptions
from skyclust.costs.collection.folder import allowed_folder, import_folder, source_name
from skyclust.costs.collection.plan import days_of
from skyclust.costs.collection.verdict import cost_problems, judge_collection
from skyclust.costs.reconciliation.ledger_sums import reconcile_workspaces
from skyclust.errors import (
    InvalidRequest,
    PermissionDenied,
    SkyClustError,
    Throttled,
    Unavailable,
    Unsupported,
)
from skyclust.model.cost_request import CollectCostsRequest
from skyclust.model.cost_source import is_source_name
from skyclust.model.credential_key import CredentialKey
from skyclust.store.engine import Store

MONTH = BillingPeriod(date(2026, 1, 1), date(2026, 2, 1))
ACCOUNT = CredentialKey("default", "prod", "billed")
OPTIONS = CollectionOptions(run_id=None, requested_by="user:1")
LOG = logging.getLogger("test")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SKYCLUST_HOME", str(tmp_path))
    return tmp_path


@dataclass(frozen=True)
class Rows:
    """The rows of a delivery, or the error of reading them."""

    costs: Sequence[Decimal] = ()
    error: SkyClustError | None = None
    name: str = "page"

    def pages(self) -> Iterator[Sequence[FocusRow]]:
        if self.error is not None:
            raise self.error
        yield [
            {
                "BillingAccountId": "acme",
                "BillingPeriodStart": datetime(2026, 1, 1, tzinfo=UTC),
                "BillingPeriodEnd": datetime(2026, 2, 1, tzinfo=UTC),
                "ChargePeriodStart": datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number),
                "ChargePeriodEnd": datetime(2026, 1, 2, tzinfo=UTC) + timedelta(days=number),
                "BillingCurrency": "EUR",
                "BilledCost": cost,
                "EffectiveCost": cost,
                "ChargeCategory": "Usage",
            }
            for number, cost in enumerate(self.costs)
        ]


@dataclass
class Cloud(CostProvider, CostTotalsProvider):
    """A source with these parts, each of an account of its own but the first."""

    parts: Sequence[Rows]
    total: Decimal = Decimal(0)
    list_error: SkyClustError | None = None
    read: list[str] = field(default_factory=list)

    def list_deliveries(self, start: date, end: date) -> Iterator[CostDelivery]:
        if self.list_error is not None:
            raise self.list_error
        for number, part in enumerate(self.parts):
            yield CostDelivery(
                source=f"billed:{number}",
                provider="billed",
                billing_account_id="acme",
                period=MONTH,
                complete_from=MONTH.start,
                complete_to=MONTH.end,
                produced_at=datetime(2026, 2, 3, tzinfo=UTC),
                focus_version="1.2",
                rows=(part,),
                provisional=False,
            )

    def cost_totals(self, start: date, end: date) -> Sequence[CostTotal]:
        now = datetime(2026, 2, 3, tzinfo=UTC)
        return [CostTotal("acme", MONTH, CostMetric.BILLED, "EUR", self.total, "all charges", now)]


def collect(store: Store, cloud: object) -> AccountCosts:
    return collect_account(store, cloud, ACCOUNT, MONTH.start, MONTH.end, OPTIONS, LOG)  # type: ignore[arg-type]  # its abilities are all that is used


def test_one_delivery_that_fails_for_good_leaves_the_others(sqlite_store: Store) -> None:
    bad = Rows(error=InvalidRequest("No number.", hint="Export it again."))
    done = collect(sqlite_store, Cloud([bad, Rows([Decimal(3)])], total=Decimal(3)))
    [failed] = done.collected.failed
    assert (failed.source, failed.hint) == ("billed:0", "Export it again.")
    assert [one.result.rows for one in done.collected.results] == [1]
    problems = cost_problems([done], {})
    verdict = judge_collection([done], problems, 0)
    assert not verdict.complete
    assert not verdict.nothing
    assert "No number" in verdict.message


def test_an_error_that_may_pass_is_raised_after_the_others_were_tried(sqlite_store: Store) -> None:
    cloud = Cloud([Rows(error=Throttled("Slow down.")), Rows([Decimal(3)])])
    with pytest.raises(Throttled):
        collect(sqlite_store, cloud)
    report = reconcile_workspaces(sqlite_store, ["default"], MONTH.start, MONTH.end)["default"]
    assert {one.source for one in report.comparisons} == {"billed:1"}


def test_a_list_that_cannot_be_read_is_an_error_and_not_an_empty_bill(sqlite_store: Store) -> None:
    with pytest.raises(Unavailable):
        collect(sqlite_store, Cloud([], list_error=Unavailable("No answer.")))


def test_a_provider_without_costs_is_refused_with_advice(sqlite_store: Store) -> None:
    with pytest.raises(Unsupported, match="reads no costs") as error:
        collect(sqlite_store, object())
    assert "price book" in error.value.hint


@pytest.mark.parametrize(("total", "differs"), [("3.5", False), ("3.6", True)])
def test_the_ledger_is_compared_with_what_the_source_states(
    sqlite_store: Store, total: str, differs: bool
) -> None:
    costs = [Decimal(0)] * 30 + [Decimal("3.5")]
    collect(sqlite_store, Cloud([Rows(costs)], total=Decimal(total)))
    report = reconcile_workspaces(sqlite_store, ["default"], MONTH.start, MONTH.end)["default"]
    assert report.partial is differs
    [compared] = [one for one in report.comparisons if one.metric is CostMetric.BILLED]
    assert (compared.ours, compared.theirs) == (Decimal("3.5"), Decimal(total))


def test_by_default_the_month_before_and_this_one_are_collected() -> None:
    assert days_of(CollectCostsRequest(), date(2026, 3, 1)) == (
        date(2026, 2, 1),
        date(2026, 3, 2),
    )
    given = CollectCostsRequest(start=date(2025, 1, 5), end=date(2025, 1, 6))
    assert days_of(given, date(2026, 3, 1)) == (date(2025, 1, 5), date(2025, 1, 6))


def test_a_run_imports_from_folders_of_the_operator_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = home / "bills"
    allowed.mkdir()
    monkeypatch.setenv("SKYCLUST_COST_IMPORT_FOLDERS", str(allowed))
    (allowed / "out").symlink_to(home)
    assert allowed_folder(str(allowed / "aws")) == allowed / "aws"
    for outside in (str(home), str(allowed / ".." / "x"), str(allowed / "out"), "/"):
        with pytest.raises(PermissionDenied):
            allowed_folder(outside)


def test_a_source_is_named_by_its_folder_or_file(home: Path) -> None:
    (home / "My Bill 2026.csv.gz").write_bytes(b"")
    assert source_name(home / "My Bill 2026.csv.gz") == "My-Bill-2026"
    assert source_name(home / "Ünïcode & co") == "n-code-co"
    assert source_name(home / "---") == "import"
    assert source_name(home / "hosting") != source_name(home / "HOSTING"), "they are two folders"
    for name in ("a" * 200, f"{'a' * 99} b", "My Bill 2026.csv.gz", "é.csv", "..."):
        assert is_source_name(source_name(home / name)), name


def test_a_bucket_needs_exactly_one_credential() -> None:
    for credentials in ((), ("one", "two")):
        with pytest.raises(ValueError, match="one credential"):
            CollectCostsRequest(folder="s3://bucket/x", credentials=credentials)
    with pytest.raises(ValueError, match="not the address"):
        CollectCostsRequest(folder="s3://b", credentials=("one",))
    request = CollectCostsRequest(folder="s3://bucket/x/", credentials=("one",))
    assert str(request.bucket) == "s3://bucket/x"


@pytest.mark.parametrize("error", [PermissionDenied, InvalidRequest, Unavailable])
def test_advice_on_a_credential_is_given_for_credentials_alone(error: type[SkyClustError]) -> None:
    """A folder and a price book are read by no credential, also where one was refused before."""
    raised = error("No.", hint="Look at it.")
    folder = CredentialKey("default", "folder", "")
    by_hand = CredentialKey("default", "by-hand", "")
    problems = cost_problems([], {by_hand: raised}, {ACCOUNT: raised, folder: raised})
    hints = {one.account: one.hint for one in problems}
    assert hints["folder"] == "Look at it."
    assert "skyclust" in hints["by-hand"]
    assert "skyclust" in hints["prod"]


@pytest.mark.parametrize("name", ["OV", "ov", "My-Bill_2026.v2", "a" * 100])
def test_a_source_that_is_named_keeps_its_name_in_commands_and_runs(name: str) -> None:
    assert is_source_name(name)
    assert CollectCostsRequest(workspace="default", folder="/srv/x", source=name).source == name


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a:b", "a/b", "-a", "a-", "a--b", "é", "a\n", "a" * 101, "$ref"]
)
def test_what_is_no_name_of_a_source_is_refused_by_commands_and_runs(
    sqlite_store: Store, home: Path, name: str
) -> None:
    with pytest.raises(InvalidRequest, match="no name of a source"):
        import_folder(sqlite_store, "default", home, OPTIONS, LOG, source=name)
    with pytest.raises(ValidationError):
        CollectCostsRequest(workspace="default", folder="/srv/x", source=name)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"source": "hosting"}, "give `folder` as well"),
        ({"folder": "/srv/x", "credentials": ["prod"]}, "leave out `credentials`"),
        ({"folder": "/srv/x", "providers": ["aws"], "source": "x"}, "leave out `providers`"),
    ],
)
def test_a_request_of_which_a_part_would_be_ignored_is_refused(
    fields: dict[str, object], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        CollectCostsRequest.model_validate({"workspace": "default", **fields})


def test_a_folder_is_imported_under_a_name_and_reconciled_for_a_range_of_days() -> None:
    fields = {"folder": "/srv/x", "source": "x", "start": "2026-01-01", "end": "2026-02-01"}
    assert CollectCostsRequest.model_validate(fields).summary == "import costs from x"
