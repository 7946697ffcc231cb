"""Reading CloudKitty's dataframes page by page, and its summary.

Source: https://docs.openstack.org/cloudkitty/latest/api-reference/v2/api-reference.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from providers.openstack.fields import Json
from providers.openstack.services import RATING
from skyclust.errors import NotFound, Unavailable, UnexpectedAnswer
from skyclust.providerkit.answers import require_list, require_object
from skyclust.providerkit.paging import PageGuard

if TYPE_CHECKING:
    from providers.openstack.client import OpenStackClients

NOTHING_RATED: Final = "No resource found for provided filters"
"""How CloudKitty says with a 404 that nothing is rated; any other 404 is that of a proxy, or of a
CloudKitty without this API."""

NOT_CLOUDKITTY: Final = (
    "The answer is not that of CloudKitty's API v2: look at the endpoint of the service `rating` in"
    " the catalog."
)


@dataclass(frozen=True)
class RatedHour:
    """One point: what a resource costs in one period of CloudKitty, an hour by default."""

    metric: str
    begin: datetime
    end: datetime
    point: Json


@dataclass(frozen=True)
class RatedHours:
    """The points of a region in [begin, end); `rated_until` is the end of the last one."""

    clients: OpenStackClients
    region: str
    begin: datetime
    end: datetime
    rated_until: datetime

    def pages(self, size: int) -> Iterator[list[RatedHour]]:
        """Yield the points page by page; `size` is the largest page that is requested.

        Raises UnexpectedAnswer for a list without an end, Unavailable for one that became shorter
        while it was read.
        """
        guard = PageGuard(self._doing, "openstack")
        offset = 0
        while True:
            page = _read_page(self.clients, self.region, self.begin, self.end, offset, size)
            if page is None:
                if offset == 0:
                    return
                raise self._changed()
            hours, total = page
            yield hours
            offset += len(hours)
            if offset >= total:
                return
            if not hours:
                raise self._changed()
            guard.check(_key(hours[0]), map(_key, hours))

    @property
    def _doing(self) -> str:
        return _doing(self.region)

    def _changed(self) -> Unavailable:
        return Unavailable(
            f"Could not {self._doing}: what is rated changed while it was read.",
            hint="Read it again.",
            provider="openstack",
        )


def read_rated_hours(
    clients: OpenStackClients, region: str, begin: datetime, end: datetime
) -> RatedHours | None:
    """Return the points of a region in [begin, end), None where nothing is rated.

    Reads the first and the last point only: CloudKitty sorts them by time.
    """
    first = _read_page(clients, region, begin, end, 0, 1)
    if first is None or not first[1]:
        return None
    total = first[1]
    last = first if total == 1 else _read_page(clients, region, begin, end, total - 1, 1)
    if last is None or not last[0] or (total > 1 and _key(last[0][0]) == _key(first[0][0])):
        raise UnexpectedAnswer(
            f"Could not {_doing(region)}: the last of {total} points is not there.",
            hint=NOT_CLOUDKITTY,
            provider="openstack",
        )
    return RatedHours(clients, region, begin, end, last[0][-1].end)


def read_summary(
    clients: OpenStackClients, region: str, begin: datetime, end: datetime
) -> list[Json]:
    """Return the rows of CloudKitty's summary of [begin, end); empty where nothing is rated."""
    doing = f"read the summary of CloudKitty in {region}"
    answer = require_object(
        _call(clients, region, "/summary", begin, end, doing=doing, params={}),
        doing=doing,
        provider="openstack",
    )
    columns = require_list(answer, "columns", doing=doing, provider="openstack")
    rows = require_list(answer, "results", doing=doing, provider="openstack")
    summary = []
    for row in rows:
        if isinstance(row, Mapping):  # with response_format=object, the default of some
            summary.append(dict(row))
        elif isinstance(row, list) and len(row) == len(columns):
            summary.append(dict(zip(map(str, columns), row, strict=True)))
        else:
            raise UnexpectedAnswer(
                f"Could not {doing}: a row does not have its columns.", provider="openstack"
            )
    return summary


def _read_page(  # noqa: PLR0917  a range has two ends, a page a begin and a size
    clients: OpenStackClients, region: str, begin: datetime, end: datetime, offset: int, size: int
) -> tuple[list[RatedHour], int] | None:
    """Return the points of a page and how many there are in all; None where nothing is rated."""
    doing = _doing(region)
    try:
        answer = _call(
            clients,
            region,
            "/dataframes",
            begin,
            end,
            doing=doing,
            params={"offset": offset, "limit": size},
        )
    except NotFound as error:
        if NOTHING_RATED in error.message:
            return None
        raise
    frames = require_list(answer, "dataframes", doing=doing, provider="openstack")
    total = answer.get("total")
    if isinstance(total, bool) or not isinstance(total, int):
        raise UnexpectedAnswer(
            f"Could not {doing}: the answer has no total.",
            hint=NOT_CLOUDKITTY,
            provider="openstack",
        )
    return [hour for frame in frames for hour in _hours(frame, doing)], total


def _call(
    clients: OpenStackClients,
    region: str,
    path: str,
    begin: datetime,
    end: datetime,
    *,
    doing: str,
    params: Json,
) -> Any:
    query = {"begin": begin.isoformat(), "end": end.isoformat(), **params}
    if not clients.credential.all_projects and "admin" in (clients.access().role_names or ()):
        # An administrator sees every project unless one is named.
        query["filters"] = f"project_id:{clients.project_id()}"
    try:
        return clients.call(region, RATING, "GET", path, doing=doing, params=query)
    except NotFound as error:
        if NOTHING_RATED not in error.message:
            error.hint = NOT_CLOUDKITTY
        raise


def _hours(frame: Any, doing: str) -> Iterator[RatedHour]:
    content = require_object(frame, doing=doing, provider="openstack")
    period = require_object(content.get("period"), doing=doing, provider="openstack")
    usage = require_object(content.get("usage"), doing=doing, provider="openstack")
    begin, end = (_time(period.get(name), doing) for name in ("begin", "end"))
    for metric in usage:
        for point in require_list(usage, metric, doing=doing, provider="openstack"):
            fields = require_object(point, doing=doing, provider="openstack")
            yield RatedHour(str(metric), begin, end, dict(fields))


def _time(value: object, doing: str) -> datetime:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise UnexpectedAnswer(
            f"Could not {doing}: {value!r} is not a time.", provider="openstack"
        ) from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _doing(region: str) -> str:
    return f"read what CloudKitty rated in {region}"


def _key(hour: RatedHour) -> tuple[object, ...]:
    groupby = hour.point.get("groupby")
    return (hour.metric, hour.begin, repr(groupby), repr(hour.point.get("metadata")))
