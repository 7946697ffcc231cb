"""Quotas of projects: the defaults of a service, and the limits that administrators have set.

Each service keeps its own defaults and usage in the `quotas` module of its folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skyclust_sandbox.openstack.state import Region


def limits_of(
    region: Region, service: str, project_id: str, defaults: Mapping[str, int]
) -> dict[str, int]:
    """Return the limits of a project in a service; -1 is no limit."""
    return {**defaults, **region.quotas.get((service, project_id), {})}


def set_limits(
    region: Region,
    service: str,
    project_id: str,
    limits: Mapping[str, Any],
    defaults: Mapping[str, int],
) -> None:
    """Set limits of a project in a service. Names that the service does not know are ignored."""
    own = region.quotas.setdefault((service, project_id), {})
    own.update({name: int(limit) for name, limit in limits.items() if name in defaults})
