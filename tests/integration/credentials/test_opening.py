"""Opening a credential as tasks do: from threads, in flows, against a cloud that answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prefect import flow, task
from prefect.settings import PREFECT_API_URL, temporary_settings

from skyclust.errors import AuthenticationFailed, ConfigurationError, Unavailable
from skyclust.orchestration.credential_verification import verify_credential
from skyclust.orchestration.credentials import (
    load_credential,
    open_provider,
    save_credential,
)
from skyclust.store import audit, credentials
from skyclust.store.engine import Store, open_store
from skyclust_sandbox.faults import Fault
from tests.fixtures.prefect import free_port
from tests.fixtures.sandbox import Sandbox
from tests.integration.credentials.conftest import KEYS, SECRET, Blocks

pytestmark = pytest.mark.integration


def _keys(sandbox: Sandbox) -> dict[str, str]:
    return {
        "access_key_id": sandbox.access_key,
        "secret_access_key": SECRET,
        "endpoint": sandbox.endpoint,
    }


def test_verify_remembers_who_the_credential_is(
    store: Store, blocks: Blocks, aws_sandbox: Sandbox
) -> None:
    save_credential(store, "default", "prod", "aws", _keys(aws_sandbox))

    identity = verify_credential(store, "default", "prod")

    assert identity.account == aws_sandbox.account
    with store.reading() as connection:
        record = credentials.get(connection, "default", "prod")
        last = audit.list_all(connection, "default")[-1]
    assert (record.account, record.principal) == (identity.account, identity.principal)
    assert record.verified_at is not None
    assert (last.action, last.detail["outcome"]) == ("credential.verify", "accepted")


def test_a_refused_credential_is_audited_and_its_secret_is_in_no_message(
    store: Store, blocks: Blocks, aws_sandbox: Sandbox
) -> None:
    save_credential(store, "default", "prod", "aws", _keys(aws_sandbox))
    aws_sandbox.inject(Fault(kind="expire"))

    with pytest.raises(AuthenticationFailed) as refusal:
        verify_credential(store, "default", "prod")

    error: BaseException | None = refusal.value
    while error is not None:
        assert SECRET not in f"{error} {error!r}"
        error = error.__cause__
    with store.reading() as connection:
        last = audit.list_all(connection, "default")[-1]
    assert (last.action, last.detail["outcome"]) == ("credential.verify", "AuthenticationFailed")


def test_threads_share_one_provider_until_the_credential_changes(
    store: Store, blocks: Blocks
) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)

    with ThreadPoolExecutor(8) as threads:
        opened = list(threads.map(lambda _: open_provider(store, "default", "prod"), range(16)))
    assert len({id(one) for one in opened}) == 1

    blocks.edit("default--prod", region="eu-west-1")
    changed = open_provider(store, "default", "prod")

    assert changed is not opened[0]
    assert open_provider(store, "default", "prod") is changed


def test_tasks_of_a_flow_open_credentials(store: Store, blocks: Blocks) -> None:
    save_credential(store, "default", "prod", "aws", KEYS)
    blocks.make("by-hand", KEYS)

    @task
    def opens(name: str) -> bool:
        return load_credential(open_store(), "default", name) is not None

    @flow
    def opening() -> list[bool]:
        return [future.result() for future in opens.map(["prod", "by-hand"] * 3)]

    assert opening() == [True] * 6

    assert SECRET not in blocks.text()
    with store.reading() as connection:
        actors = {entry.actor for entry in audit.list_all(connection, "default")}
    assert any(actor.startswith("flow-run:") for actor in actors)


@pytest.mark.parametrize(("api_url", "error"), [
    (None, ConfigurationError),
    (f"http://127.0.0.1:{free_port()}/api", Unavailable),
], ids=["not set", "nothing there"])  # fmt: skip
def test_without_a_server_the_error_says_what_to_do(
    store: Store, home: Path, api_url: str | None, error: type[Exception]
) -> None:
    with (
        temporary_settings(
            updates={PREFECT_API_URL: api_url} if api_url else {},
            restore_defaults=() if api_url else {PREFECT_API_URL},
        ),
        pytest.raises(error, match="skyclust up"),
    ):
        save_credential(store, "default", "prod", "aws", KEYS)

    with store.reading() as connection:
        assert credentials.list_all(connection, "default") == []
