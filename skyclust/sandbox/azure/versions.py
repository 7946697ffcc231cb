"""The API versions that the sandbox Azure takes: those the SDKs of some years ask for."""

from __future__ import annotations

import re
from typing import Final

from werkzeug.wrappers import Request

from skyclust.sandbox.azure.wire import refusal

VERSIONS: Final = {
    "microsoft.compute": (
        *("2021-07-01", "2023-09-01", "2024-03-01", "2024-03-02", "2024-07-01", "2024-11-01"),
        *("2025-01-02", "2025-04-01", "2025-11-01", "2026-03-02", "2026-04-01"),
    ),
    "microsoft.network": (
        *("2018-10-01", "2022-07-01", "2023-11-01", "2024-01-01", "2024-05-01", "2024-07-01"),
        *("2024-10-01", "2025-01-01", "2025-05-01", "2025-07-01", "2026-03-01"),
    ),
    "microsoft.authorization": ("2018-07-01", "2022-04-01"),
    "microsoft.resources": (
        *("2021-01-01", "2021-04-01", "2022-09-01", "2022-12-01", "2023-07-01", "2024-03-01"),
        *("2024-07-01", "2024-11-01", "2025-03-01", "2025-04-01"),
    ),
}
"""The versions by provider; subscriptions and groups are of microsoft.resources."""

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?")


def check(request: Request) -> None:
    """Refuse a call without an API version, or with one that its provider does not have."""
    version = request.args.get("api-version")
    if version is None:
        raise refusal(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    path = request.path.lower()
    provider = path.rpartition("/providers/")[2].split("/")[0] if "/providers/" in path else ""
    known = VERSIONS.get(provider, VERSIONS["microsoft.resources"])
    if _DATE.fullmatch(version) is None or version not in known:
        raise refusal(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid. The supported versions are"
            f" '{','.join(known)}'.",
        )
