"""Starting the process of one flow run for Prefect's runner: forked, or by its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import anyio
import anyio.abc
from prefect.client.schemas.objects import FlowRun
from prefect.logging import get_logger
from prefect.runner._control_channel import ControlChannel
from prefect.runner._process_manager import ProcessHandle, create_isolated_termination_scope
from prefect.runner._starter_engine import EngineCommandStarter

from skyclust.errors import Unavailable
from skyclust.orchestration.fork_messages import RunOrder
from skyclust.orchestration.forked_runs import ForkedProcess, ForkServer

_log = get_logger("skyclust.fork_server")


class RunStarter:
    """A `ProcessStarter` of Prefect's runner: `start` returns when the process has ended."""

    def __init__(
        self,
        forks: ForkServer | None,
        folder: Path,
        environment: Mapping[str, str],
        channel: ControlChannel,
    ) -> None:
        self._forks = forks
        self._folder = folder
        self._environment = dict(environment)
        self._channel = channel

    async def start(
        self,
        flow_run: FlowRun,
        task_status: anyio.abc.TaskStatus[ProcessHandle] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """Start the run, pass its process to `task_status`, and wait for its end."""
        process = await self._forked(flow_run)
        if process is None:
            await self._by_itself(flow_run, task_status)
            return
        scope = create_isolated_termination_scope(process.pid)
        handle = ProcessHandle(cast(anyio.abc.Process, process), termination_scope=scope)
        try:
            task_status.started(handle)
            await process.wait()
        except BaseException:
            # The worker is ending. Prefect's own starter kills the process then, too.
            if process.returncode is None:
                handle.hard_kill()
            raise

    async def _forked(self, flow_run: FlowRun) -> ForkedProcess | None:
        """Return the process of the run; None when there is no fork server for it."""
        if self._forks is None:
            return None
        environment = {
            **self._environment,
            "PREFECT__FLOW_RUN_ID": str(flow_run.id),
            # The worker runs these hooks, when it knows how the run ended.
            "PREFECT__ENABLE_CANCELLATION_AND_CRASHED_HOOKS": "false",
            **self._control(flow_run),
        }
        order = RunOrder(flow_run_id=flow_run.id, folder=self._folder, environment=environment)
        try:
            return await self._forks.fork(order)
        except Unavailable as error:
            _log.warning("Flow run %s starts by itself: %s", flow_run.id, error)
            return None

    def _control(self, flow_run: FlowRun) -> dict[str, str]:
        """Return how the run reaches the worker, which cancels it in this way."""
        try:
            port, token = self._channel.register(flow_run.id)
        except RuntimeError:
            return {}  # no port could be bound: cancelling sends a signal alone
        return {"PREFECT__CONTROL_PORT": str(port), "PREFECT__CONTROL_TOKEN": token}

    async def _by_itself(
        self, flow_run: FlowRun, task_status: anyio.abc.TaskStatus[ProcessHandle]
    ) -> None:
        """Run `python -m prefect.engine` to its end."""
        starter = EngineCommandStarter(
            cwd=self._folder,
            env=dict(self._environment),
            control_channel=self._channel,
            isolate_process_group=True,
            env_overrides_settings=True,
        )
        await starter.start(flow_run, task_status=task_status)
