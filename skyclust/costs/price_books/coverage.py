"""The days of which the inventory has enough to price them, and the credential that read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from skyclust.costs.price_books.amounts import midnight
from skyclust.costs.price_books.book import PriceBook
from skyclust.model.scope import ScopeKey, ScopeState
from skyclust.store.read_times import ReadTimes

DAY = timedelta(days=1)


@dataclass(frozen=True)
class KnownDay:
    """A day of an account that can be priced.

    `scopes` are those that hold what was there: of each region those of one credential. `until` is
    the end of the day, or for the running day the last moment that all of them know.
    """

    day: date
    scopes: tuple[ScopeKey, ...]
    until: datetime


def known_days(  # noqa: PLR0917  a range of days has two ends
    book: PriceBook,
    reads: Sequence[ReadTimes],
    start: date,
    end: date,
    now: datetime,
    kept_from: datetime | None,
) -> list[KnownDay]:
    """Return the days of [start, end) that are known for one account, in order.

    `reads` are the scopes of the account's credentials. A day is known when of each region one
    credential read every kind that the book has prices for: completely before the day began and
    after it ended, and without a gap that is too long. Of several credentials the first by name is
    taken, so that what both see is charged once. The running day is known up to the last read.
    Days before `kept_from`, whose versions may have been pruned, are not.
    """
    regions = sorted({one.key.region for one in reads})
    known = []
    day = start
    while regions and day < min(end, now.date() + DAY):
        chosen = [_chosen(book, reads, region, day, now) for region in regions]
        if (kept_from is None or kept_from <= midnight(day)) and None not in chosen:
            scopes = [one for group in chosen if group for one in group]
            until = min((one.completed_at for one in scopes if one.completed_at), default=now)
            known.append(
                KnownDay(
                    day,
                    tuple(one.key for one in scopes),
                    min(midnight(day + DAY), until),
                )
            )
        day += DAY
    return known


def runs_of_days(days: Iterable[KnownDay]) -> list[list[KnownDay]]:
    """Return the days in runs without a gap, none over the end of a month."""
    runs: list[list[KnownDay]] = []
    for day in days:
        last = runs[-1][-1].day if runs else None
        if last is not None and day.day == last + DAY and day.day.month == last.month:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def _chosen(
    book: PriceBook, reads: Sequence[ReadTimes], region: str, day: date, now: datetime
) -> list[ReadTimes] | None:
    """Return the scopes of the first credential that read a region on a day, None for none."""
    here = [one for one in reads if one.key.region == region]
    for credential in sorted({one.key.credential for one in here}):
        own = {one.key.kind: one for one in here if one.key.credential == credential}
        if all(_is_known(book, own.get(kind), day, now) for kind in book.kinds):
            return [own[kind] for kind in sorted(book.kinds) if not _has_none(own[kind])]
    return None


def _has_none(read: ReadTimes) -> bool:
    return read.state is ScopeState.UNSUPPORTED


def _is_known(book: PriceBook, read: ReadTimes | None, day: date, now: datetime) -> bool:
    """Return whether a scope holds what was there on a day."""
    if read is None:
        return False
    if _has_none(read):
        return True  # the cloud does not have this kind, so there is nothing to price
    if read.first_completed_at is None or read.completed_at is None:
        return False
    begin, end = midnight(day), midnight(day + DAY)
    longest = timedelta(hours=book.longest_gap_hours)
    if any(last - first > longest and first < end and last > begin for first, last in read.gaps):
        return False
    running = begin <= now < end
    return read.first_completed_at <= begin and (
        read.completed_at >= end or (running and read.completed_at > begin)
    )
