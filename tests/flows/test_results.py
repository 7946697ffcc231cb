"""What is read of a run's artifacts: all of its tables, and of a running one no table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from prefect import flow, get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.runtime import flow_run
from prefect.states import Scheduled

from skyclust.errors import InvalidRequest
from skyclust.model.instance import InstanceSpec
from skyclust.model.instance_action import InstanceAction
from skyclust.model.operation import OperationState
from skyclust.orchestration import results
from skyclust.orchestration.artifacts import ProgressBar, Row, show_table
from skyclust.orchestration.results import Progress, progress_of, tables_of
from skyclust.orchestration.runs import run_here
from skyclust.store import operations
from skyclust.store.operations import NewOperation
from tests.fixtures.prefect import PrefectServer
from tests.flows.conftest import read_run
from tests.flows.memory import REGION, MemoryAccount

pytestmark = pytest.mark.integration

ROWS: list[Row] = [{"machine": "web"}, {"machine": "db"}]


@pytest.fixture
def client(prefect_server: PrefectServer) -> Iterator[SyncPrefectClient]:
    with get_client(sync_client=True) as client:
        yield client


@pytest.fixture
def pages_of_three(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "ARTIFACTS_AT_ONCE", 3)


@pytest.mark.usefixtures("pages_of_three")
def test_all_tables_are_read_however_many_pages_they_fill(client: SyncPrefectClient) -> None:
    looked_at: list[tuple[Progress | None, Progress | None]] = []

    @flow
    def shows() -> str:
        run = _this_run(client)
        before = progress_of(client, run)
        bar = ProgressBar("bar", "How far it is")
        for number in range(8):
            show_table(f"table-{number}", ROWS, "Machines", total=2)
        bar.move(40.0, "4 of 10 read")
        bar.move(41.0, "too little for a move")
        looked_at.append((before, progress_of(client, run)))
        show_table("table-0", ROWS[:1], "Machines", total=2003)
        return str(run.id)

    run = read_run(shows())
    tables = tables_of(client, run)
    assert sorted(tables) == [f"table-{number}" for number in range(8)]
    assert (tables["table-1"].rows, tables["table-1"].left_out) == (ROWS, 0)
    assert (tables["table-0"].rows, tables["table-0"].left_out) == (ROWS[:1], 2002)
    assert looked_at == [(None, Progress(40.0, "4 of 10 read"))]
    assert progress_of(client, run) is None, "it has ended"


def _this_run(client: SyncPrefectClient) -> FlowRun:
    return client.read_flow_run(flow_run.id)


def test_of_a_run_that_has_not_begun_nothing_is_read(client: SyncPrefectClient) -> None:
    @flow
    def never() -> None: ...

    run = client.create_flow_run(never, state=Scheduled())
    assert progress_of(client, run) is None
    assert tables_of(client, run) == {}


@pytest.mark.parametrize("key", ["$ref", "__prefect_kind"])
class TestReservedKeys:
    def test_no_run_is_made_of_a_request_with_such_a_key(
        self, prefect_server: PrefectServer, key: str
    ) -> None:
        request = {"action": "set-tags", "instance": "web", "tags": {key: "1"}}
        with pytest.raises(InvalidRequest, match=r"refuses the key 'tags"):
            run_here("change-instance", request)

    def test_such_a_key_in_the_journal_reaches_the_cloud_and_not_prefect(
        self, memory: MemoryAccount, key: str
    ) -> None:
        """Rows of the store are never parameters: a tag of an older version is only a tag."""
        image = memory.cloud.add(REGION, "image", "debian-12")
        spec = InstanceSpec(
            name="web", region=REGION, type="small", image=image.id, tags={key: "json"}
        )
        old = NewOperation(
            id="6f7d1b1e-52c5-5f7b-9d8e-2f6f5a0c9b11",
            subject_kind="instance",
            kind=InstanceAction.CREATE,
            credential=memory.credential,
            provider="memory",
            region=REGION,
            token="token-of-an-older-version",
            request={"spec": spec.model_dump(mode="json"), "wait_seconds": 10},
            subject_name="web",
        )
        with memory.store.writing() as connection:
            operations.journal(connection, "default", [old], run_id=None)
        assert run_here("recover-operations", {}).succeeded
        with memory.store.reading() as connection:
            ended = operations.get(connection, "default", old.id)
        assert ended.state is OperationState.SUCCEEDED
        assert ended.subject_id is not None
        made = memory.provider.get_instance(REGION, ended.subject_id)
        assert made.tags[key] == "json"
