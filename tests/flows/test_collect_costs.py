"""Costs are collected whole, once, and reconciled; what fails is reported and never zero."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prefect.client.schemas.objects import StateType

from skyclust.cli.main import main
from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.coverage import coverage
from skyclust.costs.ledger.queries import query_costs
from skyclust.orchestration.credentials import save_credential
from skyclust.orchestration.runs import RunOutcome, run_here
from skyclust_sandbox.aws.bill import sample_bill
from skyclust_sandbox.aws.credential import EXPORT_ADDRESS
from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.faults import Fault, FaultKind
from tests.flows.commands import Commands
from tests.flows.conftest import Installation, artifacts_of, read_run

pytestmark = pytest.mark.integration

INSTANCES = 3


@pytest.fixture
def bill(installation: Installation) -> Bill:
    """Return the bill of the account, whose credential names its export."""
    installation.sandbox.bill_sample(INSTANCES)
    values = {"access_key_id": "sandbox", "secret_access_key": "any"}
    save_credential(
        installation.store,
        "default",
        installation.credential,
        "aws",
        values | {"endpoint": installation.sandbox.endpoint, "cost_export": EXPORT_ADDRESS},
        replace=True,
    )
    return sample_bill(INSTANCES, datetime.now(UTC).date())


def collect(installation: Installation, bill: Bill, **request: Any) -> RunOutcome:
    parameters = {"workspace": "default", "credentials": [installation.credential]}
    days = {"start": bill.restated_period.isoformat(), "end": bill.open_period.isoformat()}
    return run_here("collect-costs", parameters | days | request)


def billed(installation: Installation, bill: Bill) -> Decimal:
    """Return what the ledger has of the restated month."""
    query = CostQuery(bill.restated_period, bill.open_period)
    frame = query_costs(installation.store, ["default"], query)
    return sum(frame["billed_cost"], Decimal(0))


def test_a_collection_is_complete_once_and_follows_a_restated_month(
    installation: Installation, bill: Bill
) -> None:
    first = collect(installation, bill)
    assert first.state_name == "Completed", first.message
    assert billed(installation, bill) == bill.total(bill.restated_period, Publication.FIRST)
    compared = first.tables["cost-reconciliation-default"]
    assert {row["verdict"] for row in compared} == {"within tolerance"}
    again = collect(installation, bill)
    assert "0 deliveries applied" in again.message
    installation.sandbox.publish_next_bill()
    installation.sandbox.publish_next_bill()
    restated = collect(installation, bill)
    assert restated.state_name == "Completed", restated.message
    assert billed(installation, bill) == bill.total(bill.restated_period, Publication.RESTATED)
    run = read_run(restated.run_id)
    assert "workspace:default" in run.tags
    assert "costs-progress" in artifacts_of(restated.run_id)


def test_what_cannot_be_compared_is_counted_and_shown_on_request(
    installation: Installation, bill: Bill, capsys: pytest.CaptureFixture[str]
) -> None:
    collect(installation, bill)
    commands = Commands(capsys)
    days = ("--from", str(bill.restated_period), "--to", str(bill.open_period))
    shown = commands.json("cost", "reconcile", *days)
    assert {row["verdict"] for row in shown} == {"within tolerance"}
    everything = commands.json("cost", "reconcile", *days, "--all")
    assert everything[: len(shown)] == shown
    assert "record type Usage" in {row["scope"] for row in everything[len(shown) :]}
    commands.run("cost", "reconcile", *days)
    assert f"{len(everything) - len(shown)} totals that cannot be compared" in commands.said


def test_a_source_that_refuses_fails_the_run_and_leaves_gaps(
    installation: Installation, bill: Bill
) -> None:
    installation.sandbox.inject(Fault(kind=FaultKind.DENY, times=10_000))
    outcome = collect(installation, bill)
    installation.sandbox.clear()
    assert outcome.state_type == StateType.FAILED.value
    [problem] = outcome.tables["cost-problems-default"]
    assert problem["credential"] == installation.credential
    assert coverage(installation.store, "default", bill.restated_period, bill.open_period) == []


def test_a_worker_imports_from_no_folder_that_its_operator_did_not_allow(
    installation: Installation, bill: Bill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The advice is that of the folder, and the bill that was collected before is not repeated."""
    assert collect(installation, bill).tables["cost-reconciliation-default"]
    (tmp_path / "bill.csv").write_text("BilledCost\n1\n")
    request = {"workspace": "default", "folder": str(tmp_path)}
    request |= {"start": str(bill.restated_period), "end": str(bill.open_period)}
    refused = run_here("collect-costs", request)
    assert "SKYCLUST_COST_IMPORT_FOLDERS" in refused.message
    [problem] = refused.tables["cost-problems-default"]
    assert "credential verify" not in problem["what to do"]
    assert "Grant the permission" not in problem["what to do"]
    assert "cost-reconciliation-default" not in refused.tables
    monkeypatch.setenv("SKYCLUST_COST_IMPORT_FOLDERS", f"/nowhere, {tmp_path}")
    outcome = run_here("collect-costs", request)
    assert outcome.state_type == StateType.FAILED.value
    [problem] = outcome.tables["cost-problems-default"]
    assert problem["error class"] == "InvalidRequest"


