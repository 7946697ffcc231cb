"""The content of files: what is read, in which types, and what is refused with its place."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skyclust.contract.cost import FileFormat
from skyclust.costs.imports.content import unpacked_text
from skyclust.costs.imports.parquet_rows import opened_parquet, parquet_batches
from skyclust.costs.imports.reading import read_batches
from skyclust.errors import InvalidRequest
from tests.unit.costs.imports.exports import csv_bytes, focus_row


class Unseekable(io.BytesIO):
    """A stream as that of an HTTP answer: it can be read once, from begin to end."""

    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        raise OSError("no place to seek to")


@dataclass(frozen=True)
class Bytes:
    content: bytes
    seekable: bool = True
    name: str = "bill"
    format: FileFormat = FileFormat.CSV
    size: int | None = None
    digest: str | None = None

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        yield io.BytesIO(self.content) if self.seekable else Unseekable(self.content)


def rows(file: Bytes) -> list[dict[str, Any]]:
    return [row for batch in read_batches(file) for row in batch.to_pylist()]


def test_every_column_of_csv_is_text_and_an_empty_field_is_null() -> None:
    text = '\ufeffBilledCost,Tags,x_Note\r\n0.10,"{""a"": ""b,c""}","two\nlines"\r\n,NULL,ü'

    assert rows(Bytes(text.encode())) == [
        {"BilledCost": "0.10", "Tags": '{"a": "b,c"}', "x_Note": "two\nlines"},
        {"BilledCost": None, "Tags": "NULL", "x_Note": "ü"},
    ]


@pytest.mark.parametrize("seekable", [True, False])
def test_gzip_is_known_by_its_content(seekable: bool) -> None:
    packed = gzip.compress(b"a,b\n1,2\n") + gzip.compress(b"3,4\n")

    assert rows(Bytes(packed, seekable)) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


@pytest.mark.parametrize("seekable", [True, False])
def test_parquet_keeps_its_types(seekable: bool) -> None:
    row = {
        "BilledCost": Decimal("0.100000000000"),
        "ListCost": 0.1,
        "ChargePeriodStart": datetime(2026, 7, 1, tzinfo=UTC),
        "Tags": None,
    }
    table = pa.Table.from_pylist([row]).set_column(
        3, "Tags", pa.array([[("team", "a")]], pa.map_(pa.string(), pa.string()))
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)

    assert rows(Bytes(sink.getvalue(), seekable)) == [{**row, "Tags": [("team", "a")]}]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a,b,c\n1,2,3\n1,2\n", "bill, line 3: the row has 2 fields, the header 3"),
        ("a,b,c\n\n1,2,3,4\n", "bill, line 3: the row has 4 fields"),
        ('a,b,c\n1,"x\ny\nz",3\n1,2\n', "bill, line 5: the row has 2 fields"),
        ('a,b,c\n1,"2,3\n4,5,6\n', "bill, from line 2 on: unexpected end"),
        ("a,b,c\n1,2,3\n1,\udcff,3\n", "bill, from line|bill cannot be read as CSV"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_broken_row_is_refused_with_its_line(text: str, place: str, packed: bool) -> None:
    encoded = text.encode(errors="surrogateescape")

    with pytest.raises(InvalidRequest, match=place):
        rows(Bytes(gzip.compress(encoded) if packed else encoded))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"\n1,2\n", "is empty"),
        (b"a,b,a\n1,2,3\n", "more than one column 'a'"),
        (b"PK\x03\x04zip", "ZIP archive"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b'{"error": "AccessDenied"}', "JSON document"),
        (b"\xfca,b\n1,2\n", "no readable header"),
        (b'"a\nb', "no readable header"),
    ],
)
def test_what_is_no_csv_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        rows(Bytes(data))


def test_a_header_alone_has_no_rows() -> None:
    assert rows(Bytes(b"a,b\n")) == rows(Bytes(b"a,b")) == []


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_cut_off_gzip_is_refused(share: float) -> None:
    lines = b"".join(b"%d,%d\n" % (number, number * 7919) for number in range(50_000))
    packed = gzip.compress(b"a,b\n" + lines)

    with pytest.raises(InvalidRequest, match="damaged or was cut off"):
        rows(Bytes(packed[: int(len(packed) * share)]))


def test_a_damaged_gzip_is_refused() -> None:
    packed = bytearray(gzip.compress(csv_bytes([focus_row("2026-07-01")] * 2000)))
    packed[-6] ^= 0xFF  # its checksum

    with pytest.raises(InvalidRequest, match="damaged or was cut off"):
        rows(Bytes(bytes(packed)))


@pytest.mark.parametrize("seekable", [True, False])
def test_a_cut_off_parquet_is_refused(seekable: bool) -> None:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([focus_row("2026-07-01")] * 1000), sink)

    with pytest.raises(InvalidRequest, match="not a whole parquet file"):
        rows(Bytes(sink.getvalue()[:-100], seekable))


def test_damaged_pages_of_parquet_are_refused() -> None:
    sink = io.BytesIO()
    values = pa.table({"a": [str(number * 7919) for number in range(5000)]})
    pq.write_table(values, sink, compression="zstd", write_page_checksum=True)
    damaged = bytearray(sink.getvalue())
    damaged[200:400] = bytes(200)

    with pytest.raises(InvalidRequest, match="not a whole parquet file"):
        rows(Bytes(bytes(damaged)))


def test_a_decompression_bomb_ends_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = gzip.compress(b"a,b\n" + b"1,2\n" * 5_000_000)
    text = unpacked_text(bomb[:4], io.BytesIO(bomb), "bill", largest=2**20)
    with pytest.raises(InvalidRequest, match="after unpacking"):
        text.read()

    table = pa.table({"a": ["x" * 1000] * 5000})
    sink = io.BytesIO()
    pq.write_table(table, sink, use_dictionary=False)
    with (
        pytest.raises(InvalidRequest, match="after unpacking"),
        opened_parquet(sink, "bill", largest=2**20),
    ):
        pass


def test_a_value_that_is_written_once_counts_in_every_row() -> None:
    sink = io.BytesIO()
    pq.write_table(pa.table({"a": ["x" * 1000] * 20_000}), sink)

    with opened_parquet(sink, "bill") as file, pytest.raises(InvalidRequest, match="unpacking"):
        list(parquet_batches(file, "bill", largest=2**20))


def test_a_row_longer_than_a_block_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="bill"):
        rows(Bytes(b"a,b\n1," + b"x" * (20 * 2**20) + b"\n"))


def peak_memory(count: int) -> int:
    """Return the bytes that Arrow and Python held at most while reading so many rows."""
    header, line = csv_bytes([focus_row("2026-07-01")]).splitlines(keepends=True)
    packed = gzip.compress(header + line * count, compresslevel=1)
    before = pa.total_allocated_bytes()
    tracemalloc.start()
    peak = read = 0
    for batch in read_batches(Bytes(packed)):
        read += batch.num_rows
        peak = max(peak, pa.total_allocated_bytes() - before)
    python_peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read == count
    return peak + python_peak


def test_memory_does_not_grow_with_the_file() -> None:
    # The file has 83 MB after unpacking; the blocks that are read ahead hold 50 MB at most.
    assert peak_memory(600_000) < 64 * 2**20
