"""Starting the recovery loop beside the worker."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from skyclust.embedded.environment import client_environment
from skyclust.embedded.processes import is_alive, log_tail, spawn
from skyclust.embedded.recovery_state import STATE_FILE
from skyclust.embedded.runtime import Runtime, write_runtime
from skyclust.errors import ConfigurationError


def start_recovery(home: Path, runtime: Runtime, auth_string: str | None) -> Runtime:
    """Start the recovery loop and return the installation with it; it is not waited for.

    `require_recovery` says later whether it lives.
    """
    # What an earlier loop saw must not speak for this one.
    (home / STATE_FILE).unlink(missing_ok=True)
    process = spawn(
        [sys.executable, "-m", "deployments.recovery_loop"],
        environment=client_environment(
            home, api_url=runtime.api_url, auth_string=auth_string, inherited=os.environ
        ),
        folder=home,
        log=home / "logs" / "recovery.log",
    )
    complete = runtime.model_copy(update={"recovery": process})
    write_runtime(home, complete)
    return complete


def require_recovery(runtime: Runtime) -> None:
    """Raise ConfigurationError with the end of its log when the loop that was started has died."""
    process = runtime.recovery
    if process is not None and not is_alive(process):
        raise ConfigurationError(
            f"The recovery loop ended at its start. The end of {process.log}:\n"
            f"{log_tail(process.log)}"
        )
