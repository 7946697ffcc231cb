"""Applying the deployments of prefect.yaml, without undoing what people changed at the server.

Bootstrap owns what it declared. Each field that somebody changed since it was applied last keeps
what they made of it, until a reset; every other field follows prefect.yaml. What belongs to the
code (entry point, form of the parameters, version) follows the code always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow, load_flow_from_entrypoint

from deployments.bootstrap_result import Applied
from deployments.former_parameters import (
    fitting_parameters,
    flat_parameters,
    flatten_schedules,
)
from deployments.last_applied import AppliedObject, read_applied, write_applied
from deployments.limits import name_deployment_limit
from deployments.prefect_yaml import Declared
from deployments.schedules import apply_schedules
from deployments.three_way_merge import Merge, merge, merge_names, pairs
from skyclust import __version__
from skyclust.orchestration.choices import (
    NOTHING_OFFERED,
    Offered,
    used_by_schedules,
    with_choices,
)
from skyclust.orchestration.client import prefect_client
from skyclust.orchestration.flow_parameters import form_of

WORK_QUEUE: Final = "work queue"


def apply_deployments(
    declared: Sequence[Declared], *, reset: bool = False, offered: Offered = NOTHING_OFFERED
) -> Applied:
    """Bring the server's deployments in line with these and return what was done.

    With `reset` they become equal to these, whatever people changed or added. `offered` is what
    their forms offer to choose from.
    """
    outcome = Applied()
    with prefect_client() as client:
        for one in declared:
            _apply(client, one, outcome, reset=reset, offered=offered)
    return outcome


def _apply(
    client: SyncPrefectClient,
    declared: Declared,
    outcome: Applied,
    *,
    reset: bool,
    offered: Offered,
) -> None:
    flow: Flow[..., Any] = load_flow_from_entrypoint(
        declared.entrypoint, use_placeholder_flow=False
    )
    name = f"{flow.name}/{declared.name}"
    found = _read(client, name)
    applied = AppliedObject()
    if found is None:
        form = with_choices(form_of(flow), offered, [declared.parameters])
        found = _create(client, declared, flow, form)
        applied = AppliedObject(id=found.id)
    else:
        known = read_applied(client, declared.name, AppliedObject)
        applied = known if known.id == found.id else applied
    former = found.parameters
    plain = form_of(flow)
    flat = fitting_parameters(former, plain, declared.parameters)
    found = found.model_copy(update={"parameters": flat})
    wanted, before = _fields_of(declared), dict(applied.fields)
    if found.work_pool_name is None:
        # Its pool was deleted and made anew: nobody chose that its runs wait nowhere.
        before.pop(WORK_QUEUE, None)
    result = merge(wanted, _fields(found), before, reset=reset)
    _tell_openings(found, name, outcome)
    tags = merge_names(declared.tags, found.tags, applied.tags, reset=reset)
    changes = _merged(declared, result)
    if flat != former:
        changes.setdefault("parameters", flat)
    used = [changes.get("parameters", flat), *map(flat_parameters, used_by_schedules(found))]
    form = with_choices(plain, offered, used)
    changes |= _written(declared, form, found, tags)
    found = flatten_schedules(client, _update(client, found, changes), form)
    if reset:
        _activate_limit(client, found)
    name_deployment_limit(client, found)
    schedules = apply_schedules(client, found, declared.schedules, applied, reset=reset)
    write_applied(
        client,
        declared.name,
        AppliedObject(
            id=found.id,
            fields=pairs(wanted, _fields(found), before, result.kept),
            tags=list(declared.tags),
            schedules=schedules.applied,
        ),
    )
    outcome.names.append(name)
    what = f"deployment {name}"
    outcome.tell(what, result, reset=reset, more=_of_tags(declared, tags))
    outcome.changed += [f"{what}: {sentence}" for sentence in schedules.kept]


def _read(client: SyncPrefectClient, name: str) -> DeploymentResponse | None:
    try:
        return client.read_deployment_by_name(name)
    except ObjectNotFound:
        return None


def _create(
    client: SyncPrefectClient, declared: Declared, flow: Flow[..., Any], form: dict[str, Any]
) -> DeploymentResponse:
    limit = declared.concurrency_limit
    made = client.create_deployment(
        flow_id=client.create_flow(flow),
        name=declared.name,
        version=__version__,
        description=declared.description,
        tags=list(declared.tags),
        entrypoint=declared.entrypoint,
        parameters=declared.parameters,
        parameter_openapi_schema=form,
        enforce_parameter_schema=True,
        work_pool_name=declared.work_pool.name,
        work_queue_name=declared.work_pool.work_queue_name,
        concurrency_limit=limit.limit if limit else None,
        concurrency_options=_options(limit.collision_strategy) if limit else None,
        # Entrypoints are importable modules: there is no code to pull.
        pull_steps=[],
    )
    return client.read_deployment(made)


def _fields_of(declared: Declared) -> dict[str, Any]:
    """Return what prefect.yaml declares, field by field, in the words of `_fields`."""
    limit = declared.concurrency_limit
    return {
        "description": declared.description,
        "parameters": declared.parameters,
        WORK_QUEUE: f"{declared.work_pool.name}/{declared.work_pool.work_queue_name}",
        "concurrency limit": limit.limit if limit else None,
        "collision strategy": limit.collision_strategy.value if limit else None,
        "paused": False,
    }


def _fields(found: DeploymentResponse) -> dict[str, Any]:
    """Return what the server has, in the same words."""
    limit = found.global_concurrency_limit
    options = found.concurrency_options
    pool = found.work_pool_name
    return {
        "description": found.description,
        "parameters": found.parameters,
        WORK_QUEUE: f"{pool}/{found.work_queue_name}" if pool else None,
        "concurrency limit": limit.limit if limit else None,
        # Without a limit it says nothing.
        "collision strategy": options.collision_strategy.value if options and limit else None,
        "paused": found.paused,
    }


def _written(
    declared: Declared, form: dict[str, Any], found: DeploymentResponse, tags: Sequence[str]
) -> dict[str, Any]:
    """Return what differs of that which nobody may change at the server, and the tags."""
    values: dict[str, Any] = {
        "version": __version__,
        "entrypoint": declared.entrypoint,
        "parameter_openapi_schema": form,
        "enforce_parameter_schema": True,
        "pull_steps": [],
        # The pool has none that could be set: see skyclust.embedded.job_template.
        "job_variables": {},
        "tags": list(tags),
    }
    return {field: value for field, value in values.items() if getattr(found, field) != value}


def _merged(declared: Declared, result: Merge) -> dict[str, Any]:
    """Return the changes that a merge asks for, in the words of the server's API."""
    values = {
        field: value
        for field, value in result.changes.items()
        if field in {"description", "parameters", "paused"}
    }
    if WORK_QUEUE in result.changes:
        values["work_pool_name"] = declared.work_pool.name
        values["work_queue_name"] = declared.work_pool.work_queue_name
    if "concurrency limit" in result.changes:
        values["concurrency_limit"] = result.changes["concurrency limit"]
    strategy = result.changes.get("collision strategy")
    if strategy is not None:
        values["concurrency_options"] = _options(ConcurrencyLimitStrategy(strategy))
    return values


