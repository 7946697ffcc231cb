"""The operations of cloudkitty v2."""

from __future__ import annotations

from typing import Final

from skyclust_sandbox.openstack.context import Route
from skyclust_sandbox.openstack.rating.reads import list_dataframes, list_summaries, list_versions

ROUTES: Final = (
    Route("GET", "", "versions.list", list_versions, open=True),
    Route("GET", "/v2/dataframes", "dataframes.list", list_dataframes),
    Route("GET", "/v2/summary", "summaries.list", list_summaries),
)
