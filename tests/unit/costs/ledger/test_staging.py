"""Staged slices: each row is in the file of its slice, and the hash is of the rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skyclust.costs.focus.ledger_schema import LEDGER_SCHEMA
from skyclust.costs.ledger import staging, text_numbers
from skyclust.costs.ledger.staging import SliceKey, stage
from skyclust.costs.ledger.staging_folders import staging_folder
from tests.unit.costs.bills import JANUARY, bill, changed, days_of, parts

DAYS = days_of(JANUARY)[:2]


def hashes(tables: Sequence[Any]) -> dict[SliceKey, str]:
    with staging_folder() as folder:
        return {key: each.content_hash for key, each in stage(tables, folder).slices.items()}


def one_hash(table: Any) -> str:
    [content_hash] = hashes([table]).values()
    return content_hash


def rows_of(tables: Sequence[Any]) -> list[str]:
    return sorted(str(row) for table in tables for row in table.to_pylist())


@pytest.fixture(params=["few texts", "many texts", "no room"])
def room(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let texts be kept once, be too many for it later on, or never be kept."""
    monkeypatch.setattr(staging, "BUFFERED_BYTES", 1)
    if request.param == "many texts":
        monkeypatch.setattr(text_numbers, "LARGEST", 700)
    elif request.param == "no room":
        monkeypatch.setattr(text_numbers, "LARGEST", 0)


@pytest.mark.usefixtures("room")
def test_files_have_the_rows_and_types_of_the_ledger(tmp_path: Path) -> None:
    tables = [bill(DAYS, rows=9, seed=seed, resources=40) for seed in range(8)]
    tables[3] = bill(DAYS, rows=9, seed=3, extra={"x_Extra": "é"})
    staged = stage(tables, tmp_path)
    read = [pq.read_table(each.path) for each in staged.slices.values()]
    for table in read:
        extra = pa.field("x_Extra", pa.string())
        assert table.schema.remove_metadata() == pa.schema([*LEDGER_SCHEMA, extra])
        assert len(set(table["ChargePeriodStart"].cast(pa.date32()).to_pylist())) == 1
    whole = pa.concat_tables(tables, promote_options="default")
    assert rows_of(read) == rows_of([whole])


@pytest.mark.usefixtures("room")
def test_neither_room_nor_parts_nor_order_change_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.concat_tables([bill(DAYS, rows=30, resources=40), bill(DAYS, rows=3)])
    backwards = table.take(list(reversed(range(table.num_rows))))
    cut = hashes(list(parts(table, 7)))
    monkeypatch.undo()
    assert cut == hashes([table]) == hashes([backwards])
    monkeypatch.setattr(staging, "ROW_GROUP", 5)
    assert cut == hashes([table])


def test_the_hash_is_the_same_on_every_computer_and_with_every_version() -> None:
    assert one_hash(bill(DAYS[:1], rows=3)) == (
        "c6bc00e5e07bb0a6143781dfb35ec33982a9ed11f575d6a9c8a6a38a5e818a1b"
    )


def test_an_empty_column_does_not_count() -> None:
    table = bill(DAYS[:1])
    nothing = pa.nulls(table.num_rows, pa.string())
    assert one_hash(table.append_column("x_Nothing", nothing)) == one_hash(table)
    some = pa.array(["", *[None] * (table.num_rows - 1)], pa.string())
    assert one_hash(table.append_column("x_Nothing", some)) != one_hash(table)


def test_equal_rows_are_counted() -> None:
    table = bill(DAYS[:1], rows=2)
    twice = pa.concat_tables([table, table])
    assert len({one_hash(table), one_hash(twice), one_hash(pa.concat_tables([twice, table]))}) == 3


def test_values_that_change_places_are_other_rows() -> None:
    table = bill(DAYS[:1], rows=2)
    texts = [("a", "b"), ("b", "a"), (None, "ab"), ("ab", None), ("a", None), (None, None)]
    seen = set()
    for service, region in texts:
        other = changed(changed(table, "ServiceName", [service] * 2), "RegionId", [region] * 2)
        seen.add(one_hash(other))
    for costs in ((1, 2), (2, 1), (None, 0), (0, None), (None, None), (1, -1), (-1, 1)):
        other = changed(
            changed(table, "ListCost", [costs[0]] * 2), "ContractedCost", [costs[1]] * 2
        )
        seen.add(one_hash(other))
    # Columns of two rows that change places, too.
    for names in (["a", "b"], ["b", "a"]):
        seen.add(one_hash(changed(table, "ServiceName", names)))
    assert len(seen) == len(texts) + 7 + 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-(10**37), 10**37), min_size=2, max_size=6))
def test_the_last_digit_of_an_amount_counts(costs: list[int]) -> None:
    def of(values: list[int]) -> str:
        # The rows differ in their costs alone.
        table = bill(DAYS[:1], rows=1).take([0] * len(values))
        return one_hash(changed(table, "ListCost", [Decimal(f"{n}E-12") for n in values]))

    assert of(costs) == of(costs[::-1])
    assert of([costs[0] + 1, *costs[1:]]) != of(costs)
