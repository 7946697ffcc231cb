"""The API versions that the sandbox Azure supports: those of the SDKs of recent years."""

from __future__ import annotations

from typing import Final

from werkzeug.wrappers import Request

from skyclust_sandbox.azure.responses import arm_error

_VIRTUAL_MACHINES: Final = (
    *("2023-09-01", "2024-03-01", "2024-07-01", "2024-11-01", "2025-04-01", "2025-11-01"),
    "2026-04-01",
)
_DISKS: Final = ("2023-04-02", "2023-10-02", "2024-03-02", "2025-01-02", "2026-03-02")
_GALLERIES: Final = ("2022-08-03", "2023-07-03", "2024-03-03", "2025-03-03", "2026-03-03")
_NETWORK: Final = (
    *("2018-10-01", "2022-07-01", "2023-11-01", "2024-01-01", "2024-05-01", "2024-07-01"),
    *("2024-10-01", "2025-01-01", "2025-05-01", "2025-07-01", "2026-03-01"),
)
_RESOURCES: Final = (
    *("2021-01-01", "2021-04-01", "2022-09-01", "2022-12-01", "2023-07-01", "2024-03-01"),
    *("2024-07-01", "2024-11-01", "2025-03-01", "2025-04-01"),
)
_COST_MANAGEMENT: Final = (
    *("2021-10-01", "2022-10-01", "2023-03-01", "2023-08-01", "2023-09-01", "2023-11-01"),
    *("2024-08-01", "2025-03-01"),
)

_COMPUTE: Final = {
    "disks": _DISKS,
    "galleries": _GALLERIES,
    "locations": (*_VIRTUAL_MACHINES, *_DISKS, *_GALLERIES),
    "skus": ("2019-04-01", "2021-07-01"),
    "snapshots": _DISKS,
}


def supported_versions(path: str) -> tuple[str, ...]:
    """Return the API versions of the resource type in a path; Compute's differ between types.

    The SDK polls an operation with the version of the request that started it, so locations
    have the versions of every type.
    """
    _, providers, provider_path = path.lower().rpartition("/providers/")
    namespace, _, type_path = provider_path.partition("/")
    resource_type = type_path.partition("/")[0]
    if not providers or namespace == "microsoft.resources":
        return _RESOURCES
    if namespace == "microsoft.network":
        return _NETWORK
    if namespace == "microsoft.authorization":
        return ("2018-07-01", "2022-04-01")
    if namespace == "microsoft.costmanagement":
        return _COST_MANAGEMENT
    return _COMPUTE.get(resource_type, _VIRTUAL_MACHINES)


def check_api_version(request: Request) -> None:
    """Refuse a request without an API version, or with one that the provider does not support."""
    version = request.args.get("api-version")
    if version is None:
        raise arm_error(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
    supported = supported_versions(request.path)
    if version not in supported:
        raise arm_error(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid. The supported versions are"
            f" '{','.join(supported)}'.",
        )
