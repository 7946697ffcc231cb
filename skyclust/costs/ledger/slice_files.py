"""Files of current slices that are lost or damaged: which they are, and the error that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Final, Protocol, TypeVar

import duckdb
import pyarrow as pa
from pyarrow import parquet

from skyclust.costs.ledger.storage import LedgerRoot
from skyclust.errors import Conflict, NotFound, Unavailable

MOST_NAMED: Final = 3
"""Damaged files that an error names."""

MISSING: Final = "does not exist"
REPAIR: Final = (
    "Collect or import these days again, their whole billing periods: that writes the files anew."
    " Remove a file whose checksums differ before. Retract the deliveries of a source that is"
    " gone."
)
CORRUPT: Final = "has pages that differ from their checksums"

_READ_ERRORS: Final = (Conflict, Unavailable, duckdb.Error, pa.ArrowException, OSError)


class SlicePart(Protocol):
    """A slice, as far as its file is concerned."""

    @property
    def file(self) -> str | None: ...  # noqa: D102  # see skyclust.store.cost_slices
    @property
    def bytes(self) -> int: ...  # noqa: D102  # see skyclust.store.cost_slices
    @property
    def source(self) -> str: ...  # noqa: D102  # see skyclust.store.cost_slices
    @property
    def billing_account_id(self) -> str: ...  # noqa: D102  # see skyclust.store.cost_slices
    @property
    def charge_day(self) -> date: ...  # noqa: D102  # see skyclust.store.cost_slices


_Part = TypeVar("_Part", bound=SlicePart)
_Result = TypeVar("_Result")
Damaged = list[tuple[_Part, str]]
"""Slices whose file is not as it was written, and what is wrong with each."""


def lost_or_short(root: LedgerRoot, slices: Sequence[_Part]) -> Damaged[_Part]:
    """Return the slices whose file does not exist, or has another size than was recorded.

    The files are not read: it takes a call of the file system each, or one of the bucket.
    """
    named = [(each, each.file) for each in slices if each.file is not None]
    sizes = root.sizes([name for _, name in named])
    return [
        (each, MISSING if size is None else f"has {size:,} bytes, not {each.bytes:,}")
        for (each, _), size in zip(named, sizes, strict=True)
        if size != each.bytes
    ]


def corrupt(root: LedgerRoot, slices: Sequence[_Part]) -> Damaged[_Part]:
    """Read the files of slices, and return those that differ from the checksums of their pages.

    DuckDB does not compare them: a changed byte gives it another amount. Parquet has a CRC32 of
    each page (https://parquet.apache.org/docs/file-format/data-pages/checksumming/).
    """
    return [
        (each, CORRUPT) for each in slices if each.file is not None and _is_corrupt(root, each.file)
    ]


def _is_corrupt(root: LedgerRoot, name: str) -> bool:
    # Read whole first: an error of the disk or bucket is none of the content.
    with root.open(name) as opened:
        content = pa.py_buffer(opened.read())
    try:
        with parquet.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as file:
            for _ in file.iter_batches():
                pass
    except (OSError, pa.ArrowException):
        return True
    return False


def damage_error(damaged: Damaged[_Part]) -> NotFound:
    """Return the error of files that no further attempt finds: whose they are, and the repair."""
    return NotFound(
        f"{_lost_rows([damage_sentence(each, what) for each, what in damaged])}.", hint=REPAIR
    )


def damage_summary(sentences: Sequence[str]) -> str:
    """Return the sentences of damaged files as one with the repair, "" for none."""
    return f"{_lost_rows(sentences)}. {REPAIR}" if sentences else ""


def _lost_rows(sentences: Sequence[str]) -> str:
    more = f"; and {len(sentences) - MOST_NAMED} more" if len(sentences) > MOST_NAMED else ""
    return f"Rows of the cost ledger are lost: {'; '.join(sentences[:MOST_NAMED])}{more}"


def damage_sentence(of: SlicePart, what: str) -> str:
    """Return whose day a damaged file is, and what is wrong with it."""
    return f"{of.charge_day} of {of.billing_account_id} by {of.source}: the file {of.file} {what}"


@contextmanager
def damage_named(root: LedgerRoot, slices: Sequence[SlicePart]) -> Iterator[None]:
    """Raise NotFound that names the damaged files, in the place of what reading them raises."""
    try:
        yield
    except _READ_ERRORS as error:
        damaged = lost_or_short(root, slices)
        if not damaged and not isinstance(error, Conflict):
            damaged = corrupt(root, slices)
        if damaged:
            raise damage_error(damaged) from error
        raise


def read_current(
    current: Callable[[], list[_Part]], read: Callable[[list[_Part]], _Result], root: LedgerRoot
) -> _Result:
    """Read current slices, and once more where they were superseded, and collected, meanwhile.

    `current` reads the catalogue. Raises NotFound, with the repair, for files that are damaged or
    lost; Conflict where slices were superseded, and collected, both times.
    """
    slices = current()
    try:
        with damage_named(root, slices):
            return read(slices)
    except NotFound:
        gone = {each.file for each, _ in lost_or_short(root, slices)}
        slices = current()
        if not gone or gone & {each.file for each in slices}:
            raise
        return read(slices)
