"""The job template of our work pool: nothing in it can be set by a run or by a deployment.

A process worker takes from its pool's template what it starts, in what environment and where. In
Prefect's own template each is a variable that `job_variables` of any run may set: `command` then
runs anything, and `env` makes Python do so (docs/decisions/0026).
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

_LOCKED: Final[Mapping[str, Any]] = {
    "job_configuration": {
        "command": None,
        "labels": {},
        "name": None,
        "stream_output": True,
        "working_dir": None,
        # No `env`: where a template has one, Prefect adds the `env` of `job_variables` to it,
        # whether or not there is a variable of that name (BaseJobConfiguration.
        # from_template_and_values). A flow run has the environment of its worker.
    },
    # Prefect refuses unknown fields of the schema when a run is requested or a deployment is
    # changed; where it does not check, the configuration above does not use them.
    "variables": {"type": "object", "properties": {}, "additionalProperties": False},
}


def locked_template() -> dict[str, Any]:
    """Return the job template that our work pool has."""
    return deepcopy(dict(_LOCKED))


def openings(template: Mapping[str, Any]) -> list[str]:
    """Return what runs could set with this job template, or what it sets itself.

    Empty for ours alone.
    """
    if template == _LOCKED:
        return []
    variables = (template.get("variables") or {}).get("properties") or {}
    fixed = _LOCKED["job_configuration"]
    configuration = template.get("job_configuration") or {}
    differing = {name for name, value in configuration.items() if fixed.get(name, ...) != value}
    return sorted({*variables, *differing}) or ["variables"]
