"""Sending the events of the outbox to Prefect: once, in order, after a crash too.

Who has just written events sends them; every flow sends what was left when it begins and ends,
and so does the recovery, which runs every two minutes. A workspace has one sender at a time. One
that dies between the server's answer and its own mark leaves events that are sent again, with
the same ids: Prefect keeps an id once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import httpx
from prefect.client.orchestration import SyncPrefectClient

from skyclust.errors import SkyClustError
from skyclust.model.event import Event
from skyclust.orchestration.client import prefect_client
from skyclust.store import outbox
from skyclust.store.engine import Store
from skyclust.store.outbox import Waiting

if TYPE_CHECKING:
    from sqlalchemy import Connection

EVENTS_AT_ONCE: Final = 100
"""Events of one request."""

_REFUSED: Final = frozenset(
    {httpx.codes.UNPROCESSABLE_ENTITY, httpx.codes.REQUEST_ENTITY_TOO_LARGE}
)
"""What the server says of an event that it can never take; of anything else it may yet."""

LONGEST_REASON: Final = 1000
"""Characters of why the server refused an event."""

_EVENTS: Final = "/events"

_logger: Final = logging.getLogger(__name__)


def send_events(store: Store) -> int:
    """Send every event that waits, workspace by workspace, and return how many were sent.

    A workspace whose events another process sends just now is left to that. Raises what
    `prefect_client` raises; what was not sent stays.
    """
    with store.reading() as connection:
        owners = outbox.waiting_workspaces(connection)
    return sum(_send_all_of(store, workspace_id) for workspace_id in owners)


def try_to_send(store: Store) -> None:
    """Send the events that wait, if that goes: the work that they report must not fail with it."""
    try:
        send_events(store)
    except SkyClustError as error:
        _logger.warning("Events wait to be sent: %s", error)
    except Exception:
        _logger.exception("Events wait to be sent.")


def _send_all_of(store: Store, workspace_id: str) -> int:
    """Send until nothing waits. Who comes while another one sends may rely on that one: it looks
    once more after it has let go.
    """
    holder = uuid4().hex
    sent = 0
    while _waiting(store, workspace_id, 1) and _hold(store, workspace_id, holder):
        try:
            sent += _send_held(store, workspace_id, holder)
        finally:
            store.write(lambda connection: outbox.let_go(connection, workspace_id, holder))
    return sent


def _send_held(store: Store, workspace_id: str, holder: str) -> int:
    sent = 0
    with prefect_client() as client:
        while batch := _waiting(store, workspace_id, EVENTS_AT_ONCE):
            refused = _post(client, batch)
            _mark(store, workspace_id, batch, refused)
            sent += len(batch) - len(refused)
            if not _hold(store, workspace_id, holder):
                break  # it took too long, and another one goes on from here
    return sent


def _post(client: SyncPrefectClient, batch: Sequence[Waiting]) -> dict[int, str]:
    """Send events; return why some of them were refused, by their number."""
    try:
        client.request("POST", _EVENTS, json=[_as_prefect(one.event) for one in batch])
    except httpx.HTTPStatusError as error:
        # The client may have sent another request before ours: of that it says nothing.
        of_events = error.request.url.path.endswith(_EVENTS)
        if error.response.status_code not in _REFUSED or not of_events:
            raise
        if len(batch) == 1:
            return {batch[0].sequence: error.response.text[:LONGEST_REASON]}
    else:
        return {}
    # The server takes all of a request or nothing: one by one, only the bad ones stay.
    refused: dict[int, str] = {}
    for one in batch:
        refused |= _post(client, [one])
    return refused


def _mark(
    store: Store, workspace_id: str, batch: Sequence[Waiting], refused: Mapping[int, str]
) -> None:
    def mark(connection: Connection) -> None:
        sent = [one.sequence for one in batch if one.sequence not in refused]
        outbox.remove(connection, workspace_id, sent)
        for sequence, reason in refused.items():
            outbox.refuse(connection, workspace_id, sequence, reason)

    store.write(mark)
    for sequence, reason in refused.items():
        _logger.warning("Event %d of %s was refused: %s", sequence, workspace_id, reason)


def _as_prefect(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "occurred": event.occurred_at.isoformat(),
        "event": event.name,
        "resource": event.resource,
        "related": list(event.related),
        "payload": event.payload,
    }


def _waiting(store: Store, workspace_id: str, limit: int) -> list[Waiting]:
    with store.reading() as connection:
        return outbox.waiting(connection, workspace_id, limit=limit)


def _hold(store: Store, workspace_id: str, holder: str) -> bool:
    return store.write(lambda connection: outbox.hold(connection, workspace_id, holder))
