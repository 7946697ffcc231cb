"""Bills in a bucket are imported as those of a folder: by command, and by a run of the form."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.config import Config

from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.queries import query_costs
from skyclust.orchestration.credentials import save_credential
from skyclust.orchestration.runs import run_here
from skyclust_sandbox.aws.bill import sample_bill
from skyclust_sandbox.aws.credential import EXPORT_ADDRESS
from skyclust_sandbox.billing.bill import Bill, Publication
from skyclust_sandbox.faults import Fault, FaultKind
from tests.flows.commands import Commands
from tests.flows.conftest import Installation
from tests.unit.costs.focus.samples import ROW
from tests.unit.costs.imports.exports import PAYER, csv_bytes, write_azure_run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.integration

BUCKET = "copies"
JULY = (date(2026, 7, 1), date(2026, 8, 1))


@pytest.fixture
def s3(installation: Installation) -> Iterator[S3Client]:
    """Return a client of the account's S3, with an empty bucket."""
    client: Any = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=installation.sandbox.endpoint,
        aws_access_key_id=installation.sandbox.access_key,
        aws_secret_access_key="any",
        config=Config(s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket=BUCKET)
    yield client
    client.close()


@pytest.fixture
def commands(
    installation: Installation, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Commands:
    """Return commands of this installation; the variables that they set are put back."""
    for name in ("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", "NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "30" if name.startswith("PREFECT") else "127.0.0.1,localhost")
    return Commands(capsys)


def focus_row(day: str, cost: str = "1.5", **columns: str) -> dict[str, str]:
    """Return a row of a day of July 2026, with all columns that FOCUS demands."""
    row = {name: value or "" for name, value in ROW.items()}
    times = {"ChargePeriodStart": f"{day}T00:00:00Z", "ChargePeriodEnd": f"{day}T01:00:00Z"}
    return row | times | {"BilledCost": cost, "EffectiveCost": cost} | columns


def csv_of(rows: list[dict[str, str]]) -> bytes:
    return csv_bytes(rows, list(ROW))


@pytest.fixture
def command(installation: Installation, commands: Commands) -> Callable[..., Any]:
    """Return a function that imports from the bucket by command, and returns its JSON."""

    def run(address: str, *options: str) -> Any:
        given = ("--credential", installation.credential, *options)
        return commands.json("cost", "import", address, *given)

    return run


def put(s3: S3Client, objects: Mapping[str, bytes]) -> None:
    for name, content in objects.items():
        s3.put_object(Bucket=BUCKET, Key=name, Body=content)


def copy_tree(s3: S3Client, folder: Path, prefix: str) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    put(s3, {f"{prefix}/{path.relative_to(folder)}": path.read_bytes() for path in files})


def billed(installation: Installation, start: date, end: date) -> Decimal:
    frame = query_costs(installation.store, ["default"], CostQuery(start, end))
    return sum(frame["billed_cost"], Decimal(0))


def parquet(rows: list[dict[str, str]]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), stream)
    return stream.getvalue()


@pytest.fixture
def bill(installation: Installation) -> Bill:
    """Return the bill whose export is in the sandbox's bucket."""
    installation.sandbox.bill_sample(3)
    return sample_bill(3, datetime.now(UTC).date())


def test_csv_gzip_and_parquet_are_read_below_a_prefix(
    installation: Installation, s3: S3Client, command: Callable[..., Any]
) -> None:
    put(
        s3,
        {
            "bills/a.csv": csv_of([focus_row("2026-07-01", "1.10")]),
            "bills/b.csv.gz": gzip.compress(csv_of([focus_row("2026-07-02", "2.20")])),
            "bills/deep/c.parquet": parquet([focus_row("2026-07-03", "3.30")]),
            "bills/": b"",
            "bills-old/d.csv": csv_of([focus_row("2026-07-04", "99")]),
        },
    )
    found = command(f"s3://{BUCKET}/bills/")
    assert found["source"] == "bills"
    [row] = found["deliveries"]
    assert (row["state"], row["source"], row["rows"]) == ("applied", "file:bills", 3)
    assert billed(installation, *JULY) == Decimal("6.60")
    [again] = command(f"s3://{BUCKET}/bills")["deliveries"]
    assert again["state"] == "unchanged"
    one = command(f"s3://{BUCKET}/bills-old/d.csv", "--source", "old")
    assert [each["shadow"] for each in one["deliveries"]] == [True]
    assert billed(installation, *JULY) == Decimal("6.60")


def test_the_export_of_aws_is_read_by_its_manifests(
    installation: Installation, bill: Bill, command: Callable[..., Any]
) -> None:
    found = command(EXPORT_ADDRESS)
    assert [row["period"] for row in found["deliveries"]] == [f"{p:%Y-%m}" for p in bill.periods()]
    period = bill.restated_period
    assert billed(installation, period, bill.open_period) == bill.total(period, Publication.FIRST)


def test_an_export_of_azure_that_was_copied_is_read_by_its_manifest(
    installation: Installation,
    s3: S3Client,
    command: Callable[..., Any],
    tmp_path: Path,
    commands: Commands,
) -> None:
    rows = [focus_row(f"2026-07-{day:02}", "1", ProviderName="Microsoft") for day in range(1, 22)]
    write_azure_run(tmp_path, [rows[:11], rows[11:]])
    copy_tree(s3, tmp_path, "azure")
    [row] = command(f"s3://{BUCKET}/azure")["deliveries"]
    assert (row["state"], row["rows"], row["billing_account"]) == ("applied", 21, PAYER)
    part = next(
        item for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"] if "part" in item["Key"]
    )
    s3.delete_object(Bucket=BUCKET, Key=part["Key"])
    commands.run(
        *("cost", "import", f"s3://{BUCKET}/azure", "--credential", installation.credential),
        code=1,
    )
    assert "is missing" in commands.said
    assert billed(installation, *JULY) == 21


def test_a_copied_export_of_aws_may_have_been_copied_in_any_order(
    installation: Installation, s3: S3Client, bill: Bill, command: Callable[..., Any]
) -> None:
    command(EXPORT_ADDRESS)
    before = billed(installation, bill.restated_period, bill.open_period)
    source, prefix = EXPORT_ADDRESS.removeprefix("s3://").split("/", 1)
    listed = s3.list_objects_v2(Bucket=source, Prefix=prefix)["Contents"]
    for item in sorted(listed, key=lambda one: one["Key"], reverse=True):  # manifests first
        content = s3.get_object(Bucket=source, Key=item["Key"])["Body"].read()
        put(s3, {f"mirror/{item['Key']}": content})
    found = command(f"s3://{BUCKET}/mirror", "--source", "mirror")["deliveries"]
    assert {row["shadow"] for row in found} == {True}
    assert billed(installation, bill.restated_period, bill.open_period) == before


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("s3://copies/nothing", 4, "nothing to import in s3://copies/nothing"),
        ("s3://no-such-bucket/x", 4, "s3://no-such-bucket/x"),
        ("s3://copies", 4, "nothing to import in s3://copies/"),
        ("s3:///x", 2, "is not the address of a bucket"),
    ],
)
def test_an_empty_place_is_an_error_with_its_name(
    installation: Installation,
    s3: S3Client,
    commands: Commands,
    address: str,
    code: int,
    words: str,
) -> None:
    commands.run("cost", "import", address, "--credential", installation.credential, code=code)
    assert words in " ".join(commands.said.split())


