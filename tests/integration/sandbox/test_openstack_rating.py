"""CloudKitty of the sandbox: pages by offset, the 404 of nothing rated, and the summary."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from tests.fixtures.openstack import OpenStackSandbox
from tests.integration.sandbox.openstack import INTEGRATION, Http

pytestmark = INTEGRATION

DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
RANGE = f"begin={DAY:%Y-%m-%dT%H:%M:%S}&end={DAY + timedelta(days=1):%Y-%m-%dT%H:%M:%S}"


def _get(sandbox: OpenStackSandbox, path: str) -> requests.Response:
    with Http(sandbox) as http:
        return http.call("GET", f"/rating{path}")


def test_nothing_rated_is_a_404_of_its_own_form(openstack_sandbox: OpenStackSandbox) -> None:
    reply = _get(openstack_sandbox, f"/v2/dataframes?{RANGE}")
    assert reply.status_code == 404
    assert reply.json() == {"message": "No resource found for provided filters."}
    summary = _get(openstack_sandbox, f"/v2/summary?{RANGE}")
    assert summary.json() == {"total": 0, "columns": [], "results": []}


def test_pages_by_offset_are_the_whole(openstack_estate: OpenStackSandbox) -> None:
    whole = _get(openstack_estate, f"/v2/dataframes?{RANGE}&limit=100000").json()
    assert [frame["period"]["begin"] for frame in whole["dataframes"]] == [
        (DAY + timedelta(hours=hour)).isoformat() for hour in range(24)
    ]
    points = _points(whole)
    assert len(points) == whole["total"]
    middle = whole["total"] // 2
    pages = [
        _get(openstack_estate, f"/v2/dataframes?{RANGE}&offset={offset}&limit={middle + 1}").json()
        for offset in (0, middle + 1)
    ]
    assert _points(pages[0]) + _points(pages[1]) == points
    past = _get(openstack_estate, f"/v2/dataframes?{RANGE}&offset={whole['total']}").json()
    assert past == {"total": whole["total"], "dataframes": []}


def test_the_summary_is_the_sum(openstack_estate: OpenStackSandbox) -> None:
    whole = _get(openstack_estate, f"/v2/dataframes?{RANGE}&limit=100000").json()
    summary = _get(openstack_estate, f"/v2/summary?{RANGE}").json()
    [row] = summary["results"]
    values = dict(zip(summary["columns"], row, strict=True))
    prices = [price for _, _, price in _points(whole)]
    assert abs(values["rate"] - sum(prices)) < 1e-9
    assert values["rate"] > 0


def test_a_time_or_page_that_is_none_is_refused(openstack_estate: OpenStackSandbox) -> None:
    for query in ("begin=soon", "limit=many", "offset=-1"):
        assert _get(openstack_estate, f"/v2/dataframes?{query}").status_code == 400


def _points(answer: Any) -> list[tuple[str, str, float]]:
    return [
        (frame["period"]["begin"], point["groupby"]["id"], point["rating"]["price"])
        for frame in answer["dataframes"]
        for points in frame["usage"].values()
        for point in points
    ]
