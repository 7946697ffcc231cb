"""What the demo claims, and whether it is so: asked of the clouds, the store and Prefect."""

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
from skyclust_sandbox.demo.instances import FULL, MACHINES, PLACED, DemoMachine
from skyclust_sandbox.demo.network_interfaces import interfaces
from skyclust_sandbox.demo.tables import WORKSPACE
from skyclust_sandbox.processes import CLOUDS, sandbox_status

RUNS: Final = {
    "sync-inventory": 1,
    "provision-instances": len(MACHINES),
    "change-instance": len(MACHINES),
}
"""How many runs of each deployment the demo triggers."""

ARTIFACTS: Final = frozenset(
    {
        f"inventory-scopes-{WORKSPACE}",
        f"inventory-changes-{WORKSPACE}",
        f"inventory-summary-{WORKSPACE}",
        "operations",
        "placement",
        *(f"instance-{WORKSPACE}-{one.credential}-{one.name}" for one in MACHINES),
    }
)


@dataclass(frozen=True)
class Belongings:
    """What there is where one machine of the demo is made.

    `resources` has the ids of every kind that the inventory knows, `interfaces` those of the
    network interfaces.
    """

    resources: frozenset[tuple[ResourceKind, str]]
    interfaces: frozenset[str]


def belongings(home: Path) -> dict[str, Belongings]:
    """Return by cloud what there is in the machines' regions, as the clouds tell it."""
    store, clouds = open_store(), sandbox_status(home)
    return {one.cloud: _belongings(store, one, clouds[one.cloud].endpoint) for one in MACHINES}


def check(
    home: Path, ui_url: str, before: Mapping[str, Belongings], *, say: Callable[[str], None]
) -> list[str]:
    """Check each claim, tell `say` of those that hold, and return what is wrong with the others.

    `before` is what there was before the first machine was made.
    """
    missing = sorted(CLOUDS.keys() - sandbox_status(home).keys())
    if missing:
        return [f"it is not so that all clouds run: {', '.join(missing)} does not answer"]
    store, after = open_store(), belongings(home)
    with store.reading() as connection:
        journal = operations.list_all(connection, WORKSPACE)
    claims: dict[str, str] = {
        "one inventory has the machines of all five clouds": _machines_of_all(store),
        "every scope of the inventory is fresh": _fresh(store),
        "a machine was made on each cloud, and deleted": _lives(journal),
        "where there was no room the next place was taken": _fallback(journal),
        "nothing that was made for a machine is left at its cloud": _left(before, after),
        "nothing else is missing at a cloud": _left(after, before),
        "the store has what the clouds have": _stored(store, after),
        "the audit trail is whole": _audit(store),
        "the work was done by runs of the deployments": _runs(),
        "the runs left their artifacts": _artifacts(),
        "the UI answers": _ui(ui_url),
    }
    say("")
    for claim, problem in claims.items():
        if not problem:
            say(f"checked: {claim}")
    return [f"it is not so that {claim}: {problem}" for claim, problem in claims.items() if problem]


def _machines_of_all(store: Store) -> str:
    with store.reading() as connection:
        found = find(connection, WORKSPACE, kinds=[ResourceKind.INSTANCE])
    machines = Counter(one.provider for one in found)
    return "" if machines.keys() == CLOUDS.keys() else f"it has {dict(machines)}"


def _fresh(store: Store) -> str:
    with store.reading() as connection:
        states = Counter(scope.state for scope in scopes.list_all(connection, WORKSPACE))
    return "" if set(states) == {ScopeState.FRESH} else f"their states are {dict(states)}"


def _lives(journal: list[Operation]) -> str:
    done = {
        (one.kind, one.provider, one.subject_name)
        for one in journal
        if one.state is OperationState.SUCCEEDED and one.subject_id
    }
    kinds = (InstanceAction.CREATE, InstanceAction.DELETE)
    wanted = {(kind, one.cloud, one.name) for kind in kinds for one in MACHINES}
    return "" if done == wanted else f"these differ: {sorted(done ^ wanted)}"


def _fallback(journal: list[Operation]) -> str:
    failed = [
        (one.provider, one.region, one.subject_name, one.error_class)
        for one in journal
        if one.state is not OperationState.SUCCEEDED
    ]
    wanted = [(*FULL, PLACED.name, "CapacityExhausted")]
    return "" if failed == wanted else f"what did not succeed is {failed}"


def _left(before: Mapping[str, Belongings], after: Mapping[str, Belongings]) -> str:
    left = [
        f"{cloud}: {one}"
        for cloud, now in after.items()
        for one in (
            *(f"{kind} {id_}" for kind, id_ in now.resources - before[cloud].resources),
            *(f"interface {id_}" for id_ in now.interfaces - before[cloud].interfaces),
        )
    ]
    return f"{len(left)} things, {'; '.join(sorted(left)[:5])}" if left else ""


def _stored(store: Store, after: Mapping[str, Belongings]) -> str:
    differing: list[str] = []
    for one in MACHINES:
        with store.reading() as connection:
            found = find(connection, WORKSPACE, credentials=[one.credential], regions=[one.region])
        stored = {(resource.kind, resource.id) for resource in found}
        differing += [f"{kind} {id_}" for kind, id_ in stored ^ after[one.cloud].resources]
    return f"{len(differing)} things differ: {sorted(differing)[:5]}" if differing else ""


def _audit(store: Store) -> str:
    with store.reading() as connection:
        return "; ".join(one.problem for one in audit.verify(connection, WORKSPACE))


def _runs() -> str:
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName

    from skyclust.orchestration.client import prefect_client

    found: dict[str, int] = {}
    with prefect_client() as client:
        for name in RUNS:
            runs = client.read_flow_runs(
                deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[name]))
            )
            found[name] = sum(
                run.state_name == "Completed" for run in runs if run.auto_scheduled is False
            )
    return "" if found == RUNS else f"completed runs: {found}"


def _artifacts() -> str:
    from skyclust.orchestration.client import prefect_client

    with prefect_client() as client:
        keys = {artifact.key for artifact in client.read_artifacts()}
    missing = sorted(ARTIFACTS - keys)
    return f"missing: {', '.join(missing)}" if missing else ""


def _ui(ui_url: str) -> str:
    try:
        with urlopen(ui_url, timeout=10) as answer:  # noqa: S310 - our own server
            page = answer.read().decode(errors="replace")
    except OSError as error:
        return str(error)
    return "" if "<html" in page.lower() else f"{ui_url} is no page"


def _belongings(store: Store, machine: DemoMachine, endpoint: str) -> Belongings:
    from skyclust.orchestration.credentials import open_provider

    provider = open_provider(store, WORKSPACE, machine.credential)
    inventory = capability(provider, InventoryProvider)
    found = frozenset(
        (kind, one.id)
        for kind in inventory.kinds
        for page in inventory.list_resources(machine.region, kind)
        for one in page
    )
    return Belongings(found, interfaces(machine.cloud, machine.region, endpoint))
