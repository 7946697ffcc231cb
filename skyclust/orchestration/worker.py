"""The worker: Prefect's own of the type `process`, which forks the runs of our flows from a process
that has loaded them already (decision 37).

`python -m skyclust.orchestration.worker --pool skyclust ...` takes the options of `prefect worker
start`. On another system than Linux, and for every run that is not exactly one of ours, it starts
runs as Prefect's own worker does.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
from abc import ABC
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
import anyio.abc
from prefect.cli import app
from prefect.client.schemas.objects import FlowRun
from prefect.flows import load_flow_from_flow_run
from prefect.runner._flow_run_executor import (
    FlowRunExecutionResult,
    FlowRunExecutor,
    FlowRunExecutorContext,
)
from prefect.runner._process_manager import ProcessHandle
from prefect.settings import get_current_settings
from prefect.utilities.dispatch import get_registry_for_type
from prefect.utilities.processutils import sanitize_subprocess_env
from prefect.workers.base import BaseWorker
from prefect.workers.process import ProcessJobConfiguration, ProcessWorker, ProcessWorkerResult
from pydantic import PrivateAttr

from skyclust.file_modes import keep_files_private
from skyclust.orchestration.forked_runs import ForkServer
from skyclust.orchestration.run_starter import RunStarter
from skyclust.orchestration.runs import ENTRYPOINTS
from skyclust.start_signal import WAIT_OPTION, may_begin

if TYPE_CHECKING:
    from prefect.client.schemas.responses import DeploymentResponse

TYPE: Final = "process"

RESTART_SECONDS: Final = 30.0
"""Between two starts of a fork server that ends by itself."""

COMMAND_MODULES: Final = ("prefect.cli.worker", "prefect.cli._worker_utils")
"""What `prefect worker start` imports once it is called."""

_OF_ONE_RUN: Final = "PREFECT__"
"""How the variables begin that name the run of a process."""


class RunConfiguration(ProcessJobConfiguration):
    """What a run is started with, and whether a fork server may start it."""

    _deployment: DeploymentResponse | None = PrivateAttr(default=None)

    def prepare_for_flow_run(
        self,
        flow_run: FlowRun,
        deployment: DeploymentResponse | None = None,
        *arguments: Any,
        **options: Any,
    ) -> None:
        """Keep the deployment, which decides how the run is started."""
        self._deployment = deployment
        super().prepare_for_flow_run(flow_run, deployment, *arguments, **options)

    def entrypoint(self, environment: Mapping[str, str]) -> str | None:
        """Return the entrypoint of a run of ours as it is deployed; None for every other.

        A fork has the code and the settings of `environment`: a deployment that pulls code, a job
        template that was opened, or an environment that differs needs a process of its own.
        """
        deployment = self._deployment
        if deployment is None or deployment.entrypoint not in ENTRYPOINTS.values():
            return None
        if deployment.pull_steps or deployment.path or deployment.storage_document_id:
            return None
        if self._command_configured or self.working_dir is not None or not self.stream_output:
            return None
        own = {name: value for name, value in self.env.items() if not name.startswith(_OF_ONE_RUN)}
        return deployment.entrypoint if own == dict(environment) else None


class Worker(ProcessWorker, ABC):
    """Prefect's process worker with a fork server.

    It is abstract by name only: Prefect registers an abstract class by no name, and this one must
    not take the place of Prefect's own for whoever imports it.
    """

    type = TYPE
    job_configuration = RunConfiguration

    async def setup(self) -> None:
        """Prepare to run, and start the fork server."""
        self._environment = environment_of_runs()
        self._forks = ForkServer(self._environment) if can_fork() else None
        await super().setup()

    async def teardown(self, *exc_info: Any) -> None:
        """End the runs, then the fork server."""
        try:
            await super().teardown(*exc_info)
        finally:
            if self._forks is not None:
                with anyio.CancelScope(shield=True):
                    await self._forks.aclose()

    async def run(
        self,
        flow_run: FlowRun,
        configuration: ProcessJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> ProcessWorkerResult:
        """Run a flow run in a process of its own, and return its exit code."""
        entrypoint = None
        if isinstance(configuration, RunConfiguration):
            entrypoint = configuration.entrypoint(self._environment)
        if entrypoint is None:
            return await super().run(flow_run, configuration, task_status)
        environment = sanitize_subprocess_env(
            {**configuration.env, "PREFECT__FLOW_ENTRYPOINT": entrypoint}
        )
        with tempfile.TemporaryDirectory(suffix="prefect") as folder:
            async with FlowRunExecutorContext() as context:
                forks = self._fork_server()
                starter = RunStarter(forks, Path(folder), environment, context.control_channel)
                executor = context.create_executor(
                    flow_run,
                    starter,
                    resolve_flow=load_flow_from_flow_run,
                    propose_submitting=False,
                )
                result = await _executed(executor, task_status)
        if result is None or result.status_code is None:
            raise RuntimeError("The process of the flow run did not start.")
        return ProcessWorkerResult(
            status_code=result.status_code, identifier=str(result.handle.pid)
        )

    def _fork_server(self) -> ForkServer | None:
        """Return the fork server, a new one for one that has ended."""
        forks = self._forks
        if (
            forks is not None
            and forks.is_lost
            and time.monotonic() > forks.started + RESTART_SECONDS
        ):
            self._forks = ForkServer(self._environment)
        return self._forks


async def _executed(
    executor: FlowRunExecutor, task_status: anyio.abc.TaskStatus[int] | None
) -> FlowRunExecutionResult | None:
    """Execute a run to its end; `task_status` gets the id of its process as soon as it has one."""
    results: list[FlowRunExecutionResult | None] = []

    async def execute(*, task_status: anyio.abc.TaskStatus[ProcessHandle]) -> None:
        results.append(await executor.submit(task_status=task_status))

    async with anyio.create_task_group() as group:
        handle: ProcessHandle = await group.start(execute)
        if task_status is not None and handle.pid is not None:
            task_status.started(handle.pid)
    return results[0] if results else None


def can_fork() -> bool:
    """Return whether this system can fork flow runs: macOS's own libraries break in a fork."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


def environment_of_runs() -> dict[str, str]:
    """Return the environment that a flow run has of its worker, but for what names the run."""
    everything = {
        **os.environ,
        **get_current_settings().to_environment_variables(exclude_unset=True),
    }
    return {name: value for name, value in everything.items() if not name.startswith(_OF_ONE_RUN)}


def main() -> None:
    """Run `prefect worker start` with the arguments of this process.

    With `--wait-for-start` it loads its code at once, and begins with the first line of stdin.
    """
    keep_files_private()
    if WAIT_OPTION in sys.argv:
        sys.argv.remove(WAIT_OPTION)
        for module in COMMAND_MODULES:
            importlib.import_module(module)
        if not may_begin():
            return
    registry = cast("dict[str, type[Any]]", get_registry_for_type(BaseWorker))
    registry[TYPE] = Worker
    sys.argv[1:] = ["worker", "start", "--type", TYPE, *sys.argv[1:]]
    app()


if __name__ == "__main__":
    main()
