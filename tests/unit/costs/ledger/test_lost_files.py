"""Files that are lost, short or decayed: named with their repair, and written anew by it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from skyclust.costs.ledger.cost_query import CostQuery
from skyclust.costs.ledger.delivering import DeliveryState
from skyclust.costs.ledger.queries import query_costs
from skyclust.costs.ledger.slice_files import damage_error, lost_or_short, read_current
from skyclust.costs.ledger.verifying import ROUND, verify_files
from skyclust.errors import Conflict, NotFound
from skyclust.store import cost_slices
from tests.unit.costs.bills import ACCOUNT, JANUARY, PRODUCED, SOURCE, bill, days_of, delivery
from tests.unit.costs.ledger.ledgers import Ledger

DAYS = days_of(JANUARY)[:6]
BY_RESOURCE = CostQuery(JANUARY.start, JANUARY.end, by=["resource"])


def local(ledger: Ledger, name: str) -> Path:
    path = ledger.root.local_path(name)
    assert path is not None
    return path


DAMAGES: dict[str, Callable[[Path], object]] = {
    "lost": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "short": lambda path: path.write_bytes(path.read_bytes()[:-100]),
    "long": lambda path: path.write_bytes(path.read_bytes() + b"more"),
    "elsewhere": lambda path: path.rename(path.with_suffix(".other")),
}
"""What happens to a file that changes its size."""


@pytest.mark.parametrize("damage", sorted(DAMAGES))
@pytest.mark.parametrize("fingerprint", ["known", None])
@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=1)])
def test_the_same_delivery_writes_the_days_whose_files_are_damaged(
    sqlite_ledger: Ledger, fingerprint: str | None, later: timedelta, damage: str
) -> None:
    ledger = sqlite_ledger
    rows = bill(DAYS)
    ledger.apply(rows, delivery(fingerprint=fingerprint))
    before = (ledger.contents(), ledger.rollups(), ledger.rows_by_day())
    answer = query_costs(ledger.store, ["default"], BY_RESOURCE, root=ledger.root)
    lost = [ledger.current_names()[place] for place in (1, 4)]
    for name in lost:
        DAMAGES[damage](local(ledger, name))
    if damage != "long":  # which is read as if nothing had happened, and found by verification
        with pytest.raises(NotFound) as refused:
            query_costs(ledger.store, ["default"], BY_RESOURCE, root=ledger.root)
        for day, name in zip((DAYS[1], DAYS[4]), lost, strict=True):
            assert f"{day} of {ACCOUNT} by {SOURCE}: the file {name}" in refused.value.message
        assert "Collect or import these days again" in refused.value.hint
    found = verify_files(ledger.store, "default", JANUARY.end, root=ledger.root)
    assert [each.partition(" ")[0] for each in found] == [str(DAYS[1]), str(DAYS[4])]

    again = delivery(fingerprint=fingerprint, produced_at=PRODUCED + later)
    mended = ledger.apply(rows, again)
    assert mended.state is DeliveryState.APPLIED
    assert mended.days_written == (DAYS[1], DAYS[4])
    assert (ledger.contents(), ledger.rollups(), ledger.rows_by_day()) == before
    assert not {*lost} & {*ledger.current_names()}
    assert verify_files(ledger.store, "default", JANUARY.end, root=ledger.root) == []
    assert answer.equals(query_costs(ledger.store, ["default"], BY_RESOURCE, root=ledger.root))
    assert ledger.apply(rows, again).days_written == ()


def test_a_ledger_whose_whole_folder_is_lost_is_collected_again(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    rows = bill(DAYS)
    ledger.apply(rows, delivery(fingerprint="known"))
    before = ledger.contents()
    for name in ledger.files():
        ledger.root.delete(name)
    assert ledger.apply(rows, delivery(fingerprint="known")).days_written == (*DAYS,)
    assert ledger.contents() == before
    assert ledger.files() == sorted(ledger.current_names())


def test_a_changed_byte_is_found_within_a_round_and_repaired_by_a_person(
    sqlite_ledger: Ledger,
) -> None:
    """DuckDB does not compare checksums: where it reads on, the sum is wrong until this."""
    ledger = sqlite_ledger
    rows = bill(DAYS, rows=400)
    ledger.apply(rows, delivery(fingerprint="known"))
    before = ledger.contents()
    decayed = ledger.current_names()[2]
    path = local(ledger, decayed)
    content = bytearray(path.read_bytes())
    content[random.Random(7).randrange(100, len(content) // 2)] ^= 0x41
    path.write_bytes(content)
    round_ = [DAYS[2] + timedelta(days=number) for number in range(ROUND)]
    found = [verify_files(ledger.store, "default", day, root=ledger.root) for day in round_]
    assert [len(each) for each in found] == [1] + [0] * (ROUND - 1)
    assert f"{DAYS[2]} of {ACCOUNT} by {SOURCE}: the file {decayed} has pages" in found[0][0]
    path.unlink()
    assert ledger.apply(rows, delivery(fingerprint="known")).days_written == (DAYS[2],)
    assert ledger.contents() == before
    assert not any(verify_files(ledger.store, "default", day, root=ledger.root) for day in round_)


def test_a_reader_whose_slices_were_superseded_meanwhile_reads_the_new_ones(
    sqlite_ledger: Ledger,
) -> None:
    ledger = sqlite_ledger
    ledger.apply(bill(DAYS))
    reads: list[list[str]] = []

    def current() -> list[cost_slices.SliceFile]:
        with ledger.store.reading() as connection:
            return cost_slices.current_files(connection, "default", JANUARY.start, JANUARY.end)

    def read(slices: list[cost_slices.SliceFile], replaced: Iterator[int]) -> list[str]:
        names = [each.file for each in slices]
        reads.append(names)
        seed = next(replaced, None)
        if seed is not None:  # another process delivers the days anew, and removes the old files
            moment = PRODUCED + timedelta(hours=seed)
            ledger.apply(bill(DAYS, seed=seed), delivery(produced_at=moment))
            for name in names:
                ledger.root.delete(name)
        for name in names:
            with ledger.root.open(name):
                pass
        return names

    once = iter([2])
    assert read_current(current, lambda each: read(each, once), ledger.root) == reads[1]
    assert reads[0] != reads[1] == [each.file for each in current()]
    each_time = iter([3, 4])
    with pytest.raises(Conflict, match="does not exist") as refused:
        read_current(current, lambda each: read(each, each_time), ledger.root)
    assert "Repeat the command" in refused.value.hint


def test_an_error_names_some_of_many_lost_files(sqlite_ledger: Ledger) -> None:
    ledger = sqlite_ledger
    ledger.apply(bill(DAYS))
    for name in ledger.files():
        ledger.root.delete(name)
    with ledger.store.reading() as connection:
        files = cost_slices.current_files(connection, "default", JANUARY.start, JANUARY.end)
    assert damage_error(lost_or_short(ledger.root, files)).message.endswith("; and 3 more.")
