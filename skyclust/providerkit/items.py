"""Reading the items of a list one by one, so that an unreadable item does not hide the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from skyclust.errors import IncompleteList, SkyClustError, UnexpectedAnswer, UnreadableItem

Record = TypeVar("Record")

LONGEST_REASON: Final = 200
"""Characters of an item's reason; an answer may be of any length."""

_NAMES: Final = ("id", "name", "selfLink", "vmid", "uuid")


@dataclass
class ItemReader:
    """Converts the items of a list to records, and collects those that cannot be read.

    One object serves all pages of a list: `finish()` after the last page raises IncompleteList
    if an item could not be read. `what` names the items in errors: "servers of RegionOne".
    """

    provider: str
    what: str
    _unreadable: list[UnreadableItem] = field(default_factory=list)
    _count: int = 0

    def read(
        self,
        items: Iterable[Any],
        to_record: Callable[[Any], Record | None],
        *,
        region: str | Callable[[Any], str],
        name: Callable[[Any], str] | None = None,
    ) -> list[Record]:
        """Return the records of the readable items; `to_record` returns None to leave an item out.

        `region` is the region of all items, or returns the region of an item (in a list of an
        account). `name` returns the name of an item in errors; by default its id, name or
        position. Errors of the tree other than UnexpectedAnswer are raised: they concern the call.
        """
        records: list[Record] = []
        for item in items:
            self._count += 1
            try:
                record = to_record(item)
            except UnexpectedAnswer as error:
                self._remember(item, region, name, error.message)
            except SkyClustError:
                raise
            except (
                Exception
            ) as error:  # whatever an unexpected item raises concerns that item alone
                self._remember(item, region, name, f"{type(error).__name__}: {error}")
            else:
                if record is not None:
                    records.append(record)
        return records

    def finish(self) -> None:
        """Raise IncompleteList when an item could not be read; call it after the last page."""
        if not self._unreadable:
            return
        first = self._unreadable[0]
        raise IncompleteList(
            f"{len(self._unreadable)} of {self._count} {self.what} cannot be read: {first.name}"
            f" ({first.reason}){' and others' if len(self._unreadable) > 1 else ''}.",
            items=self._unreadable,
            hint="The answer is not as the cloud's API documents it. The other items are stored;"
            " deleted resources stay in the inventory until every item can be read.",
            provider=self.provider,
        )

    def _remember(
        self,
        item: Any,
        region: str | Callable[[Any], str],
        name: Callable[[Any], str] | None,
        reason: str,
    ) -> None:
        item_name = _or_none(name, item) if name else _usual_name(item)
        item_region = region if isinstance(region, str) else _or_none(region, item)
        self._unreadable.append(
            UnreadableItem(
                region=item_region or "",
                name=item_name or f"number {self._count}",
                reason=reason[:LONGEST_REASON],
            )
        )


def _or_none(function: Callable[[Any], str], item: Any) -> str | None:
    try:
        return function(item)
    except Exception:  # the name or region may be what is missing
        return None


def _usual_name(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    return next((str(item[key]) for key in _NAMES if item.get(key)), None)