def test_a_bucket_that_may_not_be_listed_is_refused(
    installation: Installation, bill: Bill, commands: Commands
) -> None:
    values = {
        "access_key_id": installation.sandbox.other_access_key,
        "secret_access_key": "any",
        "endpoint": installation.sandbox.endpoint,
    }
    name = f"{installation.credential}-other"
    save_credential(installation.store, "default", name, "aws", values)
    commands.run("cost", "import", EXPORT_ADDRESS, "--credential", name, code=5)
    assert "s3://company-billing/exports/focus" in " ".join(commands.said.split())


def test_a_credential_of_another_cloud_reads_no_bucket(
    installation: Installation, commands: Commands
) -> None:
    name = f"{installation.credential}-pve"
    values = {
        "endpoint": "https://pve.example:8006",
        "user": "root@pam",
        "token_name": "skyclust",
        "token_value": "12345678-1234-1234-1234-123456789abc",
    }
    save_credential(installation.store, "default", name, "proxmox", values)
    commands.run("cost", "import", "s3://copies/x", "--credential", name, code=1)
    said = " ".join(commands.said.split())
    assert "s3://copies/x cannot be read with a credential of 'proxmox'" in said
    commands.run("cost", "import", "s3://copies/x", code=2)
    assert "which one?" in " ".join(commands.said.split())
    commands.run("cost", "import", "/srv/bills", "--credential", name, code=2)


