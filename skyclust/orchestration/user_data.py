"""The user data of instances that are still to be made: sealed anew, and which keys it needs.

It stands in the journal until its operation ends, and in the parameters of runs that have not
begun. What a run has in its parameters is not changed: the key stays as long as the run is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun

from skyclust.errors import SkyClustError
from skyclust.model.user_data import FIELD, user_data_of
from skyclust.orchestration.client import prefect_client
from skyclust.security.binding import user_data_binding
from skyclust.security.keyring import Keyring, load_keyring
from skyclust.security.sealing import is_current, is_sealed, key_id_of, seal, unseal
from skyclust.security.user_data import register_user_data
from skyclust.store import user_data, workspaces
from skyclust.store.engine import Store

FLOWS: Final = ["provision-instances", "place-instances"]
"""The flows whose parameters may contain user data."""
_PAGE: Final = 200


def seal_user_data_again(store: Store) -> tuple[int, list[str]]:
    """Seal the user data of open operations with the newest key, and what is plain of it.

    An earlier version has journalled it in the clear. Returns how many operations were rewritten,
    and a sentence for each whose user data does not open. An installation without any needs no key.
    """
    rewritten, problems = 0, []
    for workspace_id in _workspaces(store):
        with store.reading() as connection:
            holders = user_data.holders(connection, workspace_id)
        if not holders:
            continue
        change = partial(_sealed_anew, load_keyring(), workspace_id)
        for one in holders:
            work = partial(
                user_data.rewrite, workspace_id=workspace_id, operation_id=one.id, change=change
            )
            try:
                rewritten += store.write(work)
            except SkyClustError as error:
                problems.append(f"Operation {one.id}: {error}")
    return rewritten, problems


def user_data_keys(store: Store) -> dict[str, list[str]]:
    """Return the ids of the keys that user data is sealed with, each with what needs it.

    Needed is it by open operations, by runs that have not ended, and by deployments, whose
    parameters a schedule or a person may use at any time.
    """
    needed: dict[str, list[str]] = {}
    for workspace_id in _workspaces(store):
        with store.reading() as connection:
            holders = user_data.holders(connection, workspace_id)
        for operation in holders:
            for text in user_data_of(operation.request):
                _note(needed, text, f"operation {operation.id}")
    with prefect_client() as client:
        for run in _open_runs(client):
            for text in _sealed_texts(run.parameters):
                _note(needed, text, f"flow run {run.name}")
        for deployment in client.read_deployments(
            flow_filter=FlowFilter(name=FlowFilterName(any_=FLOWS))
        ):
            given = [deployment.parameters, *(one.parameters for one in deployment.schedules)]
            for text in _sealed_texts(given):
                _note(needed, text, f"deployment {deployment.name}")
    return needed


def _sealed_anew(keyring: Keyring, workspace_id: str, text: str) -> str:
    binding = user_data_binding(workspace_id)
    if is_sealed(text):
        if is_current(keyring, text):
            return text
        text = unseal(keyring, text, binding)
    register_user_data(text)
    return seal(keyring, text, binding)


def _open_runs(client: SyncPrefectClient) -> Iterator[FlowRun]:
    ended = [state.value for state in TERMINAL_STATES]
    open_ones = FlowRunFilter.model_validate({"state": {"type": {"not_any_": ended}}})
    flow = FlowFilter(name=FlowFilterName(any_=FLOWS))
    seen = 0
    while True:
        page = client.read_flow_runs(
            flow_filter=flow, flow_run_filter=open_ones, limit=_PAGE, offset=seen
        )
        yield from page
        seen += len(page)
        if len(page) < _PAGE:
            return


def _sealed_texts(value: Any) -> Iterator[str]:
    """Yield what stands under the name of user data, at any depth, and is sealed."""
    if isinstance(value, dict):
        text = value.get(FIELD)
        if isinstance(text, str) and is_sealed(text):
            yield text
        for item in value.values():
            yield from _sealed_texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _sealed_texts(item)


def _note(needed: dict[str, list[str]], text: str, who: str) -> None:
    try:
        needed.setdefault(key_id_of(text), []).append(who)
    except SkyClustError:
        return  # damaged, or plain from an earlier version: no key opens it


def _workspaces(store: Store) -> list[str]:
    with store.reading() as connection:
        return [one.id for one in workspaces.list_all(connection)]
