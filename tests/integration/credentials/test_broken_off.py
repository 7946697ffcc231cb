"""What is left when a process or the server dies between the store and the Prefect server."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

from skyclust.errors import InvalidRequest, NotFound, Unavailable
from skyclust.orchestration import block_documents
from skyclust.orchestration.credentials import (
    find_credential,
    load_credential,
    remove_credential,
    save_credential,
)
from skyclust.orchestration.deferred_work import delete_unwanted_blocks
from skyclust.orchestration.runs import run_here
from skyclust.store import audit, credentials
from skyclust.store import blocks as unwanted
from skyclust.store.engine import Store
from tests.fixtures.prefect import PrefectServer
from tests.integration.credentials.conftest import KEYS, Blocks

pytestmark = pytest.mark.integration


class Between:
    """Stands between us and the server; fails what is sent to a path, before or after it."""

    def __init__(self, api_url: str) -> None:
        self.server = api_url.removesuffix("/api")
        self.fails: tuple[str, str] | None = None
        self.passes_on_first = False

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> httpx.Response:
        fails = self.fails is not None and method == self.fails[0] and self.fails[1] in path
        if fails and not self.passes_on_first:
            return httpx.Response(500)
        headers = {name: value for name, value in headers.items() if name.lower() != "host"}
        answer = httpx.request(
            method, f"{self.server}{path}", headers=headers, content=body, timeout=30
        )
        return httpx.Response(500) if fails else answer


@pytest.fixture
def between(prefect_server: PrefectServer) -> Iterator[Between]:
    """The configured server is one that passes everything on, until it is told to fail."""
    between = Between(prefect_server.api_url)

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = between.answer(self.command, self.path, dict(self.headers), body)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("content-type", ""))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *arguments: object) -> None:
            """Print nothing."""

    for method in ("GET", "POST", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.pass_on)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/api"
    with temporary_settings(updates={PREFECT_API_URL: url, PREFECT_CLIENT_MAX_RETRIES: 0}):
        yield between
    server.shutdown()
    server.server_close()


def actions(store: Store) -> list[tuple[str, object]]:
    with store.reading() as connection:
        found = audit.list_all(connection, "default")
    return [(one.action, one.detail.get("outcome")) for one in found]


def test_a_block_that_the_server_does_not_make_leaves_no_record(
    store: Store, blocks: Blocks, between: Between
) -> None:
    between.fails = ("POST", "/block_documents/")
    with pytest.raises(Unavailable):
        save_credential(store, "default", "prod", "aws", KEYS)

    assert blocks.all() == []
    with store.reading() as connection:
        assert credentials.list_all(connection, "default") == []
    assert actions(store) == [("credential.add", None), ("credential.add", "Unavailable")]
    between.fails = None
    save_credential(store, "default", "prod", "aws", KEYS)
    assert load_credential(store, "default", "prod")


def test_a_block_that_was_made_though_the_server_did_not_say_so_is_kept(
    store: Store, blocks: Blocks, between: Between
) -> None:
    between.fails, between.passes_on_first = ("POST", "/block_documents/"), True
    with pytest.raises(Unavailable):
        save_credential(store, "default", "prod", "aws", KEYS)

    between.fails = None
    assert load_credential(store, "default", "prod")


def test_new_values_that_the_server_does_not_take_leave_the_old_ones(
    store: Store, blocks: Blocks, between: Between
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    between.fails = ("PATCH", "/block_documents/")
    with pytest.raises(Unavailable):
        save_credential(store, "default", "prod", "aws", {**KEYS, "region": "r"}, replace=True)

    between.fails = None
    opened = load_credential(store, "default", "prod")
    assert opened.model_dump()["region"] is None
    assert ("credential.replace", "Unavailable") in actions(store)


def test_a_removal_whose_block_the_server_keeps_is_made_up_for_later(
    store: Store, blocks: Blocks, between: Between
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    between.fails = ("DELETE", "/block_documents/")
    remove_credential(store, "default", "prod")

    assert blocks.named("default--prod")
    with pytest.raises(NotFound):
        find_credential(store, "default", "prod")
    between.fails = None
    assert delete_unwanted_blocks(store) == 1
    assert blocks.all() == []


def test_a_record_without_its_block_is_finished_by_adding_it_again(
    store: Store, blocks: Blocks
) -> None:
    with store.writing() as connection:
        credentials.add(
            connection, "default", name="prod", provider="aws", block_name="default--prod"
        )
    with pytest.raises(NotFound, match="'default--prod' of credential 'prod' is gone"):
        load_credential(store, "default", "prod")

    save_credential(store, "default", "prod", "aws", KEYS)

    assert load_credential(store, "default", "prod")
    with pytest.raises(InvalidRequest, match="already"):
        save_credential(store, "default", "prod", "aws", KEYS)


def test_a_block_by_hand_that_is_gone_is_replaced_by_one_of_ours(
    store: Store, blocks: Blocks
) -> None:
    blocks.make("prod", KEYS)
    assert load_credential(store, "default", "prod")
    blocks.call("DELETE", f"block_documents/{blocks.named('prod')['id']}")

    save_credential(store, "default", "prod", "aws", KEYS, replace=True)

    assert load_credential(store, "default", "prod")


def _removed_up_to_the_commit(store: Store, blocks: Blocks) -> str:
    """Save a credential and remove it as a process does that dies then; return its block's id."""
    save_credential(store, "default", "prod", "aws", KEYS)
    block: str = blocks.named("default--prod")["id"]
    with store.writing() as connection:
        credentials.remove(connection, "default", "prod")
        unwanted.give_up(connection, "default", document_id=block, block_name="default--prod")
    return block


def test_the_block_of_a_removed_credential_is_deleted_and_taken_for_none(
    store: Store, blocks: Blocks
) -> None:
    _removed_up_to_the_commit(store, blocks)

    with pytest.raises(NotFound, match="has no credential 'prod'"):
        find_credential(store, "default", "prod")
    assert blocks.named("default--prod")
    assert run_here("recover-operations", {}).succeeded
    assert blocks.all() == []
    with store.reading() as connection:
        assert unwanted.unwanted(connection) == []


def test_a_new_block_of_the_same_name_outlives_the_end_of_the_old_one(
    store: Store, blocks: Blocks
) -> None:
    old = _removed_up_to_the_commit(store, blocks)

    save_credential(store, "default", "prod", "aws", KEYS)
    delete_unwanted_blocks(store)

    assert blocks.named("default--prod")["id"] != old
    assert load_credential(store, "default", "prod")


def test_a_reference_to_another_block_is_not_saved(blocks: Blocks) -> None:
    with pytest.raises(InvalidRequest, match=r"\$ref"):
        block_documents.create("aws", "default", "prod", {"profile": {"$ref": "1"}})
    assert blocks.all() == []
