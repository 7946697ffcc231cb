"""The checks of the demo's results in the clouds, the store and Prefect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from skyclust.contract import InventoryProvider
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import Operation, OperationState
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeState
from skyclust.registry import capability
from skyclust.store import audit, operations, scopes
from skyclust.store.engine import Store, open_store
from skyclust.store.finding import find
from skyclust_sandbox.demo.costs import every_bill_is_collected, ledger_adds_up, nothing_is_invented
from skyclust_sandbox.demo.instances import EXACT, FULL, INSTANCES, PLACED, DemoInstance
from skyclust_sandbox.demo.network_interfaces import interfaces
from skyclust_sandbox.demo.tables import WORKSPACE
from skyclust_sandbox.processes import CLOUDS, sandbox_status

RUNS: Final = {
    "sync-inventory": 1,
    "provision-instances": len(EXACT),
    "place-instances": 1,
    "change-instance": len(INSTANCES),
    "collect-costs": 1,
}
"""The number of runs of each deployment that the demo triggers."""

ARTIFACTS: Final = frozenset(
    {
        f"inventory-scopes-{WORKSPACE}",
        f"inventory-changes-{WORKSPACE}",
        f"inventory-summary-{WORKSPACE}",
        f"operations-{WORKSPACE}",
        f"placement-{WORKSPACE}",
        f"cost-deliveries-{WORKSPACE}",
        f"cost-reconciliation-{WORKSPACE}",
        *(
            f"instance-{WORKSPACE}--{instance.credential}--{instance.name}"
            for instance in INSTANCES
        ),
    }
)


@dataclass(frozen=True)
class CloudResources:
    """The resources in the region of one instance of the demo.

    `resources` has the ids of all kinds of the inventory, `interfaces` those of the network
    interfaces.
    """

    resources: frozenset[tuple[ResourceKind, str]]
    interfaces: frozenset[str]


def cloud_resources(home: Path) -> dict[str, CloudResources]:
    """Return the resources in the region of each instance, by cloud, as the cloud lists them."""
    store, clouds = open_store(), sandbox_status(home)
    return {
        instance.cloud: _cloud_resources(store, instance, clouds[instance.cloud].endpoint)
        for instance in INSTANCES
    }


def check(
    home: Path, ui_url: str, before: Mapping[str, CloudResources], *, say: Callable[[str], None]
) -> list[str]:
    """Check each claim, report those that hold to `say`, and return the problems of the others.

    `before` has the resources before the first instance was created.
    """
    missing = sorted(CLOUDS.keys() - sandbox_status(home).keys())
    if missing:
        return [f"failed: all clouds run: {', '.join(missing)} does not reply"]
    store, after = open_store(), cloud_resources(home)
    with store.reading() as connection:
        journal = operations.list_all(connection, WORKSPACE)
    claims: dict[str, str] = {
        "one inventory has the instances of all five clouds": _instances_of_all_clouds(store),
        "every scope of the inventory is fresh": _fresh(store),
        "an instance was created on each cloud, and deleted": _lives(journal),
        "where there was no capacity the next place was used": _fallback(journal),
        "no resource of an instance is left behind": _left(before, after),
        "no other resource is missing": _left(after, before),
        "the store has the resources of the clouds": _stored(store, after),
        "the bill of every cloud that has one is in the ledger": every_bill_is_collected(store),
        "the ledger is equal to the totals of the clouds": ledger_adds_up(store),
        "no cost is invented where there is no bill": nothing_is_invented(store),
        "the audit trail is intact": _audit(store),
        "the work was done by runs of the deployments": _runs(),
        "the runs left their artifacts": _artifacts(),
        "the UI responds": _ui(ui_url),
    }
    say("")
    for claim, problem in claims.items():
        if not problem:
            say(f"checked: {claim}")
    return [f"failed: {claim}: {problem}" for claim, problem in claims.items() if problem]


def _instances_of_all_clouds(store: Store) -> str:
    with store.reading() as connection:
        instances = find(connection, WORKSPACE, kinds=[ResourceKind.INSTANCE])
    counts = Counter(instance.provider for instance in instances)
    return "" if counts.keys() == CLOUDS.keys() else f"it has {dict(counts)}"


def _fresh(store: Store) -> str:
    with store.reading() as connection:
        states = Counter(scope.state for scope in scopes.list_all(connection, WORKSPACE))
    return "" if set(states) == {ScopeState.FRESH} else f"their states are {dict(states)}"


def _lives(journal: list[Operation]) -> str:
    done = {
        (operation.kind, operation.provider, operation.subject_name)
        for operation in journal
        if operation.state is OperationState.SUCCEEDED and operation.subject_id
    }
    kinds = (InstanceAction.CREATE, InstanceAction.DELETE)
    expected = {(kind, instance.cloud, instance.name) for kind in kinds for instance in INSTANCES}
    return "" if done == expected else f"these differ: {sorted(done ^ expected)}"


def _fallback(journal: list[Operation]) -> str:
    failed = [
        (operation.provider, operation.region, operation.subject_name, operation.error_class)
        for operation in journal
        if operation.state is not OperationState.SUCCEEDED
    ]
    expected = [(*FULL, PLACED.name, "CapacityExhausted")]
    return "" if failed == expected else f"what did not succeed is {failed}"


def _left(before: Mapping[str, CloudResources], after: Mapping[str, CloudResources]) -> str:
    left = [
        f"{cloud}: {resource}"
        for cloud, now in after.items()
        for resource in (
            *(f"{kind} {id_}" for kind, id_ in now.resources - before[cloud].resources),
            *(f"interface {id_}" for id_ in now.interfaces - before[cloud].interfaces),
        )
    ]
    return f"{len(left)} resources, {'; '.join(sorted(left)[:5])}" if left else ""


def _stored(store: Store, after: Mapping[str, CloudResources]) -> str:
    differing: list[str] = []
    for instance in INSTANCES:
        with store.reading() as connection:
            resources = find(
                connection,
                WORKSPACE,
                credentials=[instance.credential],
                regions=[instance.region],
            )
        stored = {(resource.kind, resource.id) for resource in resources}
        differing += [f"{kind} {id_}" for kind, id_ in stored ^ after[instance.cloud].resources]
    return f"{len(differing)} resources differ: {sorted(differing)[:5]}" if differing else ""


def _audit(store: Store) -> str:
    with store.reading() as connection:
        return "; ".join(broken.problem for broken in audit.verify(connection, WORKSPACE))


def _runs() -> str:
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName

    from skyclust.orchestration.client import prefect_client

    completed: dict[str, int] = {}
    with prefect_client() as client:
        for name in RUNS:
            runs = client.read_flow_runs(
                deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[name]))
            )
            completed[name] = sum(
                run.state_name == "Completed" for run in runs if run.auto_scheduled is False
            )
    return "" if completed == RUNS else f"completed runs: {completed}"


def _artifacts() -> str:
    from skyclust.orchestration.client import prefect_client

    with prefect_client() as client:
        keys = {artifact.key for artifact in client.read_artifacts()}
    missing = sorted(ARTIFACTS - keys)
    return f"missing: {', '.join(missing)}" if missing else ""


def _ui(ui_url: str) -> str:
    try:
        with urlopen(ui_url, timeout=10) as answer:  # noqa: S310 - the demo's own server
            page = answer.read().decode(errors="replace")
    except OSError as error:
        return str(error)
    return "" if "<html" in page.lower() else f"{ui_url} does not return a page"


def _cloud_resources(store: Store, instance: DemoInstance, endpoint: str) -> CloudResources:
    from skyclust.orchestration.credentials import open_provider

    provider = open_provider(store, WORKSPACE, instance.credential)
    inventory = capability(provider, InventoryProvider)
    resources = frozenset(
        (kind, resource.id)
        for kind in inventory.kinds
        for page in inventory.list_resources(instance.region, kind)
        for resource in page
    )
    return CloudResources(resources, interfaces(instance.cloud, instance.region, endpoint))