def _update(
    client: SyncPrefectClient, found: DeploymentResponse, changes: Mapping[str, Any]
) -> DeploymentResponse:
    """Write the changes and return the deployment as it is then.

    A write drops the runs that are planned, until the scheduler plans them again: so there is
    none without a reason.
    """
    if not changes:
        return found
    client.update_deployment(found.id, DeploymentUpdate.model_validate(dict(changes)))
    return client.read_deployment(found.id)


def _tell_openings(found: DeploymentResponse, name: str, outcome: Applied) -> None:
    """Tell what is taken away of that by which a deployment runs other code than ours."""
    if found.job_variables:
        names = ", ".join(sorted(found.job_variables))
        outcome.closed.append(f"deployment {name}: its job variables {names} are gone")
    if found.pull_steps:
        outcome.closed.append(f"deployment {name}: its pull steps are gone")


def _activate_limit(client: SyncPrefectClient, found: DeploymentResponse) -> None:
    limit = found.global_concurrency_limit
    if limit is not None and not limit.active:
        client.request(
            "PATCH",
            "/v2/concurrency_limits/{id_or_name}",
            path_params={"id_or_name": limit.id},
            json={"active": True},
        )


def _of_tags(declared: Declared, tags: Sequence[str]) -> list[str]:
    return ["tags"] if set(tags) != set(declared.tags) else []


def _options(strategy: ConcurrencyLimitStrategy) -> ConcurrencyOptions:
    return ConcurrencyOptions(collision_strategy=strategy)
