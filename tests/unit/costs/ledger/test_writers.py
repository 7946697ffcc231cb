"""Several writers at once, and a root in S3."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import boto3
import pyarrow as pa
import pytest
from moto.server import ThreadedMotoServer

from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.delivering import DeliveryResult
from skyclust.costs.ledger.listing import list_deliveries
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.retracting import retract_delivery
from skyclust.costs.ledger.storage import open_root
from skyclust.errors import NotFound
from skyclust.store.engine import Store
from tests.unit.costs.bills import JANUARY, PRODUCED, bill, days_of, delivery
from tests.unit.costs.ledger.ledgers import Ledger

DAYS = days_of(JANUARY)[:4]


def test_writers_at_once_leave_what_the_newest_delivered(ledger: Ledger) -> None:
    together = threading.Barrier(4)
    given = [
        (bill(DAYS, seed=seed), delivery(produced_at=PRODUCED + timedelta(hours=seed)))
        for seed in range(1, 4)
    ]
    given.append((bill(DAYS, seed=9, account="other"), delivery(billing_account_id="other")))

    def apply(number: int) -> DeliveryResult:
        together.wait()
        rows, one = given[number]
        return ledger.apply(rows, one)

    order = list(range(4))
    random.Random(1).shuffle(order)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(apply, order))
    at_once = ledger.contents(), ledger.rollups()
    before = {key: value for key, value in at_once[0].items() if key[1] != "other"}
    # The newest once more, alone: nothing is left for it to change.
    again = ledger.apply(given[2][0], given[2][1])
    assert (again.days_written, again.days_withdrawn) == ((), ())
    assert (ledger.contents(), ledger.rollups()) == at_once
    assert len(before) == 4
    assert len(at_once[0]) == 8


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a bucket on a server that speaks S3."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1").create_bucket(
        Bucket="costs"
    )
    yield f"s3://costs/ledger?scheme=http&endpoint_override={host}:{port}&region=us-east-1"
    server.stop()


@pytest.mark.integration
def test_a_bucket_is_a_root_like_a_folder(sqlite_store: Store, bucket: str) -> None:
    ledger = Ledger(sqlite_store, open_root(bucket))
    rows = bill(DAYS)
    ledger.apply(rows)
    before = ledger.contents()
    assert ledger.files() == sorted(ledger.current_names())
    changed = delivery(produced_at=PRODUCED + timedelta(hours=1))
    second = ledger.apply([bill(DAYS[:3]), bill(DAYS[3:], seed=2)], changed)
    assert second.days_written == (DAYS[3],)
    query = CostQuery(JANUARY.start, JANUARY.end, by=["resource"])
    from_slices = query_costs(ledger.store, ["default"], query, root=ledger.root)
    whole = CostQuery(JANUARY.start, JANUARY.end)
    [month] = query_costs(ledger.store, ["default"], whole, root=ledger.root)["effective_cost"]
    assert sum(from_slices["effective_cost"]) == month
    retract_delivery(
        ledger.store,
        "default",
        second.delivery_id or "",
        requested_by="user:1",
        root=ledger.root,
    )
    assert ledger.contents() == before
    ledger.root.delete(ledger.current_names()[0])
    with pytest.raises(NotFound):
        query_costs(ledger.store, ["default"], query, root=ledger.root)


@pytest.mark.parametrize("newer", [True, False])
def test_the_losers_of_a_race_end_as_they_do_one_after_the_other(
    ledger: Ledger, newer: bool
) -> None:
    """Three writers of one file, and perhaps one of a newer file: no delivery is there twice."""
    number = 4 if newer else 3
    together = threading.Barrier(number)
    rows = bill(DAYS)
    given = [(rows, delivery(fingerprint="file"))] * 3
    given.append(
        (
            bill(DAYS, seed=2),
            delivery(fingerprint="newer", produced_at=PRODUCED + timedelta(days=1)),
        )
    )

    def staged(number: int) -> Iterator[pa.Table]:
        # Each has looked for its fingerprint, and found nothing, when the rows are read.
        together.wait()
        yield given[number][0]

    with ThreadPoolExecutor(number) as pool:
        results = list(
            pool.map(lambda each: ledger.apply(staged(each), given[each][1]), range(number))
        )
    states = sorted(each.state.value for each in results)
    if newer and "superseded" in states:  # the newer one was faster than one of the others
        assert set(states) <= {"applied", "superseded", "unchanged"}
    else:
        assert states.count("unchanged") == 2
    assert results[-1].state == "applied" or not newer
    recorded = list_deliveries(ledger.store, "default").deliveries
    assert len(recorded) == states.count("applied") <= 2
    assert len({each.fingerprint for each in recorded}) == len(recorded)
    assert all(each.days_written for each in recorded)
