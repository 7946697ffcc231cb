"""Parameters of an earlier version, which stood below one name `request`, made flat.

People have put them into deployments and schedules. The server would refuse every change of a
deployment whose parameters do not fit its form, and so `skyclust up` would fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.responses import DeploymentResponse
from prefect.utilities.schema_tools.validation import validate

_FORMER: Final = "request"
_SPEC: Final = "spec"


def flat_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as the flows take them now; those of today as they are."""
    former = parameters.get(_FORMER)
    if set(parameters) != {_FORMER} or not isinstance(former, Mapping):
        return dict(parameters)
    spec = former.get(_SPEC)
    fields = {name: value for name, value in former.items() if name != _SPEC}
    fields |= spec if isinstance(spec, Mapping) else {}
    return {name: value for name, value in fields.items() if value is not None}


def fitting_parameters(
    parameters: Mapping[str, Any], form: Mapping[str, Any], fallback: Mapping[str, Any]
) -> dict[str, Any]:
    """Return former parameters made flat, or `fallback` where they do not fit the form."""
    flat = flat_parameters(parameters)
    return dict(fallback) if validate(flat, dict(form), ignore_required=True) else flat


def flatten_schedules(
    client: SyncPrefectClient, deployment: DeploymentResponse, form: Mapping[str, Any]
) -> DeploymentResponse:
    """Make the parameters of a deployment's schedules flat and return the deployment as it is then.

    Those that do not fit the form of today are emptied.
    """
    former = [one for one in deployment.schedules if _FORMER in (one.parameters or {})]
    for one in former:
        flat = fitting_parameters(one.parameters or {}, form, {})
        client.update_deployment_schedule(deployment.id, one.id, parameters=flat)
    return client.read_deployment(deployment.id) if former else deployment