def test_a_cut_object_is_refused_by_its_name(
    installation: Installation, s3: S3Client, commands: Commands
) -> None:
    rows = [focus_row("2026-07-01", f"{number}.5") for number in range(2000)]
    put(s3, {"cut/bill.csv.gz": gzip.compress(csv_of(rows))[:-2000]})
    commands.run(
        "cost", "import", f"s3://{BUCKET}/cut", "--credential", installation.credential, code=2
    )
    assert "cut/bill.csv.gz is damaged or was cut off" in " ".join(commands.said.split())
    assert billed(installation, *JULY) == 0


def run(installation: Installation, **request: Any) -> Any:
    given = {"workspace": "default", "credentials": [installation.credential]} | request
    return run_here("collect-costs", given)


def test_a_run_imports_through_throttling_and_lost_replies(
    installation: Installation, s3: S3Client
) -> None:
    rows = [focus_row(f"2026-07-{day:02}", "1.25") for day in range(1, 31)]
    put(s3, {"bills/a.csv": csv_of(rows[:15]), "bills/b.csv": csv_of(rows[15:])})
    installation.sandbox.inject(
        Fault(kind=FaultKind.THROTTLE, action="GetObject", probability=0.3),
        Fault(kind=FaultKind.DROP_REPLY, action="*Object*", probability=0.2),
        Fault(kind=FaultKind.ERROR, action="ListObjectsV2", times=2),
    )
    outcome = run(installation, folder=f"s3://{BUCKET}/bills", source="july")
    assert outcome.state_name == "Completed", outcome.message
    assert billed(installation, *JULY) == Decimal("37.5")
    [row] = outcome.tables["cost-deliveries-default"]
    assert row["source"] == "file:july"


def test_a_source_that_stays_silent_fails_the_run_and_nothing_is_imported(
    installation: Installation, s3: S3Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("providers.aws.client.READ_SECONDS", 0.3)
    monkeypatch.setattr("providers.aws.client.ATTEMPTS", 1)
    monkeypatch.setattr("tasks.costs.import_costs_of_bucket.retries", 0)
    put(s3, {"bills/a.csv": csv_of([focus_row("2026-07-01")])})
    installation.sandbox.inject(Fault(kind=FaultKind.DELAY, action="GetObject", seconds=3))
    outcome = run(installation, folder=f"s3://{BUCKET}/bills")
    installation.sandbox.clear()
    assert outcome.state_type == "FAILED"
    [problem] = outcome.tables["cost-problems-default"]
    assert problem["error class"] == "Timeout"
    assert f"s3://{BUCKET}/bills/a.csv" in problem["reason"]
    assert billed(installation, *JULY) == 0


def test_a_run_says_that_a_prefix_is_empty(installation: Installation, s3: S3Client) -> None:
    outcome = run(installation, folder=f"s3://{BUCKET}/bills")
    assert outcome.state_type == "FAILED"
    [problem] = outcome.tables["cost-problems-default"]
    assert problem["error class"] == "NotFound"
    assert f"s3://{BUCKET}/bills" in problem["reason"]
