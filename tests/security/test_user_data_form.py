"""Plain text in the place of user data, and a private key in that of a public one, are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.flow_engine import run_flow
from prefect.states import Scheduled

from flows.provision_instances import provision_instances
from skyclust.errors import InvalidRequest
from skyclust.orchestration.flow_parameters import form_of
from skyclust.orchestration.runs import trigger
from tests.fixtures.prefect import PrefectServer
from tests.flows.conftest import memory
from tests.flows.memory import MemoryAccount
from tests.security.machines import CANARY, USER_DATA, creation_parameters, every_file, sealed

__all__ = ["memory"]

pytestmark = pytest.mark.integration

PRIVATE_KEY: Final = (
    f"-----BEGIN OPENSSH PRIVATE KEY-----\n{CANARY}\n-----END OPENSSH PRIVATE KEY-----"
)


def test_plain_text_in_the_form_is_refused_before_it_is_stored(
    memory: MemoryAccount, prefect_server: PrefectServer, skyclust_home: Path
) -> None:
    """As the UI sends it: straight to the server, which has the deployment's schema."""
    with get_client(sync_client=True) as client:
        deployment = client.create_deployment(
            client.create_flow(provision_instances),
            name="form",
            parameter_openapi_schema=form_of(provision_instances),
            enforce_parameter_schema=True,
        )
    for changes in ({"user_data": USER_DATA}, {"ssh_keys": [PRIVATE_KEY]}):
        answer = httpx.post(
            f"{prefect_server.api_url}/deployments/{deployment}/create_flow_run",
            json={"parameters": creation_parameters(memory, **changes)},
            auth=prefect_server.auth,
            timeout=60,
        )
        assert answer.status_code in {409, 422}, answer.text
        with pytest.raises(InvalidRequest, match=next(iter(changes))) as refused:
            trigger("provision-instances/form", creation_parameters(memory, **changes))
        assert CANARY not in f"{refused.value}"
    good = httpx.post(
        f"{prefect_server.api_url}/deployments/{deployment}/create_flow_run",
        json={"parameters": creation_parameters(memory, user_data=sealed())},
        auth=prefect_server.auth,
        timeout=60,
    )
    assert good.status_code == 201

    for name, content in every_file(prefect_server.home, skyclust_home).items():
        assert CANARY.encode() not in content, name
    with get_client(sync_client=True) as client:
        client.delete_deployment(deployment)


@pytest.mark.parametrize(
    "changes", [{"user_data": USER_DATA}, {"ssh_keys": [PRIVATE_KEY]}], ids=["data", "key"]
)
def test_plain_text_that_gets_through_is_refused_by_the_flow_without_repeating_it(
    memory: MemoryAccount,
    changes: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    parameters = creation_parameters(memory, **changes)
    with get_client(sync_client=True) as client:
        run = client.create_flow_run(provision_instances, parameters={}, state=Scheduled())
        state: Any = run_flow(provision_instances, run, parameters, return_type="state")
        told = client.read_flow_run(run.id)
        logs = client.read_logs()

    assert state.is_failed()
    assert next(iter(changes)) in str(state.message)
    assert memory.operations() == []
    printed = capsys.readouterr()
    for text in (state.message, told.model_dump_json(), caplog.text, printed.out, printed.err,
                 "".join(one.message for one in logs)):  # fmt: skip
        assert CANARY not in str(text)
