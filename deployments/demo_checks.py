"""What the demo claims, and whether it is so: asked of the cloud, the store and Prefect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.request import urlopen

from skyclust import audit
from skyclust.contract import InventoryProvider
from skyclust.model.operation import OperationState
from skyclust.model.resource import ResourceKind
from skyclust.model.scope import ScopeState
from skyclust.registry import capability
from skyclust.sandbox.processes import sandbox_status
from skyclust.store import operations, resources, scopes
from skyclust.store.engine import Store, open_store

WORKSPACE: Final = "default"
CREDENTIAL: Final = "sandbox"
REGION: Final = "eu-central-1"
TYPE: Final = "t3.small"
IMAGE: Final = "debian-12-amd64-20250814-2204"

MACHINES: Final = {"web-1": "stopped", "web-2": "running"}
"""The machines that the demo makes, and what each is at its end."""

RUNS: Final = {"sync-inventory": 2, "provision-instances": 1, "change-instance": 1}
"""How many runs of each deployment the demo triggers."""

ARTIFACTS: Final = frozenset(
    {
        f"inventory-scopes-{WORKSPACE}",
        f"inventory-changes-{WORKSPACE}",
        f"inventory-summary-{WORKSPACE}",
        "operations",
        *(f"instance-{WORKSPACE}-{CREDENTIAL}-{name}" for name in MACHINES),
    }
)


def check(home: Path, ui_url: str, *, say: Callable[[str], None]) -> list[str]:
    """Check each claim, tell `say` of those that hold, and return what is wrong with the others."""
    store = open_store()
    say("")
    claims: dict[str, str] = {
        "the sandbox cloud runs": "" if sandbox_status(home) else "it does not answer",
        "the cloud has exactly the machines asked for": _in_cloud(store),
        "the store knows them as they are": _in_store(store),
        "the store has all machines of the region": _complete(store),
        "every scope of the inventory is fresh": _fresh(store),
        "no operation is open or failed": _operations(store),
        "the audit trail is whole": _audit(store),
        "the work was done by runs of the deployments": _runs(),
        "the runs left their artifacts": _artifacts(),
        "the UI answers": _ui(ui_url),
    }
    for claim, problem in claims.items():
        if not problem:
            say(f"checked: {claim}")
    return [f"it is not so that {claim}: {problem}" for claim, problem in claims.items() if problem]


def _in_cloud(store: Store) -> str:
    found = sorted((name, state) for _, name, state in _cloud_machines(store) if name in MACHINES)
    return "" if found == sorted(MACHINES.items()) else f"the cloud has {found}"


def _in_store(store: Store) -> str:
    found = sorted((name, state) for _, name, state in _stored_machines(store) if name in MACHINES)
    return "" if found == sorted(MACHINES.items()) else f"the store has {found}"


def _complete(store: Store) -> str:
    in_cloud = {machine for machine, _, _ in _cloud_machines(store)}
    in_store = {machine for machine, _, _ in _stored_machines(store)}
    differing = in_cloud ^ in_store
    return f"{len(differing)} machines differ: {sorted(differing)[:5]}" if differing else ""


def _fresh(store: Store) -> str:
    with store.reading() as connection:
        states = Counter(scope.state for scope in scopes.list_all(connection, WORKSPACE))
    return "" if set(states) == {ScopeState.FRESH} else f"their states are {dict(states)}"


def _operations(store: Store) -> str:
    with store.reading() as connection:
        states = Counter(one.state for one in operations.list_all(connection, WORKSPACE))
    wanted = {OperationState.SUCCEEDED: len(MACHINES) + 1}
    return "" if states == wanted else f"their states are {dict(states)}"


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


def _cloud_machines(store: Store) -> list[tuple[str, str, str | None]]:
    from skyclust.orchestration.credentials import open_provider

    inventory = capability(open_provider(store, WORKSPACE, CREDENTIAL), InventoryProvider)
    return [
        (one.id, one.name, one.state)
        for page in inventory.list_resources(REGION, ResourceKind.INSTANCE)
        for one in page
    ]


def _stored_machines(store: Store) -> list[tuple[str, str, str | None]]:
    with store.reading() as connection:
        found = resources.find(
            connection, WORKSPACE, kinds=[ResourceKind.INSTANCE], regions=[REGION]
        )
    return [(one.id, one.name, one.state) for one in found]
