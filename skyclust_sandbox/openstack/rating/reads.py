"""Rated dataframes and their summary.

Source: https://docs.openstack.org/cloudkitty/latest/api-reference/v2/api-reference.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from werkzeug.wrappers import Response

from skyclust_sandbox.openstack.context import Context
from skyclust_sandbox.openstack.rating.points import HOUR, rated_bill
from skyclust_sandbox.openstack.wire import Body, now, reply

EMPTY: Final = "No resource found for provided filters."


def list_versions(context: Context) -> Response:
    """Return the list of versions."""
    versions = [
        {"id": f"v{number}", "status": status, "links": [], "updated": "2024-01-01T00:00:00Z"}
        for number, status in ((1, "CURRENT"), (2, "CURRENT"))
    ]
    return reply({"versions": versions})


def list_dataframes(context: Context) -> Response:
    """Return a page of rated points by their hour; 404 when there are none at all.

    `offset` and `limit` count points, `total` is that of all pages. Past the last point a page is
    empty.
    """
    begin, end = _range(context)
    bill = rated_bill(context, begin, end)
    total = bill.count()
    if not total:
        raise context.refused(404, EMPTY)
    offset, limit = _page(context)
    frames: list[Body] = []
    for hour, rated in bill.page(offset, limit):
        period = {"begin": hour.isoformat(), "end": (hour + HOUR).isoformat()}
        if not frames or frames[-1]["period"] != period:
            frames.append({"period": period, "usage": {}})
        frames[-1]["usage"].setdefault(rated.metric, []).append(rated.point())
    return reply({"total": total, "dataframes": frames})


def list_summaries(context: Context) -> Response:
    """Return the sum of what was rated; without any rated point there are no results."""
    begin, end = _range(context)
    rated = rated_bill(context, begin, end).hours_of_resources()
    if not rated:
        return reply({"total": 0, "columns": [], "results": []})
    quantity = sum((hours * one.quantity for one, hours in rated), Decimal(0))
    rate = sum((hours * Decimal(str(float(one.price))) for one, hours in rated), Decimal(0))
    row = [begin.isoformat(), end.isoformat(), float(quantity), float(rate)]
    return reply({"total": 1, "columns": ["begin", "end", "qty", "rate"], "results": [row]})


def _range(context: Context) -> tuple[datetime, datetime]:
    """Return the times of the query, by default the running month; refuses others with 400."""
    month = now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    return _time(context, "begin", month), _time(context, "end", following)


def _time(context: Context, name: str, default: datetime) -> datetime:
    text = context.request.args.get(name)
    if text is None:
        return default
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise context.refused(400, f"Invalid value for {name}: {text}") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _page(context: Context) -> tuple[int, int]:
    numbers = []
    for name, default in (("offset", 0), ("limit", 100)):
        text = context.request.args.get(name, str(default))
        if not text.isdigit():
            raise context.refused(400, f"Invalid value for {name}: {text}")
        numbers.append(int(text))
    largest = context.cloud.conditions.largest_page
    return numbers[0], min(numbers[1], largest) if largest else numbers[1]