def test_nothing_to_collect_is_reported(installation: Installation) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    outcome = run_here(
        "collect-costs", {"workspace": "default", "providers": ["none"], "end": str(tomorrow)}
    )
    assert outcome.state_name == "Completed"
    assert "nothing to collect" in outcome.message


DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]*[1-9])?")
KEY = re.compile(r"[a-z][a-z0-9_]*")


def keys_of(content: object) -> set[str]:
    """Return every key of a JSON document, at every depth."""
    if isinstance(content, list):
        return {key for one in content for key in keys_of(one)}
    if not isinstance(content, dict):
        return set()
    return set(content) | {key for one in content.values() for key in keys_of(one)}


def test_json_of_a_collection_is_for_programs_and_its_tables_are_for_people(
    installation: Installation, bill: Bill, capsys: pytest.CaptureFixture[str]
) -> None:
    """The amounts are those of the table, exactly, and calls that cost are no delivery."""
    commands = Commands(capsys)
    days = ("--from", str(bill.restated_period), "--to", str(bill.open_period))
    alone = ("--credential", installation.credential, "--local")
    record = commands.json("cost", "collect", *days, *alone)
    shown = commands.json("run", "show", record["run_id"])
    assert shown == record
    assert all(KEY.fullmatch(key) for key in keys_of(record)), keys_of(record)
    assert {one["state"] for one in record["deliveries"]} == {"applied"}
    [calls] = record["calls"]
    assert (calls["account"], calls["currency"]) == (installation.credential, "USD")
    assert calls["calls"] > 0
    assert DECIMAL.fullmatch(calls["price"])
    reconciled = commands.json("cost", "reconcile", *days)
    for one in record["reconciliation"]:
        [same] = [
            other
            for other in reconciled
            if all(other[name] == one[name] for name in ("metric", "scope", "billing_account"))
        ]
        assert same.items() >= one.items()
        amounts = [one[name] for name in ("ours", "theirs", "difference", "percent")]
        assert all(DECIMAL.fullmatch(amount) for amount in amounts if amount is not None)
    table = commands.run("run", "show", record["run_id"])
    assert f"{Decimal(calls['price']):,.2f} USD" in table
    assert "billing account" in table


def test_json_of_a_collection_that_failed_has_its_problems(
    installation: Installation, bill: Bill, capsys: pytest.CaptureFixture[str]
) -> None:
    installation.sandbox.inject(Fault(kind=FaultKind.DENY, times=10_000))
    outcome = collect(installation, bill)
    installation.sandbox.clear()
    with pytest.raises(SystemExit):
        main(["run", "show", outcome.run_id, "--json"])
    record = json.loads(capsys.readouterr().out)
    assert all(KEY.fullmatch(key) for key in keys_of(record)), keys_of(record)
    [problem] = record["problems"]
    assert (problem["credential"], problem["error_class"]) == (
        installation.credential,
        "PermissionDenied",
    )
