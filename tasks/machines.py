"""Finding the one machine that a request means, by its id or by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from skyclust.contract import ComputeProvider, InventoryProvider
from skyclust.errors import InvalidRequest, NotFound
from skyclust.model.change_request import ChangeRequest
from skyclust.model.instance import InstanceReference, InstanceState
from skyclust.model.resource import Resource, ResourceKind
from skyclust.orchestration.credentials import open_provider
from skyclust.provider_errors import provider_errors
from skyclust.registry import capability
from skyclust.store import resources
from skyclust.store.engine import open_store
from tasks.retries import DELAYS, JITTER, RETRIES, on_transient


@dataclass(frozen=True)
class Machine:
    """Where a machine is and what it is called; `unique_id` is empty while nobody has looked."""

    credential: str
    region: str
    id: str
    unique_id: str
    name: str

    @property
    def reference(self) -> InstanceReference:
        """Return what a change of this very machine names it by."""
        return InstanceReference(region=self.region, id=self.id, unique_id=self.unique_id)


@task(
    name="find machine",
    task_run_name="find {request.instance}",
    retries=RETRIES,
    retry_delay_seconds=DELAYS,
    retry_jitter_factor=JITTER,
    retry_condition_fn=on_transient,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def find_machine(request: ChangeRequest) -> Machine:
    """Return the machine that is meant: as the inventory knows it, else as the cloud does.

    The cloud is asked only when credential and region are given. Raises NotFound when there
    is none, InvalidRequest when several bear the name.
    """
    known = _in_inventory(request)
    if not known and request.credential and request.region:
        known = _in_cloud(request, request.credential, request.region)
    return _proven(request, the_one(request, known))


def _proven(request: ChangeRequest, machine: Machine) -> Machine:
    """Return a machine with its unique id, which inventories of older versions lack."""
    if machine.unique_id:
        return machine
    provider = open_provider(open_store(), request.workspace, machine.credential)
    with provider_errors(provider.name, f"read machine {machine.id} in {machine.region}"):
        seen = capability(provider, ComputeProvider).get_instance(machine.region, machine.id)
    return replace(machine, unique_id=seen.unique_id)


def the_one(request: ChangeRequest, machines: Sequence[Machine]) -> Machine:
    """Return the machine that a request means out of those that bear its id or name."""
    by_id = [machine for machine in machines if machine.id == request.instance]
    meant = by_id or list(machines)
    where = f" in {request.region}" if request.region else ""
    if not meant:
        raise NotFound(
            f"There is no machine {request.instance!r}{where} in workspace {request.workspace!r}.",
            hint="Name its credential and region to ask the cloud itself, or sync the inventory.",
        )
    if len(meant) > 1:
        places = "; ".join(f"{one.id} ({one.credential}, {one.region})" for one in meant[:5])
        raise InvalidRequest(
            f"{len(meant)} machines are called {request.instance!r}: {places}.",
            hint="Say which one by its id, with its credential and region.",
        )
    return meant[0]


def _in_inventory(request: ChangeRequest) -> list[Machine]:
    with open_store().reading() as connection:
        machines = partial(
            resources.find,
            connection,
            request.workspace,
            kinds=[ResourceKind.INSTANCE],
            credentials=[request.credential] if request.credential else None,
            regions=[request.region] if request.region else None,
        )
        found = machines(ids=[request.instance]) or machines(names=[request.instance])
    return [_machine(one.credential, one) for one in found if _meant(request, one)]


def _in_cloud(request: ChangeRequest, credential: str, region: str) -> list[Machine]:
    provider = open_provider(open_store(), request.workspace, credential)
    inventory = capability(provider, InventoryProvider)
    with provider_errors(provider.name, f"look for machine {request.instance!r} in {region}"):
        pages = list(inventory.list_resources(region, ResourceKind.INSTANCE))
    return [_machine(credential, one) for page in pages for one in page if _meant(request, one)]


def _machine(credential: str, resource: Resource) -> Machine:
    unique_id = resource.attributes.get("unique_id")
    return Machine(
        credential,
        resource.region,
        resource.id,
        unique_id if isinstance(unique_id, str) else "",
        resource.name,
    )


def _meant(request: ChangeRequest, resource: Resource) -> bool:
    alive = resource.state != InstanceState.DELETED
    return alive and request.instance in {resource.id, resource.name}
